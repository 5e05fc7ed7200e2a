// Detections put together by what they share; a row leads to those that make it up.
import { get, url, type Query } from "../../api/client";
import { useResource } from "../../api/resource";
import { DataTable, Pager, usePaging, type Column } from "../../components/data_table";
import { EventText } from "../../components/event_text";
import { Panel } from "../../components/panel";
import { Answer, Empty } from "../../components/states";
import { LevelTag } from "../../components/tag";
import { ago, count, time } from "../../format";
import { setSearch } from "../../router";
import type { Group, GroupBy } from "./types";

const TITLES: Record<GroupBy, string> = { rule: "Rule", host: "Host", user: "User", technique: "Technique" };

/** A page of groups, the largest first. */
export function GroupTable({ by, query }: { by: GroupBy; query: Query }) {
  const key = url("/api/detections/groups", { ...query, by });
  const paging = usePaging(key);
  const found = useResource(`${key} ${paging.cursor ?? ""}`, (abort) =>
    get<{ rows: Group[]; next: string | null }>(
      "/api/detections/groups",
      { ...query, by, cursor: paging.cursor, limit: 50 },
      abort,
    ),
  );
  return (
    <Panel flush>
      <Answer of={found} lines={8}>
        {({ rows, next }) =>
          rows.length === 0 ? (
            <Empty title="Nothing to put together">No detection is let through by the filters.</Empty>
          ) : (
            <>
              <DataTable
                label={`Detections by ${by}`}
                columns={columns(by, Math.max(...rows.map((row) => row.count)))}
                rows={rows}
                rowKey={(row) => row.key ?? ""}
                onOpen={(row) => row.key && setSearch({ by: null, [by]: row.key }, { push: true })}
                stale={found.loading}
              />
              <Pager paging={paging} next={next} shown={rows.length} />
            </>
          )
        }
      </Answer>
    </Panel>
  );
}

function columns(by: GroupBy, most: number): Column<Group>[] {
  const all: Column<Group>[] = [
    { key: "title", title: TITLES[by], narrow: "wide", render: (row) => <Name row={row} by={by} /> },
    { key: "level", title: "Highest level", tight: true, render: (row) => <LevelTag level={row.level} /> },
    { key: "count", title: "Detections", narrow: "beside", render: (row) => <Share row={row} most={most} /> },
    {
      key: "hosts",
      title: "Hosts",
      number: true,
      tight: true,
      narrow: "labelled",
      render: (row) => count(row.hosts),
    },
    {
      key: "first",
      title: "First seen (UTC)",
      tight: true,
      narrow: "hidden",
      render: (row) => <span class="mono">{time(row.first_seen)}</span>,
    },
    {
      key: "last",
      title: "Last seen",
      tight: true,
      narrow: "labelled",
      render: (row) => <span title={time(row.last_seen)}>{ago(row.last_seen)}</span>,
    },
  ];
  return by === "host" ? all.filter((column) => column.key !== "hosts") : all;
}

function Name({ row, by }: { row: Group; by: GroupBy }) {
  if (!row.key) return <span class="muted">none named</span>;
  return (
    <>
      {by === "technique" && <code class="group-id">{row.key}</code>}
      <EventText value={row.title || row.key} max={200} />
    </>
  );
}

function Share({ row, most }: { row: Group; most: number }) {
  return (
    <span class="share">
      <span class="number">{count(row.count)}</span>
      <svg width="100%" height="8" aria-hidden="true">
        <rect class="share-bar" width={`${(row.count / most) * 100}%`} height="8" rx="2" />
      </svg>
    </span>
  );
}
