// What has come into a topic since one watches, bounded: nobody scrolls through thousands.
import { ApiError } from "../../api/client";
import type { TopicRecord } from "../../api/types";

/** One event of the stream. */
export interface Tailed {
  records: TopicRecord[];
  /** How many more came than could be looked at. */
  dropped: number;
  problem: { error: string; hint: string } | null;
}

/** The newest first. */
export interface Tail {
  records: readonly TopicRecord[];
  dropped: number;
  problem: ApiError | null;
}

export const NOTHING: Tail = { records: [], dropped: 0, problem: null };

const MOST = 250;
/** Characters of values that are held: values may be large. */
const MOST_TEXT = 8_000_000;

/** What a record is known by within its topic. */
export const keyOf = (record: TopicRecord) => `${record.partition}:${record.offset}`;

/** Return the tail with what has come, of one partition or of all. */
export function withNewer(tail: Tail, found: Tailed, partition: string | null): Tail {
  const wanted = found.records.filter((one) => partition === null || String(one.partition) === partition);
  const held: TopicRecord[] = [];
  let text = 0;
  for (const record of [...wanted.reverse(), ...tail.records]) {
    text += record.value?.length ?? 0;
    if (held.length === MOST || (text > MOST_TEXT && held.length > 0)) break;
    held.push(record);
  }
  return {
    records: held,
    dropped: tail.dropped + found.dropped,
    problem: found.problem ? new ApiError(0, found.problem.error, found.problem.hint) : null,
  };
}
