// What the server says about rules, and about trying them.
import type { Detection, Level } from "../../api/types";
import type { ExplanationRecord } from "../detections/explanation";

export type Standing = "ok" | "unsupported" | "invalid";

export interface RuleRow {
  id: string;
  title: string | null;
  level: Level | null;
  status: Standing;
  /** Why it is not ok. */
  reason: string | null;
  file: string | null;
  line: number | null;
  tactics: string[];
  techniques: string[];
  logsource: string | null;
  matches: number;
  last_fired: string | null;
}

export interface RulePage {
  rows: RuleRow[];
  next: string | null;
  totals: { ok: number; unsupported: number; invalid: number; fired: number; never_fired: number };
}

export interface RuleDetail extends RuleRow {
  yaml: string | null;
  description: string | null;
  references: string[];
  false_positives: string[];
  author: string | null;
  date: string | null;
  recent: Detection[];
}

export interface Label {
  tactic: string;
  technique: string;
  tactic_name?: string;
  technique_name?: string;
}

/** What became of an event that was tried. */
export interface Tried {
  rejected: { reason: string; detail: string } | null;
  label: Label | null;
  detections: Detection[];
  explanations: ExplanationRecord[];
  notices: string[];
}
