// Detections as a table, newest first; used by the page and, shorter, by the page of a rule.
import type { Detection } from "../../api/types";
import { DataTable, type Column } from "../../components/data_table";
import { EventText } from "../../components/event_text";
import { LevelTag } from "../../components/tag";
import { time, UNKNOWN } from "../../format";
import { cut } from "../../text";

const COLUMNS: Column<Detection>[] = [
  {
    key: "time",
    title: "Time (UTC)",
    tight: true,
    render: (row) => <span class="mono">{time(row.timestamp)}</span>,
  },
  { key: "level", title: "Level", tight: true, render: (row) => <LevelTag level={row.level} /> },
  { key: "title", title: "Detection", narrow: "wide", render: (row) => <What row={row} /> },
  {
    key: "matched",
    title: "Matched",
    narrow: "wide",
    render: (row) => (
      <div class="detection-what">
        <EventText value={telling(row)} oneLine mono max={300} />
      </div>
    ),
  },
  { key: "techniques", title: "ATT&CK", tight: true, render: (row) => <Techniques of={row} /> },
  { key: "host", title: "Host", render: (row) => <Value text={row.host} /> },
  { key: "user", title: "User", render: (row) => <Value text={row.user} /> },
];

/** Columns that say nothing new beside others. */
const BY_RULE = ["level", "title", "techniques", "user"];
const BY_ITSELF = ["matched"];

interface Props {
  rows: Detection[];
  onOpen: (row: Detection) => void;
  openKey?: string | null;
  stale?: boolean;
  label?: string;
  /** All rows are of one rule: what that has made the same is left out. */
  ofOneRule?: boolean;
}

/** A table whose rows open. */
export function DetectionTable({ rows, onOpen, openKey, stale, label = "Detections", ofOneRule }: Props) {
  return (
    <DataTable
      label={label}
      columns={COLUMNS.filter((column) => !(ofOneRule ? BY_RULE : BY_ITSELF).includes(column.key))}
      rows={rows}
      rowKey={(row) => row.detection_id}
      onOpen={onOpen}
      openKey={openKey}
      stale={stale}
    />
  );
}

function What({ row }: { row: Detection }) {
  return (
    <div class="detection-what">
      <span class="detection-title">{row.rule_title}</span>
      <span class="detection-matched">
        <EventText value={telling(row)} oneLine mono max={300} />
      </span>
    </div>
  );
}

/** The matched value that says most: the longest, as a command line is beside the name of a program. */
function telling(row: Detection): string {
  const values = Object.values(row.matched).flat();
  const longest = values.reduce((best, one) => (one.length > best.length ? one : best), "");
  return cut(longest || (row.event_type ?? ""), 1_000);
}

const SHOWN = 1;

function Techniques({ of }: { of: Detection }) {
  if (of.techniques.length === 0) return <span class="muted">{UNKNOWN}</span>;
  const more = of.techniques.length - SHOWN;
  return (
    <span class="techniques" title={of.techniques.join(", ")}>
      {of.techniques.slice(0, SHOWN).map((id) => (
        <span key={id} class="tag plain mono">
          {id}
        </span>
      ))}
      {more > 0 && <span class="muted">+{more}</span>}
    </span>
  );
}

function Value({ text }: { text: string | null }) {
  return (
    <span class="detection-who">
      {text ? <EventText value={text} oneLine max={120} /> : <span class="muted">{UNKNOWN}</span>}
    </span>
  );
}
