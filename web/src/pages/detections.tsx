// Detections: a table that narrows by time, level, ATT&CK, rule, host, user and text, and a drawer for each.
import { useEffect, useRef, useState } from "preact/hooks";

import { get, url, type Query } from "../api/client";
import { useResource } from "../api/resource";
import { Pager, usePaging } from "../components/data_table";
import { Choices } from "../components/filter_bar";
import { Icon } from "../components/icon";
import { PageHead, Panel } from "../components/panel";
import { Answer, Empty } from "../components/states";
import { count, plural } from "../format";
import { useShortcuts } from "../keyboard";
import { navigate, setSearch, withSearch } from "../router";
import type { PageProps } from "../shell/routes";
import { DetectionDrawer } from "./detections/detection_drawer";
import { DetectionTable } from "./detections/detection_table";
import { FilterPanel } from "./detections/filter_panel";
import { asQuery, CLEARED, filterCount, GROUPINGS, readFilters, readGrouping } from "./detections/filters";
import { GroupTable } from "./detections/group_table";
import { Histogram } from "./detections/histogram";
import type { DetectionPage, GroupBy, HistogramData } from "./detections/types";
import "./detections/detections.css";

const ROWS = 50;
const BUCKETS = 72;
const READING_MS = 2_000;
const NEWER_MS = 10_000;

/** The page; with a detection's id behind its path the drawer is open. */
export function DetectionsPage({ rest }: PageProps) {
  const filters = readFilters();
  const by = readGrouping();
  const [now, setNow] = useState(Date.now);
  const query = asQuery(filters, now);
  const refresh = (): void => setNow(Date.now());
  useShortcuts([{ keys: "r", does: "Look for newer detections", run: refresh }]);

  const table = useTable(query, now);
  useAgain(table.found.data?.taking_in ? READING_MS : 0, refresh);
  const rows = table.found.data?.rows ?? [];
  const titles = new Map(rows.map((row) => [row.rule_id, row.rule_title]));
  return (
    <>
      <PageHead title="Detections">
        <span class="muted wide-only" aria-hidden="true">
          Group by
        </span>
        <Choices
          label="Group by"
          value={by ?? "nothing"}
          options={[
            { value: "nothing", label: "Nothing" },
            ...GROUPINGS.map(([value, label]) => ({ value, label })),
          ]}
          onChoose={(value: GroupBy | "nothing") =>
            setSearch({ by: value === "nothing" ? null : value }, { push: true })
          }
        />
        <RefreshButton
          query={query}
          shown={by === null && !table.found.loading ? table.found.data : null}
          onRefresh={refresh}
        />
      </PageHead>
      <div class="stack">
        <FilterPanel filters={filters} titles={titles} />
        <Standing page={table.found.data} />
        <OverTime query={query} now={now} />
        {by === null ? (
          <Table table={table} openKey={rest[0] ?? null} filtered={filterCount(filters) > 0} />
        ) : (
          <GroupTable by={by} query={query} />
        )}
      </div>
      {rest[0] !== undefined && <Open id={rest[0]} table={table} />}
    </>
  );
}

function useTable(query: Query, now: number) {
  const key = url("/api/detections", query);
  const paging = usePaging(key);
  const found = useResource(`${key} ${paging.cursor ?? ""} ${now}`, (abort) =>
    get<DetectionPage>("/api/detections", { ...query, cursor: paging.cursor, limit: ROWS }, abort),
  );
  return { paging, found };
}

interface RefreshProps {
  query: Query;
  /** The page that is shown; null where new ones are not counted. */
  shown: DetectionPage | null;
  onRefresh: () => void;
}

/** Asks now and then how many there are by now; the rows stay where they are until the reader wants the new ones. */
function RefreshButton({ query, shown, onRefresh }: RefreshProps) {
  const counts = shown !== null && shown.total_is_exact && !query["until"];
  const key = url("/api/detections", { ...query, limit: 1 });
  const load = async (abort: AbortSignal) => ({ key, ...(await get<DetectionPage>(key, {}, abort)) });
  const now = useResource(counts ? key : null, load, { refresh: NEWER_MS }).data;
  const newer = counts && now?.key === key && now.total_is_exact ? now.total - shown.total : 0;
  return (
    <button
      type="button"
      class={newer > 0 ? "button primary" : "button"}
      title="Look for newer detections (r)"
      onClick={onRefresh}
    >
      {newer > 0 ? `Show ${count(newer)} new` : "Refresh"}
    </button>
  );
}

/** Call `again` each so many milliseconds; 0 is never. */
function useAgain(milliseconds: number, again: () => void): void {
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    if (milliseconds === 0) return;
    const timer = setInterval(() => document.hidden || latest.current(), milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
}

type TableState = ReturnType<typeof useTable>;

const address = (id: string): string => withSearch({}, `/detections/${encodeURIComponent(id)}`);

function Table({
  table,
  openKey,
  filtered,
}: {
  table: TableState;
  openKey: string | null;
  filtered: boolean;
}) {
  const { found, paging } = table;
  return (
    <Panel flush>
      <Answer of={found} lines={10}>
        {(page) =>
          page.rows.length === 0 ? (
            <None filtered={filtered} />
          ) : (
            <>
              <DetectionTable
                rows={page.rows}
                onOpen={(row) => navigate(address(row.detection_id), { replace: openKey !== null })}
                openKey={openKey}
                stale={found.loading}
              />
              <Pager
                paging={paging}
                next={page.next}
                shown={page.rows.length}
                total={page.total}
                exact={page.total_is_exact}
              />
            </>
          )
        }
      </Answer>
    </Panel>
  );
}

/** What the reader should know of the results themselves: they are still being read, or cannot be. */
function Standing({ page }: { page: DetectionPage | null }) {
  if (page?.trouble) {
    return (
      <div class="notice bad" role="alert">
        <Icon name="warning" />
        <div>New results are not taken in: {page.trouble}</div>
      </div>
    );
  }
  if (!page?.taking_in) return null;
  const { read, files } = page.taking_in;
  return (
    <div class="notice" role="status">
      <Icon name="down" />
      <div>
        The results are being read: {count(read)} of {plural(files, "file")}. What has been read is shown.
      </div>
    </div>
  );
}

function None({ filtered }: { filtered: boolean }) {
  if (!filtered) {
    return (
      <Empty title="Nothing was detected yet">
        Detections appear as soon as <code>tocsin detect</code> has judged events; <code>tocsin demo</code>{" "}
        makes some up.
      </Empty>
    );
  }
  return (
    <Empty title="No detection is let through by these filters">
      <button type="button" class="button" onClick={() => setSearch(CLEARED, { push: true })}>
        <Icon name="close" size={12} /> Clear all filters
      </button>
    </Empty>
  );
}

function OverTime({ query, now }: { query: Query; now: number }) {
  const key = url("/api/detections/histogram", { ...query, buckets: BUCKETS });
  const found = useResource(`${key} ${now}`, (abort) => get<HistogramData>(key, {}, abort));
  if (found.data !== null && found.data.rows.length === 0) return null;
  return (
    <Panel>
      <Answer of={found} lines={3}>
        {(data) => (
          <div class={found.loading ? "stale" : undefined}>
            <Histogram
              data={data}
              buckets={BUCKETS}
              onRange={(since, until) =>
                setSearch(
                  { range: null, since: new Date(since).toISOString(), until: new Date(until).toISOString() },
                  { push: true },
                )
              }
            />
          </div>
        )}
      </Answer>
    </Panel>
  );
}

/** The drawer, and the ways from it to the rows before and after. */
function Open({ id, table }: { id: string; table: TableState }) {
  const rows = table.found.data?.rows ?? [];
  const at = rows.findIndex((row) => row.detection_id === id);
  const step = (to: number): (() => void) | undefined => {
    const row = at < 0 ? undefined : rows[to];
    return row && (() => navigate(address(row.detection_id), { replace: true }));
  };
  return (
    <DetectionDrawer
      id={id}
      known={rows[at]}
      onClose={() => navigate(withSearch({ part: null }, "/detections"))}
      onStep={{ back: step(at - 1), on: step(at + 1) }}
    />
  );
}
