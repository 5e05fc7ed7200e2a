// What an explanation record says, turned into what people read: which value held which test, and where.

/** From the first character to the one after the last. */
export type Span = [number, number];

/** A value of the event, pointed to by its place in `values`, as one test saw it. Spans count code points. */
export interface Seen {
  value: number;
  held: boolean;
  spans: Span[];
}

/** A part of a rule's condition and how it turned out. */
export interface Part {
  kind: "all" | "any" | "not" | "selection" | "test";
  held: boolean;
  words: string;
  name?: string;
  field?: string | null;
  seen?: Seen[];
  parts?: Part[];
}

/** One rule and one event: the record that `tocsin explain --format json` prints. */
export interface ExplanationRecord {
  rule_id: string;
  rule_title: string;
  rule_revision: string;
  rule_source: string | null;
  level: string;
  event_id: string;
  fires: boolean;
  headline: string;
  reasons: { selection: string; text: string }[];
  routing: {
    candidate: boolean;
    text: string;
    event: LogSource;
    rule: LogSource;
    contradictions: string[];
  };
  gap: { lacking: number; forbidden: number; held: number };
  condition: Part;
  values: { field: string; value: string }[];
}

export interface LogSource {
  product: string | null;
  category: string | null;
  service: string | null;
}

/** A test that held, under its selection; `against` when it stands under a `not` and so speaks against firing. */
export interface Finding {
  selection: string;
  words: string;
  against: boolean;
}

/** A value of the event with everything that was found in it. */
export interface Evidence {
  field: string;
  value: string;
  spans: Span[];
  findings: Finding[];
}

/** Return the values in which a test held, in the order in which the rule asks, with the places that matched. */
export function evidence(record: ExplanationRecord): Evidence[] {
  const found = new Map<number, Evidence>();
  const walk = (part: Part, selection: string, against: boolean): void => {
    if (part.kind === "test") collect(record, part, selection, against, found);
    const inside = part.kind === "selection" ? (part.name ?? "") : selection;
    for (const inner of part.parts ?? []) walk(inner, inside, against !== (part.kind === "not"));
  };
  walk(record.condition, "", false);
  return [...found.values()].map((one) => ({ ...one, spans: united(one.spans) }));
}

function collect(
  record: ExplanationRecord,
  test: Part,
  selection: string,
  against: boolean,
  found: Map<number, Evidence>,
): void {
  for (const seen of test.seen ?? []) {
    const value = record.values[seen.value];
    if (!seen.held || value === undefined) continue;
    const one = found.get(seen.value) ?? { ...value, spans: [], findings: [] };
    one.spans.push(...seen.spans);
    one.findings.push({ selection, words: test.words, against });
    found.set(seen.value, one);
  }
}

/** Return spans in order, those that touch or overlap made one. */
export function united(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = merged[merged.length - 1];
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** Return spans that count code points as spans that count UTF-16 units, which strings here are made of. */
export function inUnits(text: string, spans: Span[]): Span[] {
  if (!/[\u{10000}-\u{10ffff}]/u.test(text)) return spans;
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
  }
  const unit = (place: number): number => starts[place] ?? text.length;
  return spans.map(([start, end]) => [unit(start), unit(end)]);
}

/** Alternatives that decide nothing once another held: told by their number, shown on demand. */
export function split(parts: Part[], kind: Part["kind"], held: boolean): { told: Part[]; folded: Part[] } {
  if (kind !== "any" || parts.length < 2) return { told: parts, folded: [] };
  if (held) {
    return { told: parts.filter((part) => part.held), folded: parts.filter((part) => !part.held) };
  }
  const few = 4;
  return parts.length <= few + 1
    ? { told: parts, folded: [] }
    : { told: parts.slice(0, few), folded: parts.slice(few) };
}

/** Return `product=windows, category=process_creation`, or `any` for a log source that names nothing. */
export function logSourceWords(source: LogSource): string {
  const named = (["product", "category", "service"] as const)
    .filter((key) => source[key] !== null)
    .map((key) => `${key}=${source[key]}`);
  return named.length > 0 ? named.join(", ") : "any";
}
