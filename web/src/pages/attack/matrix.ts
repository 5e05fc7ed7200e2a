// The ATT&CK matrix as numbers: what of it was observed, what of it rules look for, and where they look for nothing.

/** A technique's numbers count what names it or one of its sub-techniques. */
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
  both: "Both",
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

/** A tactic and those of its techniques that are shown. */
export interface Column {
  tactic: Tactic;
  techniques: Technique[];
}

/** Return what has the text in its id or name; a technique that has it keeps all its sub-techniques. */
export function narrowed(tactics: Tactic[], text: string): Column[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return tactics.map((tactic) => ({ tactic, techniques: tactic.techniques }));
  const has = ({ id, name }: Technique): boolean => `${id} ${name}`.toLowerCase().includes(wanted);
  return tactics
    .map((tactic) => ({
      tactic,
      techniques: tactic.techniques.flatMap((one) => {
        if (has(one)) return [one];
        const below = (one.subtechniques ?? []).filter(has);
        return below.length > 0 ? [{ ...one, subtechniques: below }] : [];
      }),
    }))
    .filter((column) => column.techniques.length > 0);
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
