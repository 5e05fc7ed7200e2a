// Made-up answers about detections, ATT&CK and rules: a few recorded rows, repeated over the last day.
import { readFileSync } from "node:fs";

import type { Detection } from "../src/api/types";
import type { Technique } from "../src/pages/attack/matrix";
import type { ExplanationRecord } from "../src/pages/detections/explanation";
import type { MockRoute } from "./server.ts";

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
const RECORDED = read<Detection[]>("./detections.json");
const { near_miss: NEAR_MISS, cases: CASES } = read<{
  near_miss: ExplanationRecord;
  cases: Record<string, { text: string; explanation: ExplanationRecord }>;
}>("./cases.json");
interface Rule {
  id: string;
  title: string;
  level: string;
  tactics: string[];
  techniques: string[];
  logsource: string;
  status: string;
  source: string;
}
const RULES = read<Rule[]>("./rules.json");
const CATALOGUE = read<{
  version: string;
  tactics: [string, string, string][];
  techniques: [string, string, string[], string | null][];
}>("../../src/tocsin/attack/enterprise-19.json");

const REPEATS = 40;
const NOW = Date.now();
const ROWS: Detection[] = Array.from({ length: REPEATS }, (_, turn) =>
  RECORDED.map((row, place) => {
    const at = new Date(NOW - (turn * RECORDED.length + place) * 31_000 - (turn % 7) * 400_000).toISOString();
    const id = turn === 0 ? row.detection_id : row.detection_id.slice(0, -3) + String(turn).padStart(3, "0");
    return { ...row, detection_id: id, timestamp: at, stored_time: at };
  }),
)
  .flat()
  .sort((a, b) => (a.timestamp! < b.timestamp! ? 1 : -1));

const inAny = (wanted: string[], has: readonly (string | null)[]): boolean =>
  wanted.length === 0 || wanted.some((one) => has.includes(one));

function filtered(query: URLSearchParams): Detection[] {
  const [since, until, q] = [query.get("since"), query.get("until"), query.get("q")?.toLowerCase()];
  return ROWS.filter(
    (row) =>
      (!since || row.timestamp! >= since) &&
      (!until || row.timestamp! < until) &&
      inAny(query.getAll("level"), [row.level]) &&
      inAny(query.getAll("tactic"), row.tactics) &&
      inAny(query.getAll("technique"), row.techniques) &&
      inAny(query.getAll("rule"), [row.rule_id]) &&
      inAny(query.getAll("host"), [row.host]) &&
      inAny(query.getAll("user"), [row.user]) &&
      (!q || JSON.stringify([row.rule_title, row.host, row.user, row.matched]).toLowerCase().includes(q)),
  );
}

function detections(query: URLSearchParams): unknown {
  const rows = filtered(query);
  const [from, limit] = [Number(query.get("cursor") ?? 0), Number(query.get("limit") ?? 50)];
  const next = from + limit < rows.length ? String(from + limit) : null;
  return { rows: rows.slice(from, from + limit), next, total: rows.length, total_is_exact: true };
}

function groups(query: URLSearchParams): unknown {
  const by = query.get("by");
  const found = new Map<string, Detection[]>();
  for (const row of filtered(query)) {
    const keys =
      by === "technique"
        ? row.techniques
        : [by === "rule" ? row.rule_id : by === "host" ? row.host : row.user];
    for (const key of keys) found.set(key ?? "", [...(found.get(key ?? "") ?? []), row]);
  }
  const rows = [...found].map(([key, of]) => ({
    key,
    title: by === "rule" ? of[0]!.rule_title : by === "technique" ? nameOf(key) : key,
    level: of.some((row) => row.level === "high") ? "high" : of[0]!.level,
    count: of.length,
    hosts: new Set(of.map((row) => row.host)).size,
    first_seen: of.at(-1)!.timestamp,
    last_seen: of[0]!.timestamp,
  }));
  return { rows: rows.sort((a, b) => b.count - a.count), next: null };
}

function histogram(query: URLSearchParams): unknown {
  const rows = filtered(query);
  const buckets = Number(query.get("buckets") ?? 60);
  const end = Date.parse(query.get("until") ?? new Date(NOW).toISOString());
  const start = Date.parse(query.get("since") ?? rows.at(-1)?.timestamp ?? new Date(NOW).toISOString());
  const seconds = Math.max(1, Math.ceil((end - start) / 1000 / buckets));
  const counted = Array.from({ length: buckets }, (_, place) => ({
    start: new Date(start + place * seconds * 1000).toISOString(),
    by_level: {} as Record<string, number>,
  }));
  for (const row of rows) {
    const bucket = counted[Math.floor((Date.parse(row.timestamp!) - start) / 1000 / seconds)];
    if (bucket) bucket.by_level[row.level] = (bucket.by_level[row.level] ?? 0) + 1;
  }
  return { start: new Date(start).toISOString(), seconds_per_bucket: seconds, rows: counted };
}

function one(id: string): unknown {
  const row = ROWS.find((found) => found.detection_id === id);
  if (!row) return undefined;
  const kept = CASES[id];
  return {
    detection: row,
    event: kept
      ? { format: "winlog", text: kept.text, fields: JSON.parse(kept.text), kept: true }
      : { format: null, text: null, fields: null, kept: false },
    techniques: row.techniques.map((technique) => ({
      id: technique,
      name: nameOf(technique),
      url: urlOf(technique),
      tactics: row.tactics,
    })),
    rule: rule(row.rule_id) ?? null,
  };
}

function trace(event: string): unknown {
  const row = ROWS.find((found) => found.event_id === event);
  const span = (
    name: string,
    start_ms: number,
    duration_ms: number,
    parent: string | null,
    kind = "internal",
  ) => ({
    span_id: name,
    name,
    service: name === "produce_event" ? "tocsin-producer" : "packet-classifier",
    kind,
    start_ms,
    duration_ms,
    parent,
    status: "unset",
    attributes: {
      "event.id": event,
      "messaging.destination.name": "raw-events",
      "host.name": row?.host ?? "",
    },
  });
  return {
    trace_id: row?.trace_id ?? "",
    source: "store",
    jaeger_url: null,
    spans: [
      span("produce_event", 0, 1.2, null, "producer"),
      span("consume_event", 9.4, 31, "produce_event", "consumer"),
      span("classify_event", 12.1, 0.06, "consume_event"),
      span("write_delta", 14.8, 24.3, "consume_event"),
      span("write_csv", 39.4, 4.1, "consume_event"),
    ],
  };
}

function neighbours(host: string): unknown {
  const rows = ROWS.filter((row) => row.host === host).slice(0, 30);
  return {
    rows: rows.map((row, place) => ({
      event_id: row.event_id,
      timestamp: row.timestamp,
      event_type: row.event_type,
      user: row.user,
      tactic: place % 3 ? "TA0000" : (row.tactics[0] ?? "TA0000"),
      technique: place % 3 ? "T0000" : (row.techniques[0] ?? "T0000"),
      level: place % 3 ? null : row.level,
      rules: place % 3 ? [] : [row.rule_title],
    })),
    truncated: false,
  };
}

const NAMES = new Map(CATALOGUE.techniques.map(([id, name]) => [id, name]));
const nameOf = (id: string): string => NAMES.get(id) ?? id;
const urlOf = (id: string): string => `https://attack.mitre.org/techniques/${id.replace(".", "/")}/`;

function attack(): unknown {
  const numbers = (id: string, name: string): Technique => {
    const isOf = (one: string): boolean => one === id || one.startsWith(`${id}.`);
    const seen = ROWS.filter((row) => row.techniques.some(isOf));
    return {
      id,
      name,
      url: urlOf(id),
      rules: RULES.filter((one) => one.techniques.some(isOf)).length,
      detections: seen.length,
      hosts: new Set(seen.map((row) => row.host)).size,
      last_seen: seen[0]?.timestamp ?? null,
    };
  };
  const tactics = CATALOGUE.tactics.map(([id, , name]) => ({
    id,
    name,
    url: `https://attack.mitre.org/tactics/${id}/`,
    techniques: CATALOGUE.techniques
      .filter(([, , of, parent]) => parent === null && of.includes(id))
      .map(([technique, title]) => ({
        ...numbers(technique, title),
        subtechniques: CATALOGUE.techniques
          .filter(([, , , parent]) => parent === technique)
          .map(([sub, subtitle]) => numbers(sub, subtitle)),
      })),
  }));
  return { version: CATALOGUE.version, tactics, unlabelled_rules: 3, totals: {} };
}

const row = (from: Rule, place: number) => {
  const of = ROWS.filter((found) => found.rule_id === from.id);
  const status = of.length > 0 ? "ok" : place % 9 === 4 ? "unsupported" : place % 11 === 6 ? "invalid" : "ok";
  return {
    ...from,
    status,
    reason:
      status === "ok"
        ? null
        : status === "invalid"
          ? "unknown modifier 'startwith'"
          : "correlations are not supported",
    file: from.source.replace(/:\d+$/, ""),
    line: 1,
    matches: status === "ok" ? of.length : 0,
    last_fired: status === "ok" ? (of[0]?.timestamp ?? null) : null,
  };
};

function rules(query: URLSearchParams): unknown {
  const every = RULES.map(row);
  const [q, status, level, fired] = ["q", "status", "level", "fired"].map((name) => query.get(name) ?? "");
  const found = every.filter(
    (one) =>
      (!q || JSON.stringify(one).toLowerCase().includes(q.toLowerCase())) &&
      (!status || one.status === status) &&
      (!level || one.level === level) &&
      (!fired || one.matches > 0 === (fired === "true")),
  );
  const number = (wanted: (one: ReturnType<typeof row>) => boolean) => every.filter(wanted).length;
  return {
    rows: found,
    next: null,
    totals: {
      ok: number((one) => one.status === "ok"),
      unsupported: number((one) => one.status === "unsupported"),
      invalid: number((one) => one.status === "invalid"),
      fired: number((one) => one.matches > 0),
      never_fired: number((one) => one.status === "ok" && one.matches === 0),
    },
  };
}

function rule(id: string): unknown {
  const place = RULES.findIndex((found) => found.id === id);
  const found = RULES[place];
  if (!found) return undefined;
  const file = found.source.replace(/^builtin:/, "").replace(/:\d+$/, "");
  return {
    ...row(found, place),
    yaml: readFileSync(new URL(`../../src/tocsin/rules/packs/${file}`, import.meta.url), "utf8"),
    description: "What the rule looks for, in a sentence or two.",
    references: [urlOf(found.techniques[0] ?? "T1059")],
    false_positives: ["Administrators who do the same by hand"],
    author: "Tocsin",
    date: "2026-11-01",
    recent: ROWS.filter((one) => one.rule_id === id).slice(0, 10),
  };
}

interface Tried {
  event?: string;
  rule_id?: string;
}

function test(body: Tried): unknown {
  try {
    JSON.parse(body.event ?? "");
  } catch (failure) {
    return {
      rejected: { reason: "not JSON", detail: String(failure) },
      label: null,
      detections: [],
      explanations: [],
      notices: [],
    };
  }
  const fired = Object.values(CASES).map((one) => one.explanation);
  const shown = body.rule_id
    ? [fired.find((one) => one.rule_id === body.rule_id) ?? NEAR_MISS]
    : [fired[0], NEAR_MISS];
  return {
    rejected: null,
    label: {
      tactic: "TA0002",
      tactic_name: "Execution",
      technique: "T1059.001",
      technique_name: nameOf("T1059.001"),
    },
    detections: ROWS.filter((one) => shown.some((of) => of!.fires && of!.rule_id === one.rule_id)).slice(
      0,
      1,
    ),
    explanations: shown,
    notices: [],
  };
}

const asked = (path: RegExp, answer: MockRoute["answer"]): MockRoute => ({ path, answer });

export const foundRoutes: MockRoute[] = [
  asked(/\/api\/detections/, ({ query }) => detections(query)),
  asked(/\/api\/detections\/groups/, ({ query }) => groups(query)),
  asked(/\/api\/detections\/histogram/, ({ query }) => histogram(query)),
  asked(/\/api\/detections\/([^/]+)/, ({ parts }) => one(parts[0] ?? "")),
  asked(/\/api\/detections\/([^/]+)\/explanation/, ({ parts }) => CASES[parts[0] ?? ""]?.explanation),
  asked(/\/api\/events\/([^/]+)\/trace/, ({ parts }) => trace(parts[0] ?? "")),
  asked(/\/api\/hosts\/([^/]+)\/events/, ({ parts }) => neighbours(parts[0] ?? "")),
  asked(/\/api\/attack/, attack),
  asked(/\/api\/attack\/layer/, () => ({ name: "Tocsin", domain: "enterprise-attack", techniques: [] })),
  asked(/\/api\/rules/, ({ query }) => rules(query)),
  asked(/\/api\/rules\/([^/]+)/, ({ parts }) => rule(parts[0] ?? "")),
  { path: /\/api\/rules\/test/, method: "POST", answer: ({ body }) => test(body as Tried) },
];
