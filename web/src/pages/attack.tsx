// ATT&CK: the matrix of the catalogue's version, what was seen of it and what rules look for, side by side.
import { get } from "../api/client";
import { useResource } from "../api/resource";
import { Choices, SearchField } from "../components/filter_bar";
import { Icon } from "../components/icon";
import { PageHead } from "../components/panel";
import { Answer, Empty } from "../components/states";
import { count } from "../format";
import { search, setSearch } from "../router";
import type { PageProps } from "../shell/routes";
import {
  distinct,
  MODES,
  MODE_WORDS,
  narrowed,
  STEPS,
  type Attack,
  type Mode,
  type Technique,
} from "./attack/matrix";
import { Matrix } from "./attack/matrix_view";
import { TechniqueDrawer } from "./attack/technique_drawer";
import "./attack/attack.css";

/** The page; mode, search and the open technique stand in the address. */
export function AttackPage(_: PageProps) {
  const found = useResource("/api/attack", (abort) => get<Attack>("/api/attack", {}, abort), {
    refresh: 30_000,
  });
  return (
    <div class="attack">
      <PageHead title="ATT&CK">
        <Layers />
      </PageHead>
      <Answer of={found} lines={12}>
        {(attack) => <Shown attack={attack} />}
      </Answer>
    </div>
  );
}

function Shown({ attack }: { attack: Attack }) {
  const mode = (MODES as readonly string[]).includes(search.value.get("show") ?? "")
    ? (search.value.get("show") as Mode)
    : "both";
  const text = search.value.get("q") ?? "";
  const chosen = search.value.get("technique");
  const open = chosen === null ? null : find(attack, chosen);
  const any = narrowed(attack.tactics, text).length > 0;
  return (
    <>
      <Totals attack={attack} />
      <div class="filters">
        <SearchField label="Find a technique" />
        <Choices
          label="Show"
          value={mode}
          options={MODES.map((value) => ({ value, label: MODE_WORDS[value] }))}
          onChoose={(value) => setSearch({ show: value === "both" ? null : value })}
        />
        <Legend mode={mode} />
      </div>
      {any ? (
        <Matrix
          tactics={attack.tactics}
          mode={mode}
          text={text}
          chosen={chosen}
          onChoose={(technique) => setSearch({ technique }, { push: true })}
        />
      ) : (
        <Empty title="No technique is called that" />
      )}
      {open && <TechniqueDrawer {...open} onClose={() => setSearch({ technique: null })} />}
    </>
  );
}

function find(attack: Attack, id: string): { technique: Technique; parent: Technique | null } | null {
  for (const technique of attack.tactics.flatMap((tactic) => tactic.techniques)) {
    if (technique.id === id) return { technique, parent: null };
    const below = technique.subtechniques?.find((one) => one.id === id);
    if (below) return { technique: below, parent: technique };
  }
  return null;
}

function Totals({ attack }: { attack: Attack }) {
  const cells = distinct(attack.tactics);
  const covered = cells.filter((one) => one.covered).length;
  const observed = cells.filter((one) => one.observed).length;
  return (
    <p class="attack-totals">
      Enterprise ATT&amp;CK {attack.version}: of <b>{count(cells.length)}</b> techniques, rules look for{" "}
      <b>{count(covered)}</b>, and <b>{count(observed)}</b> were seen.{" "}
      {attack.unlabelled_rules > 0 && (
        <span class="muted">{count(attack.unlabelled_rules)} rules name no technique.</span>
      )}
    </p>
  );
}

function Legend({ mode }: { mode: Mode }) {
  const byRules = mode === "covered" || mode === "gaps";
  return (
    <ul class="matrix-legend" aria-label="How to read a cell">
      <li>
        <span class="matrix-scale" aria-hidden="true">
          {Array.from({ length: STEPS }, (_, step) => (
            <span key={step} class={`${byRules ? "rules" : "seen"} heat-${step + 1}`} />
          ))}
        </span>
        {byRules ? "few to many rules" : "few to many detections"}
      </li>
      <li>
        <b aria-hidden="true">80</b> detections
      </li>
      <li>
        <span class="matrix-swatch covered" aria-hidden="true" /> a rule looks for it
      </li>
      <li>
        <span class="matrix-swatch gap" aria-hidden="true" /> no rule does
      </li>
    </ul>
  );
}

function Layers() {
  return (
    <>
      <span class="muted wide-only">Layer for the Navigator</span>
      <a class="button" href="/api/attack/layer?kind=observed" download="tocsin-observed.json">
        <Icon name="download" /> Observed
      </a>
      <a class="button" href="/api/attack/layer?kind=coverage" download="tocsin-coverage.json">
        <Icon name="download" /> Coverage
      </a>
    </>
  );
}
