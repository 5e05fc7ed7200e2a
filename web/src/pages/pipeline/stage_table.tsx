// The stages in words and numbers.
import type { Pipeline, Stage } from "../../api/types";
import { type Column, DataTable } from "../../components/data_table";
import { Badge, type Tone } from "../../components/tag";
import { UNKNOWN, count, duration, percent, rate } from "../../format";
import { STATES } from "./picture";

const TONES: Record<Stage["state"], Tone> = { ok: "good", slow: "high", waiting: "medium", unknown: "plain" };

const COLUMNS: readonly Column<Stage>[] = [
  { key: "label", title: "Stage", tight: true, render: (stage) => stage.label },
  {
    key: "state",
    title: "State",
    tight: true,
    render: (stage) => <Badge tone={TONES[stage.state]}>{STATES[stage.state]}</Badge>,
  },
  {
    key: "rate",
    title: "Per second",
    number: true,
    tight: true,
    narrow: "labelled",
    render: (stage) => rate(stage.per_second),
  },
  {
    key: "time",
    title: "Time a batch",
    number: true,
    tight: true,
    narrow: "labelled",
    render: (stage) =>
      stage.seconds_per_batch === null ? UNKNOWN : duration(stage.seconds_per_batch * 1000),
  },
  {
    key: "share",
    title: "Share",
    number: true,
    tight: true,
    narrow: "labelled",
    render: (stage) => percent(stage.share),
  },
  {
    key: "backlog",
    title: "Waiting",
    number: true,
    tight: true,
    narrow: "labelled",
    render: (stage) => count(stage.backlog),
  },
  {
    key: "detail",
    title: "What it is",
    narrow: "wide",
    render: (stage) => <span class="muted">{stage.detail}</span>,
  },
];

export function StageTable({ pipeline }: { pipeline: Pipeline }) {
  return <DataTable label="Stages" columns={COLUMNS} rows={pipeline.stages} rowKey={(stage) => stage.name} />;
}
