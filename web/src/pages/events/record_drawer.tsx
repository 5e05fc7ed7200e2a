// All of one record: where it lies, its headers, its value.
import { get, url } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Records, TopicRecord } from "../../api/types";
import { Drawer } from "../../components/drawer";
import { EventText } from "../../components/event_text";
import { Answer, Empty } from "../../components/states";
import { UNKNOWN, bytes, count, time } from "../../format";
import { search } from "../../router";
import { goTo, openRecord } from "./controls";
import { keyOf } from "./tail";
import { Value } from "./value";

/** Open while the address names a record; one that is not among the rows is asked for. */
export function RecordDrawer({ topic, known }: { topic: string; known: readonly TopicRecord[] }) {
  const key = search.value.get("record");
  const match = /^(\d+):(\d+)$/.exec(key ?? "");
  const found = known.find((record) => keyOf(record) === key);
  const asked = url(`/api/topics/${encodeURIComponent(topic)}/records`, {
    from: match?.[2] ?? 0,
    partition: match?.[1] ?? 0,
    limit: 1,
  });
  const answer = useResource(match && !found ? asked : null, (abort) => get<Records>(asked, {}, abort));
  if (!match) return null;
  const [partition, offset] = [Number(match[1]), Number(match[2])];
  return (
    <Drawer
      label={`Record ${offset} of partition ${partition}`}
      title={`Offset ${count(offset)}`}
      about={
        <p class="muted">
          {topic}, partition {partition}
        </p>
      }
      onClose={() => openRecord(null)}
    >
      {found ? (
        <Whole record={found} />
      ) : (
        <Answer of={answer} lines={5}>
          {(records) => {
            const record = records.records.find((one) => one.offset === offset);
            return record ? (
              <Whole record={record} />
            ) : (
              <Empty title="It is not in the topic">
                Kafka keeps records for a time only, or it is yet to come.
              </Empty>
            );
          }}
        </Answer>
      )}
    </Drawer>
  );
}

function Whole({ record }: { record: TopicRecord }) {
  return (
    <div class="stack">
      <dl class="facts">
        <dt>Time (UTC)</dt>
        <dd>{time(record.timestamp)}</dd>
        <dt>Key</dt>
        <dd>{record.key === null ? UNKNOWN : <EventText value={record.key} mono />}</dd>
        <dt>Size</dt>
        <dd>{bytes(record.value_bytes)}</dd>
      </dl>
      <section>
        <h3>Headers</h3>
        <Headers headers={record.headers} />
      </section>
      <section>
        <h3>Value</h3>
        <Value {...record} />
      </section>
      <div class="row">
        <button
          type="button"
          class="button"
          onClick={() => goTo(record.topic, record.partition, Math.max(0, record.offset - 25))}
        >
          Show the records around it
        </button>
      </div>
    </div>
  );
}

function Headers({ headers }: { headers: TopicRecord["headers"] }) {
  if (headers.length === 0) return <p class="muted">None.</p>;
  return (
    <dl class="facts">
      {headers.map(([name, value]) => (
        <>
          <dt>
            <EventText value={name} max={100} mono />
          </dt>
          <dd>{value === null ? UNKNOWN : <EventText value={value} mono />}</dd>
        </>
      ))}
    </dl>
  );
}
