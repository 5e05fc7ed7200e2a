// The ATT&CK matrix as numbers: what of it was observed, what of it rules look for, and where they look for nothing.

export interface Technique {
  id: string;
  name: string;
  url: string;
  rules: number;
  detections: number;
  hosts: number;
  last_seen: string | null;
  subtechniques?: Technique[];
}

export interface Tactic {
  id: string;
  name: string;
  url: string;
  techniques: Technique[];
}

export interface Attack {
  version: string;
  tactics: Tactic[];
  unlabelled_rules: number;
  totals: Record<string, number>;
}

export const MODES = ["both", "observed", "covered", "gaps"] as const;
export type Mode = (typeof MODES)[number];

export const MODE_WORDS: Record<Mode, string> = {
  both: "Observed and covered",
  observed: "Observed",
  covered: "Covered",
  gaps: "Gaps",
};

/** A technique with its sub-techniques counted in. */
export interface Cell {
  technique: Technique;
  /** The technique or one of its sub-techniques has a rule. */
  covered: boolean;
  observed: boolean;
  /** Sub-techniques for which there is a rule. */
  coveredBelow: number;
}

/** Return the technique together with what its sub-techniques add. */
export function cell(technique: Technique): Cell {
  const below = technique.subtechniques ?? [];
  const family = [technique, ...below];
  return {
    technique,
    covered: family.some((one) => one.rules > 0),
    observed: family.some((one) => one.detections > 0),
    coveredBelow: below.filter((one) => one.rules > 0).length,
  };
}

/** Whether a cell is what the mode is about; the others stand back. */
export function inMode(of: Cell, mode: Mode): boolean {
  if (mode === "observed") return of.observed;
  if (mode === "covered") return of.covered;
  if (mode === "gaps") return !of.covered;
  return true;
}

/** Whether the text is in the id or name of the technique or of a sub-technique. */
export function matches(technique: Technique, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return true;
  return [technique, ...(technique.subtechniques ?? [])].some(
    (one) => one.id.toLowerCase().includes(wanted) || one.name.toLowerCase().includes(wanted),
  );
}

export const STEPS = 5;

/** Return 0 for nothing, else 1 to STEPS: equal steps of the logarithm up to the highest count. */
export function heat(count: number, highest: number): number {
  if (count <= 0) return 0;
  if (highest <= 1) return STEPS;
  return 1 + Math.min(STEPS - 1, Math.floor((Math.log(count) / Math.log(highest)) * (STEPS - 1) + 0.5));
}

/** Different techniques of the whole matrix, each once, whatever number of tactics it serves. */
export function distinct(tactics: Tactic[]): Cell[] {
  const cells = new Map<string, Cell>();
  for (const tactic of tactics) {
    for (const technique of tactic.techniques) cells.set(technique.id, cell(technique));
  }
  return [...cells.values()];
}
