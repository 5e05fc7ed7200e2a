// The matrix as people know it: a column per tactic, a cell per technique, what was seen and what is looked for.
import { useRef, useState } from "preact/hooks";

import { count, plural, short } from "../../format";
import { cell, heat, inMode, narrowed, type Cell, type Mode, type Tactic, type Technique } from "./matrix";

interface Props {
  tactics: Tactic[];
  mode: Mode;
  text: string;
  chosen: string | null;
  onChoose: (technique: string) => void;
}

/** Draw the matrix. Arrow keys go from cell to cell; Enter opens one. */
export function Matrix({ tactics, mode, text, chosen, onChoose }: Props) {
  const area = useRef<HTMLDivElement>(null);
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const columns = narrowed(tactics, text);
  const every = tactics.flatMap((tactic) =>
    tactic.techniques.flatMap((one) => [one, ...(one.subtechniques ?? [])]),
  );
  const most = { detections: highest(every, "detections"), rules: highest(every, "rules") };
  const fold = (key: string): void => {
    const next = new Set(unfolded);
    if (!next.delete(key)) next.add(key);
    setUnfolded(next);
  };
  return (
    <div class="matrix" ref={area} onKeyDown={(event) => walk(event, area.current)} tabIndex={-1}>
      {columns.map(({ tactic, techniques }, column) => (
        <section class="matrix-column" key={tactic.id} aria-label={tactic.name}>
          <Head tactic={tactic} />
          <ul class="matrix-cells">
            {techniques.map((technique, row) => (
              <Entry
                key={technique.id}
                of={cell(technique)}
                mode={mode}
                most={most}
                first={column === 0 && row === 0}
                chosen={chosen}
                open={text !== "" || unfolded.has(`${tactic.id}/${technique.id}`)}
                onFold={() => fold(`${tactic.id}/${technique.id}`)}
                onChoose={onChoose}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Head({ tactic }: { tactic: Tactic }) {
  const cells = tactic.techniques.map(cell);
  const covered = cells.filter((one) => one.covered).length;
  const observed = cells.filter((one) => one.observed).length;
  return (
    <header class="matrix-head">
      <h2>
        <a href={tactic.url} target="_blank" rel="noreferrer" tabIndex={-1}>
          {tactic.name}
        </a>
      </h2>
      <p title={tactic.id}>
        {covered} of {cells.length} covered
        <br />
        {observed} seen
      </p>
    </header>
  );
}

interface EntryProps {
  of: Cell;
  mode: Mode;
  most: { detections: number; rules: number };
  first: boolean;
  chosen: string | null;
  open: boolean;
  onFold: () => void;
  onChoose: (technique: string) => void;
}

function Entry({ of, mode, most, first, chosen, open, onFold, onChoose }: EntryProps) {
  const below = of.technique.subtechniques ?? [];
  return (
    <li class={inMode(of, mode) ? "matrix-entry" : "matrix-entry aside"}>
      <div class="matrix-main">
        <Button
          technique={of.technique}
          mode={mode}
          most={most}
          first={first}
          chosen={chosen}
          onChoose={onChoose}
          gap={!of.covered}
        />
        {below.length > 0 && (
          <button
            type="button"
            class="matrix-fold"
            tabIndex={-1}
            aria-expanded={open}
            title={`${of.coveredBelow} of ${plural(below.length, "sub-technique")} covered`}
            onClick={onFold}
          >
            <span aria-hidden="true">{open ? "−" : "+"}</span>
            <small>
              {of.coveredBelow}/{below.length}
              <span class="unseen"> sub-techniques of {of.technique.name} covered</span>
            </small>
          </button>
        )}
      </div>
      {open && (
        <ul class="matrix-below">
          {below.map((one) => (
            <li key={one.id}>
              <Button
                technique={one}
                mode={mode}
                most={most}
                first={false}
                chosen={chosen}
                onChoose={onChoose}
                gap={one.rules === 0}
              />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

interface ButtonProps {
  technique: Technique;
  mode: Mode;
  most: { detections: number; rules: number };
  first: boolean;
  gap: boolean;
  chosen: string | null;
  onChoose: (technique: string) => void;
}

function Button({ technique, mode, most, first, gap, chosen, onChoose }: ButtonProps) {
  const byRules = mode === "covered" || mode === "gaps";
  const step = byRules ? heat(technique.rules, most.rules) : heat(technique.detections, most.detections);
  const classes = ["matrix-cell", byRules ? "rules" : "seen", `heat-${step}`, gap ? "gap" : "covered"];
  return (
    <button
      type="button"
      class={classes.join(" ")}
      tabIndex={first ? 0 : -1}
      aria-pressed={chosen === technique.id}
      title={`${technique.id} ${technique.name}\n${count(technique.detections)} detections on ${plural(technique.hosts, "host")}\n${plural(technique.rules, "rule")}`}
      onClick={() => onChoose(technique.id)}
    >
      <span class="matrix-name">{technique.name}</span>
      <span class="matrix-counts">
        <span class="matrix-id">{technique.id}</span>
        <span class={technique.detections > 0 ? "matrix-seen" : "matrix-seen none"}>
          {short(technique.detections)}
          <span class="unseen"> {technique.detections === 1 ? "detection" : "detections"}</span>
        </span>
        <span class={technique.rules > 0 ? "matrix-rules" : "matrix-rules none"}>
          {technique.rules > 0 ? plural(technique.rules, "rule") : "no rule"}
        </span>
      </span>
    </button>
  );
}

function highest(all: Technique[], of: "detections" | "rules"): number {
  return all.reduce((most, one) => Math.max(most, one[of]), 0);
}

/** Go from cell to cell: up and down within a tactic, left and right to what is beside it; Enter does the rest. */
function walk(event: KeyboardEvent, area: HTMLElement | null): void {
  const now = document.activeElement;
  if (area === null || !(now instanceof HTMLElement) || !now.matches(".matrix-cell, .matrix-fold")) return;
  const columns = [...area.querySelectorAll(".matrix-column")];
  const column = columns.findIndex((one) => one.contains(now));
  const to = target(event.key, columns, column, now);
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  for (const one of area.querySelectorAll<HTMLElement>('[tabindex="0"]')) one.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
  to.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function target(key: string, columns: Element[], column: number, now: HTMLElement): HTMLElement | undefined {
  const inside = cellsOf(columns[column]);
  const beside = now.parentElement?.querySelectorAll<HTMLElement>(":scope > button") ?? [];
  if (key === "ArrowRight" && now === beside[0] && beside[1]) return beside[1];
  if (key === "ArrowLeft" && now === beside[1]) return beside[0];
  const row = inside.indexOf(now === beside[1] && beside[0] ? beside[0] : now);
  if (key === "ArrowDown") return inside[row + 1];
  if (key === "ArrowUp") return inside[row - 1];
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return undefined;
  const top = now.getBoundingClientRect().top;
  for (let at = column + step; at >= 0 && at < columns.length; at += step) {
    const beside = cellsOf(columns[at]);
    if (beside.length > 0)
      return beside.reduce((best, one) => (away(one, top) < away(best, top) ? one : best));
  }
  return undefined;
}

const away = (one: HTMLElement, top: number): number => Math.abs(one.getBoundingClientRect().top - top);

function cellsOf(column: Element | undefined): HTMLElement[] {
  return column ? [...column.querySelectorAll<HTMLElement>(".matrix-cell")] : [];
}
