// The newest detections, each a link to all about it.
import type { Detection, Live } from "../../api/types";
import { type Column, DataTable } from "../../components/data_table";
import { EventText } from "../../components/event_text";
import { Panel } from "../../components/panel";
import { Empty } from "../../components/states";
import { LevelTag } from "../../components/tag";
import { UNKNOWN, clock } from "../../format";
import { navigate } from "../../router";

const COLUMNS: readonly Column<Detection>[] = [
  { key: "time", title: "Time (UTC)", tight: true, render: (row) => clock(row.timestamp) },
  { key: "level", title: "Level", tight: true, render: (row) => <LevelTag level={row.level} /> },
  {
    key: "rule",
    title: "Rule",
    narrow: "wide",
    render: (row) => (
      <a href={`/detections/${encodeURIComponent(row.detection_id)}`}>
        <EventText value={row.rule_title} max={120} />
      </a>
    ),
  },
  {
    key: "host",
    title: "Host",
    tight: true,
    render: (row) => (row.host ? <EventText value={row.host} max={24} oneLine /> : UNKNOWN),
  },
  {
    key: "user",
    title: "User",
    tight: true,
    render: (row) => (row.user ? <EventText value={row.user} max={24} oneLine /> : UNKNOWN),
  },
];

/** The last detections that were stored. */
export function Newest({ live }: { live: Live }) {
  return (
    <Panel title="Newest detections" end={<a href="/detections">All detections</a>} flush>
      {live.recent.length ? (
        <DataTable
          label="Newest detections"
          columns={COLUMNS}
          rows={live.recent.slice(0, 12)}
          rowKey={(row) => row.detection_id}
          onOpen={(row) => navigate(`/detections/${encodeURIComponent(row.detection_id)}`)}
        />
      ) : (
        <Empty title="No detection yet">They appear here as soon as a rule fires.</Empty>
      )}
    </Panel>
  );
}
