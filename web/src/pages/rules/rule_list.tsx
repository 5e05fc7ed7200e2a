// The load report: every rule that was found, whether it runs, what it found, when it last fired.
import { get, url } from "../../api/client";
import { useResource } from "../../api/resource";
import { LEVELS } from "../../api/types";
import { DataTable, Pager, usePaging, type Column } from "../../components/data_table";
import { FilterBar, type FilterField } from "../../components/filter_bar";
import { Icon } from "../../components/icon";
import { PageHead, Panel } from "../../components/panel";
import { Answer, Empty } from "../../components/states";
import { LevelTag } from "../../components/tag";
import { ago, count, time, UNKNOWN } from "../../format";
import { navigate, search, setSearch } from "../../router";
import { StandingTag } from "./standing";
import type { RulePage, RuleRow } from "./types";

const ROWS = 100;
const NAMES = ["q", "status", "level", "fired"] as const;

const FIELDS: FilterField[] = [
  { name: "level", label: "Level", options: LEVELS.map((value) => ({ value, label: value })) },
];

/** The page of all rules. */
export function RuleList() {
  const query = Object.fromEntries(NAMES.map((name) => [name, search.value.get(name)]));
  const key = url("/api/rules", query);
  const paging = usePaging(key);
  const found = useResource(`${key} ${paging.cursor ?? ""}`, (abort) =>
    get<RulePage>("/api/rules", { ...query, cursor: paging.cursor, limit: ROWS }, abort),
  );
  return (
    <>
      <PageHead title="Rules">
        <a class="button primary" href="/rules/test">
          Try an event
        </a>
      </PageHead>
      <div class="stack">
        {found.data && <Totals totals={found.data.totals} />}
        <FilterBar fields={FIELDS} searchLabel="Search title, id, technique" />
        <Panel flush>
          <Answer of={found} lines={10}>
            {(page) =>
              page.rows.length === 0 ? (
                <Empty title="No rule is like that">
                  <a href="/rules">Show all rules</a>
                </Empty>
              ) : (
                <>
                  <DataTable
                    label="Rules"
                    columns={columns(Math.max(1, ...page.rows.map((row) => row.matches)))}
                    rows={page.rows}
                    rowKey={(row) => row.id}
                    onOpen={(row) => navigate(address(row.id))}
                    stale={found.loading}
                  />
                  <Pager paging={paging} next={page.next} shown={page.rows.length} />
                </>
              )
            }
          </Answer>
        </Panel>
      </div>
    </>
  );
}

const address = (id: string): string => `/rules/${encodeURIComponent(id)}`;

type Choice = { words: string; number: number; status?: string; fired?: string };

/** The counts of the report; each of them narrows the list to what it counts. */
function Totals({ totals }: { totals: RulePage["totals"] }) {
  const choices: Choice[] = [
    { words: "loaded", number: totals.ok, status: "ok" },
    { words: "unsupported", number: totals.unsupported, status: "unsupported" },
    { words: "invalid", number: totals.invalid, status: "invalid" },
    { words: "fired", number: totals.fired, fired: "true" },
    { words: "never fired", number: totals.never_fired, fired: "false" },
  ];
  const [status, fired] = [search.value.get("status") ?? undefined, search.value.get("fired") ?? undefined];
  return (
    <div class="rule-totals" role="group" aria-label="Narrow to">
      {choices.map((one) => {
        const pressed = one.status ? one.status === status : one.fired === fired;
        const change = one.status
          ? { status: pressed ? null : one.status }
          : { fired: pressed ? null : (one.fired ?? null) };
        return (
          <button
            key={one.words}
            type="button"
            class={one.status && one.status !== "ok" && one.number > 0 ? "rule-total warn" : "rule-total"}
            aria-pressed={pressed}
            onClick={() => setSearch(change, { push: true })}
          >
            <b>{count(one.number)}</b>
            <span>
              {one.status && one.status !== "ok" && one.number > 0 && <Icon name="warning" size={12} />}{" "}
              {one.words}
            </span>
          </button>
        );
      })}
    </div>
  );
}

function columns(most: number): Column<RuleRow>[] {
  return [
    { key: "status", title: "Status", tight: true, render: (row) => <StandingTag standing={row.status} /> },
    {
      key: "level",
      title: "Level",
      tight: true,
      render: (row) => (row.level ? <LevelTag level={row.level} /> : <span class="muted">{UNKNOWN}</span>),
    },
    { key: "title", title: "Rule", narrow: "wide", render: (row) => <Name row={row} /> },
    {
      key: "techniques",
      title: "ATT&CK",
      tight: true,
      render: (row) => <span class="mono muted">{some(row.techniques)}</span>,
    },
    {
      key: "matches",
      title: "Matches",
      narrow: "labelled",
      render: (row) => <Matches row={row} most={most} />,
    },
    {
      key: "last",
      title: "Last fired",
      tight: true,
      narrow: "labelled",
      render: (row) => (
        <span title={time(row.last_fired)}>{row.last_fired ? ago(row.last_fired) : "never"}</span>
      ),
    },
  ];
}

function some(ids: string[]): string {
  if (ids.length === 0) return UNKNOWN;
  return ids.length > 1 ? `${ids[0]} +${ids.length - 1}` : (ids[0] ?? "");
}

function Name({ row }: { row: RuleRow }) {
  return (
    <div class="rule-name">
      <span class="detection-title">{row.title ?? row.file ?? row.id}</span>
      <span class="muted">{row.reason ?? row.logsource}</span>
    </div>
  );
}

function Matches({ row, most }: { row: RuleRow; most: number }) {
  const share = Math.log(row.matches + 1) / Math.log(most + 1);
  return (
    <span class="share">
      <span class={row.matches > 0 ? "number" : "number muted"}>{count(row.matches)}</span>
      <svg width="100%" height="8" aria-hidden="true">
        <rect class="share-bar" width={`${share * 100}%`} height="8" rx="2" />
      </svg>
    </span>
  );
}
