// Records as rows: where each lies, and the begin of its value.
import type { TopicRecord } from "../../api/types";
import { type Column, DataTable } from "../../components/data_table";
import { EventText } from "../../components/event_text";
import { UNKNOWN, bytes, clock, count, time } from "../../format";
import { search } from "../../router";
import { cut } from "../../text";
import { Gist } from "./gist";
import { openRecord } from "./controls";
import { keyOf } from "./tail";

const COLUMNS: readonly Column<TopicRecord>[] = [
  {
    key: "time",
    title: "Time (UTC)",
    tight: true,
    render: (row) => <span title={time(row.timestamp)}>{clock(row.timestamp, 3)}</span>,
  },
  {
    key: "partition",
    title: "Partition",
    number: true,
    tight: true,
    narrow: "labelled",
    render: (row) => row.partition,
  },
  {
    key: "offset",
    title: "Offset",
    number: true,
    tight: true,
    narrow: "labelled",
    render: (row) => count(row.offset),
  },
  {
    key: "key",
    title: "Key",
    tight: true,
    narrow: "labelled",
    render: (row) => (row.key === null ? UNKNOWN : <EventText value={cut(row.key, 40)} mono />),
  },
  {
    key: "value",
    title: "Value",
    grow: true,
    narrow: "wide",
    render: (row) => <Begin record={row} />,
  },
  {
    key: "size",
    title: "Size",
    number: true,
    tight: true,
    narrow: "hidden",
    render: (row) => bytes(row.value_bytes),
  },
];

export function RecordTable({ rows, stale }: { rows: readonly TopicRecord[]; stale: boolean }) {
  return (
    <DataTable
      label="Records"
      columns={COLUMNS}
      rows={rows}
      rowKey={keyOf}
      onOpen={(row) => openRecord(keyOf(row))}
      openKey={search.value.get("record")}
      stale={stale}
    />
  );
}

function Begin({ record }: { record: TopicRecord }) {
  if (record.value === null) return <span class="muted">null: a tombstone</span>;
  if (record.encoding === "base64") return <span class="muted">no text: {bytes(record.value_bytes)}</span>;
  return <Gist value={record.value} />;
}
