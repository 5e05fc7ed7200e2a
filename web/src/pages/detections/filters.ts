// What the table of detections is narrowed to. All of it lives in the address, so that a view can be sent to others.
import type { Query } from "../../api/client";
import { LEVELS, type Level } from "../../api/types";
import { search, type Change } from "../../router";
import type { GroupBy } from "./types";

/** Filters that take several values, any of which lets a detection through. */
export const MANY = ["level", "tactic", "technique", "rule", "host", "user"] as const;
export type Many = (typeof MANY)[number];

/** Stretches that end now; by what the address calls them. */
export const RANGES = [
  ["15m", "15 minutes", 15],
  ["1h", "1 hour", 60],
  ["6h", "6 hours", 360],
  ["24h", "24 hours", 1_440],
  ["7d", "7 days", 10_080],
  ["30d", "30 days", 43_200],
] as const;

export interface Filters {
  many: Record<Many, string[]>;
  q: string;
  /** A key of RANGES; empty when the time is free or given by its ends. */
  range: string;
  since: string;
  until: string;
}

/** Return what the address asks for; what it cannot mean is left out. */
export function readFilters(from: URLSearchParams = search.value): Filters {
  const many = Object.fromEntries(MANY.map((name) => [name, from.getAll(name)])) as Filters["many"];
  many.level = many.level.filter((level) => LEVELS.includes(level as Level));
  const range = RANGES.some(([key]) => key === from.get("range")) ? (from.get("range") as string) : "";
  return {
    many,
    q: from.get("q") ?? "",
    range,
    since: range ? "" : moment(from.get("since")),
    until: range ? "" : moment(from.get("until")),
  };
}

function moment(text: string | null): string {
  if (!text || Number.isNaN(Date.parse(text))) return "";
  return new Date(text).toISOString();
}

/** Return the filters as the server's parameters. */
export function asQuery(filters: Filters, now: number): Query {
  const minutes = RANGES.find(([key]) => key === filters.range)?.[2];
  return {
    ...filters.many,
    q: filters.q,
    since: minutes ? new Date(now - minutes * 60_000).toISOString() : filters.since,
    until: filters.until,
  };
}

/** How many filters hold, time and text included. */
export function filterCount(filters: Filters): number {
  const several = MANY.reduce((sum, name) => sum + filters.many[name].length, 0);
  return (
    several + Number(filters.q !== "") + Number(Boolean(filters.range || filters.since || filters.until))
  );
}

/** Return the change of the address that adds a value to a filter, or takes it away if it is there. */
export function toggled(filters: Filters, name: Many, value: string): Change {
  const has = filters.many[name];
  return { [name]: has.includes(value) ? has.filter((one) => one !== value) : [...has, value] };
}

/** The change of the address that takes all filters away. */
export const CLEARED: Change = Object.fromEntries(
  [...MANY, "q", "range", "since", "until"].map((name) => [name, null]),
);

/** Ways to put detections together, as the page calls them. */
export const GROUPINGS: [GroupBy, string][] = [
  ["rule", "Rule"],
  ["host", "Host"],
  ["user", "User"],
  ["technique", "Technique"],
];

/** Return by what the address groups, or null for single detections. */
export function readGrouping(from: URLSearchParams = search.value): GroupBy | null {
  return GROUPINGS.find(([by]) => by === from.get("by"))?.[0] ?? null;
}
