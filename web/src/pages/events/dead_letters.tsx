// The records that could be no events, with the reason of each.
import { get, url } from "../../api/client";
import { useResource } from "../../api/resource";
import type { DeadLetter, Page } from "../../api/types";
import { type Column, DataTable, Pager, usePaging } from "../../components/data_table";
import { Drawer } from "../../components/drawer";
import { EventText } from "../../components/event_text";
import { SearchField } from "../../components/filter_bar";
import { Answer, Empty } from "../../components/states";
import { Badge } from "../../components/tag";
import { bytes, count, time } from "../../format";
import { search, setSearch } from "../../router";
import { openRecord } from "./controls";
import { Value } from "./value";

const LIMIT = 50;
const REFRESH_MS = 10_000;

interface Answered extends Page<DeadLetter> {
  reasons: Record<string, number>;
}

export function DeadLetters() {
  const reason = search.value.get("reason");
  const q = search.value.get("q");
  const paging = usePaging(`${reason} ${q}`);
  const asked = url("/api/dead-letters", { reason, q, cursor: paging.cursor, limit: LIMIT });
  const letters = useResource(asked, (abort) => get<Answered>(asked, {}, abort), { refresh: REFRESH_MS });
  const open = letters.data?.rows.find((row) => keyOf(row) === search.value.get("record"));
  return (
    <section class="panel" aria-label="Dead letters">
      <Answer of={letters} lines={6}>
        {(data) => (
          <>
            <div class="events-controls">
              <Reasons reasons={data.reasons} chosen={reason} />
              <SearchField label="Search in dead letters" />
            </div>
            {data.rows.length ? (
              <DataTable
                label="Dead letters"
                columns={COLUMNS}
                rows={data.rows}
                rowKey={keyOf}
                onOpen={(row) => openRecord(keyOf(row))}
                openKey={search.value.get("record")}
              />
            ) : (
              <Empty title={reason || q ? "Nothing found" : "No dead letters"}>
                {reason || q ? null : "Every record that came was an event."}
              </Empty>
            )}
            <Pager paging={paging} next={data.next} shown={data.rows.length} />
          </>
        )}
      </Answer>
      {open ? <Letter letter={open} /> : null}
    </section>
  );
}

const keyOf = (letter: DeadLetter) => `${letter.topic}:${letter.partition}:${letter.offset}`;

const COLUMNS: readonly Column<DeadLetter>[] = [
  { key: "time", title: "Stored (UTC)", tight: true, render: (row) => time(row.stored_time) },
  {
    key: "reason",
    title: "Reason",
    tight: true,
    render: (row) => <Badge tone="high">{words(row.reason)}</Badge>,
  },
  {
    key: "value",
    title: "Value",
    grow: true,
    narrow: "wide",
    render: (row) =>
      row.value === null ? (
        <span class="muted">nothing was kept of it, or it was null</span>
      ) : (
        <EventText
          value={row.encoding === "base64" ? `no text: ${bytes(row.value_bytes)}` : row.value}
          max={300}
          oneLine
          mono
        />
      ),
  },
  {
    key: "place",
    title: "Partition and offset",
    tight: true,
    render: (row) => (
      <span class="muted">
        {row.partition} : {count(row.offset)}
      </span>
    ),
  },
  {
    key: "replayed",
    title: "Sent again",
    tight: true,
    render: (row) => (row.replayed_time ? <Badge tone="good">sent again</Badge> : null),
  },
];

function Reasons({ reasons, chosen }: { reasons: Record<string, number>; chosen: string | null }) {
  const all = Object.entries(reasons).sort(([, one], [, other]) => other - one);
  return (
    <div class="row" role="group" aria-label="Reasons">
      {all.map(([reason, found]) => (
        <button
          type="button"
          class="button"
          key={reason}
          aria-pressed={reason === chosen}
          onClick={() => setSearch({ reason: reason === chosen ? null : reason }, { push: true })}
        >
          {words(reason)} <span class="muted">{count(found)}</span>
        </button>
      ))}
    </div>
  );
}

function Letter({ letter }: { letter: DeadLetter }) {
  return (
    <Drawer
      label={`Dead letter: ${words(letter.reason)}`}
      title={words(letter.reason)}
      about={letter.detail ? <EventText value={letter.detail} /> : null}
      onClose={() => openRecord(null)}
    >
      <div class="stack">
        <dl class="facts">
          <dt>Where</dt>
          <dd>
            <a
              href={`/events?topic=${encodeURIComponent(letter.topic)}&partition=${letter.partition}&from=${letter.offset}&record=${letter.partition}:${letter.offset}`}
            >
              {letter.topic}, partition {letter.partition}, offset {count(letter.offset)}
            </a>
          </dd>
          <dt>Sent (UTC)</dt>
          <dd>{time(letter.record_time)}</dd>
          <dt>Stored (UTC)</dt>
          <dd>{time(letter.stored_time)}</dd>
          <dt>Sent again</dt>
          <dd>{letter.replayed_time ? time(letter.replayed_time) : "no"}</dd>
          <dt>Size</dt>
          <dd>{bytes(letter.value_bytes)}</dd>
        </dl>
        <section>
          <h3>Value</h3>
          <Value {...letter} />
        </section>
        <p class="muted">
          Mended or not, <code>tocsin dead-letters replay</code> sends them again, each once.
        </p>
      </div>
    </Drawer>
  );
}

const words = (reason: string) => reason.replaceAll("_", " ");
