// The records of one topic: from its end with what comes in, from its begin, or from an offset.
import { useState } from "preact/hooks";

import { get, url } from "../../api/client";
import { useResource } from "../../api/resource";
import { type StreamState, useStream } from "../../api/stream";
import type { Records as Answered, Topic, TopicRecord } from "../../api/types";
import { SearchField } from "../../components/filter_bar";
import { Icon } from "../../components/icon";
import { Answer, Empty, Failed } from "../../components/states";
import { Dot } from "../../components/tag";
import { count, plural } from "../../format";
import { useShortcuts } from "../../keyboard";
import { search, setSearch } from "../../router";
import { From, PartitionChoice } from "./controls";
import { RecordDrawer } from "./record_drawer";
import { RecordTable } from "./record_table";
import { type Tail, type Tailed, NOTHING, keyOf, withNewer } from "./tail";

const LIMIT = 50;

/** What is read, as the address has it. */
function reading() {
  const query = search.value;
  return { from: query.get("from") ?? "latest", partition: query.get("partition"), q: query.get("q") ?? "" };
}

export function Records({ topic, about }: { topic: string; about: Topic | undefined }) {
  const { from, partition, q } = reading();
  const path = `/api/topics/${encodeURIComponent(topic)}`;
  const asked = url(`${path}/records`, { from, partition, limit: LIMIT, q });
  const records = useResource(asked, (abort) => get<Answered>(asked, {}, abort));
  const [paused, setPaused] = useState(false);
  const [tail, setTail] = useState<{ of: string; tail: Tail }>({ of: asked, tail: NOTHING });
  const newer = tail.of === asked ? tail.tail : NOTHING;
  const follows = from === "latest";
  const state = useStream<Tailed>(
    follows && !paused ? url(`${path}/tail`, { q }) : null,
    "records",
    (found) =>
      setTail((old) => ({
        of: asked,
        tail: withNewer(old.of === asked ? old.tail : NOTHING, found, partition),
      })),
  );
  useShortcuts(follows ? [{ keys: "p", does: "Pause, or go on", run: () => setPaused(!paused) }] : []);

  return (
    <section class="panel" aria-label={`Records of ${topic}`}>
      <div class="events-controls">
        <From topic={topic} from={from} />
        <PartitionChoice partitions={about?.partitions ?? 0} chosen={partition} />
        <SearchField label="Search in values, keys and headers" />
        {follows ? <Follow state={state} paused={paused} onPause={() => setPaused(!paused)} /> : null}
      </div>
      {newer.problem ? <Failed error={newer.problem} /> : null}
      {newer.dropped ? (
        <p class="events-note muted">
          {plural(newer.dropped, "record")} came faster than anybody can read, and{" "}
          {newer.dropped === 1 ? "is" : "are"} not shown.
        </p>
      ) : null}
      <Answer of={records} lines={6}>
        {(answer) => (
          <Shown
            answer={answer}
            rows={follows ? together(newer.records, answer.records) : answer.records}
            stale={records.loading}
            q={q}
          />
        )}
      </Answer>
      {!follows && records.data ? <Further answer={records.data} partition={partition} /> : null}
      <RecordDrawer topic={topic} known={[...newer.records, ...(records.data?.records ?? [])]} />
    </section>
  );
}

function Shown({
  answer,
  rows,
  stale,
  q,
}: {
  answer: Answered;
  rows: readonly TopicRecord[];
  stale: boolean;
  q: string;
}) {
  if (rows.length === 0) {
    return q ? (
      <Empty title="Nothing found">
        {plural(answer.searched, "record")} looked at{answer.complete ? "" : ", not all that there are"}. Give
        an offset to look elsewhere.
      </Empty>
    ) : (
      <Empty title="No record here">Those that come appear by themselves.</Empty>
    );
  }
  return (
    <>
      {q && !answer.complete ? (
        <p class="events-note muted">
          Found in {count(answer.searched)} records; there are more that were not looked at.
        </p>
      ) : null}
      <RecordTable rows={rows} stale={stale} />
    </>
  );
}

const STATES: Record<StreamState, { dot: "good" | "busy" | "off"; text: string }> = {
  connecting: { dot: "busy", text: "Connecting" },
  open: { dot: "good", text: "Following" },
  reconnecting: { dot: "busy", text: "Reconnecting" },
  paused: { dot: "off", text: "Paused" },
};

function Follow({ state, paused, onPause }: { state: StreamState; paused: boolean; onPause: () => void }) {
  return (
    <span class="row end">
      <span class="row muted" role="status">
        <Dot state={STATES[state].dot} />
        {STATES[state].text}
      </span>
      <button type="button" class="button" aria-pressed={paused} title="Pause (p)" onClick={onPause}>
        <Icon name={paused ? "play" : "pause"} size={12} />
        {paused ? "Go on" : "Pause"}
      </button>
    </span>
  );
}

/** The way on: within one partition, where offsets have an order. */
function Further({ answer, partition }: { answer: Answered; partition: string | null }) {
  const first = answer.records[0]?.offset;
  const next = partition === null ? undefined : answer.at[partition];
  return (
    <div class="table-foot">
      <span>
        {partition === null
          ? "Choose a partition to read on."
          : `${plural(answer.records.length, "record")} shown`}
      </span>
      <span class="end">
        <button
          type="button"
          class="button"
          disabled={partition === null || !first}
          onClick={() => setSearch({ from: String(Math.max(0, (first ?? 0) - LIMIT)) }, { push: true })}
        >
          <Icon name="left" size={12} /> Older
        </button>
        <button
          type="button"
          class="button"
          disabled={next === undefined || answer.records.length === 0}
          onClick={() => setSearch({ from: String(next) }, { push: true })}
        >
          Newer <Icon name="right" size={12} />
        </button>
      </span>
    </div>
  );
}

/** What came in before what was there, each record once. */
function together(newer: readonly TopicRecord[], older: readonly TopicRecord[]): TopicRecord[] {
  const seen = new Set(newer.map(keyOf));
  return [...newer, ...older.filter((record) => !seen.has(keyOf(record)))];
}
