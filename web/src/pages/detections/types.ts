// What the server says about detections, their events, rules and traces.
import type { Detection, Level } from "../../api/types";
import type { ExplanationRecord } from "./explanation";

/** A page of detections; `total` counts what the filters let through. */
export interface DetectionPage {
  rows: Detection[];
  next: string | null;
  total: number;
  total_is_exact: boolean;
  /** While the console reads all results for the first time; what has been read is there. */
  taking_in?: { read: number; files: number } | null;
  /** Why new results are not taken in. */
  trouble?: string;
}

export type GroupBy = "rule" | "host" | "user" | "technique";

/** Detections that have something in common. */
export interface Group {
  key: string | null;
  title: string | null;
  level: Level;
  count: number;
  hosts: number;
  first_seen: string | null;
  last_seen: string | null;
}

export interface HistogramData {
  start: string | null;
  seconds_per_bucket: number;
  rows: { start: string; by_level: Partial<Record<Level, number>> }[];
  /** Detections of clocks that were years off, in no bar. */
  outside?: number;
}

/** The event of a detection: its text as it came, when it was kept. */
export interface EventText {
  format: string | null;
  text: string | null;
  fields: Record<string, unknown> | null;
  kept: boolean;
}

export interface TechniqueLink {
  id: string;
  name: string;
  url: string;
  tactics: string[];
}

export interface RuleText {
  id: string;
  title: string;
  level: Level;
  status: string | null;
  description: string | null;
  yaml: string | null;
  file: string | null;
  references: string[];
  false_positives: string[];
  /** It was another revision when it fired. */
  changed?: boolean;
}

export interface DetectionDetail {
  detection: Detection;
  event: EventText;
  techniques: TechniqueLink[];
  rule: RuleText | null;
}

export interface Span {
  name: string;
  service: string;
  kind: string;
  start_ms: number;
  duration_ms: number;
  span_id: string;
  /** The `span_id` of the one that it hangs below. */
  parent: string | null;
  status: string | null;
  attributes: Record<string, unknown>;
}

export interface Trace {
  trace_id: string;
  source: "store" | "times" | null;
  jaeger_url: string | null;
  spans: Span[];
}

export interface Neighbour {
  event_id: string;
  timestamp: string | null;
  event_type: string | null;
  user: string | null;
  tactic: string | null;
  technique: string | null;
  level: Level | null;
  rules: string[];
}

export interface Neighbours {
  rows: Neighbour[];
  truncated: boolean;
}

export type { ExplanationRecord };
