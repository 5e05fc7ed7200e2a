// What the detections are narrowed to, above the table: text, time, levels, and values of their fields.
import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "../../api/client";
import { useResource } from "../../api/resource";
import { LEVELS } from "../../api/types";
import { EventText } from "../../components/event_text";
import { SearchField } from "../../components/filter_bar";
import { Icon } from "../../components/icon";
import { LevelMark } from "../../components/tag";
import { short } from "../../format";
import { setSearch } from "../../router";
import { CLEARED, filterCount, MANY, RANGES, toggled, type Filters, type Many } from "./filters";
import { attackNames } from "./names";
import type { Group } from "./types";

const FIELDS: Exclude<Many, "level">[] = ["tactic", "technique", "rule", "host", "user"];
const LABELS: Record<Many, string> = {
  level: "Level",
  tactic: "Tactic",
  technique: "Technique",
  rule: "Rule",
  host: "Host",
  user: "User",
};

/** The controls and a chip per value. `titles` knows the titles of rules that are on the page. */
export function FilterPanel({ filters, titles }: { filters: Filters; titles: ReadonlyMap<string, string> }) {
  return (
    <div class="filter-panel" role="search" aria-label="Filter detections">
      <div class="filters">
        <SearchField label="Search title, host, user, values" />
        <TimeRange filters={filters} />
        <Levels filters={filters} />
        <AddFilter filters={filters} />
      </div>
      <Chips filters={filters} titles={titles} />
    </div>
  );
}

function Levels({ filters }: { filters: Filters }) {
  return (
    <div class="level-choice" role="group" aria-label="Levels">
      {LEVELS.map((level) => (
        <button
          key={level}
          type="button"
          class={`tag ${level}`}
          aria-pressed={filters.many.level.includes(level)}
          onClick={() => setSearch(toggled(filters, "level", level), { push: true })}
        >
          <LevelMark level={level} />
          {level === "informational" ? "info" : level}
        </button>
      ))}
      {filters.many.level.length === 0 && (
        <button
          type="button"
          class="button quiet"
          title="Show what is above informational"
          onClick={() =>
            setSearch({ level: LEVELS.filter((level) => level !== "informational") }, { push: true })
          }
        >
          hide info
        </button>
      )}
    </div>
  );
}

const CUSTOM = "custom";

function TimeRange({ filters }: { filters: Filters }) {
  const [custom, setCustom] = useState(false);
  const ends = Boolean(filters.since || filters.until);
  const chosen = custom || ends ? CUSTOM : filters.range;
  const choose = (value: string): void => {
    setCustom(value === CUSTOM);
    setSearch({ range: value === CUSTOM ? null : value, since: null, until: null }, { push: true });
  };
  return (
    <>
      <select
        class="input"
        aria-label="Time"
        value={chosen}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">Any time</option>
        {RANGES.map(([key, words]) => (
          <option key={key} value={key}>
            Last {words}
          </option>
        ))}
        <option value={CUSTOM}>From … to …</option>
      </select>
      {chosen === CUSTOM && (
        <span class="time-ends">
          <Moment name="since" label="From (UTC)" value={filters.since} />
          <span class="muted">to</span>
          <Moment name="until" label="To (UTC)" value={filters.until} />
        </span>
      )}
    </>
  );
}

function Moment({ name, label, value }: { name: "since" | "until"; label: string; value: string }) {
  return (
    <input
      class="input"
      type="datetime-local"
      step="1"
      aria-label={label}
      title={label}
      value={value.slice(0, 19)}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setSearch({ range: null, [name]: text ? new Date(`${text}Z`).toISOString() : null }, { push: true });
      }}
    />
  );
}

/** A field and a value for it, from those that are there or typed. */
function AddFilter({ filters }: { filters: Filters }) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event): void => {
      if (!place.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      class="add-filter"
      ref={place}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        class="button"
        aria-expanded={open}
        aria-haspopup="dialog"
        onClick={() => setOpen(!open)}
      >
        Add filter
      </button>
      {open && <ValuePicker filters={filters} onDone={close} />}
    </div>
  );
}

interface Value {
  key: string;
  title: string;
  count: number | null;
}

function ValuePicker({ filters, onDone }: { filters: Filters; onDone: () => void }) {
  const [field, setField] = useState<(typeof FIELDS)[number]>("host");
  const [text, setText] = useState("");
  const values = useResource(`values of ${field}`, (abort) => known(field, abort));
  const wanted = text.trim().toLowerCase();
  const offered = (values.data ?? [])
    .filter((one) => !filters.many[field].includes(one.key))
    .filter((one) => !wanted || `${one.key} ${one.title}`.toLowerCase().includes(wanted))
    .slice(0, 12);
  const add = (value: string): void => {
    setSearch(toggled(filters, field, value), { push: true });
    onDone();
  };
  const own = text.trim();
  return (
    <div class="popover" role="dialog" aria-label="Add a filter">
      <div class="row">
        <select
          class="input"
          aria-label="Field"
          value={field}
          onChange={(event) => setField(event.currentTarget.value as typeof field)}
        >
          {FIELDS.map((name) => (
            <option key={name} value={name}>
              {LABELS[name]}
            </option>
          ))}
        </select>
        <input
          class="input grow"
          aria-label="Value"
          placeholder="Find or type a value"
          value={text}
          ref={(element) => {
            if (element && document.activeElement === document.body) element.focus();
          }}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && own && add(offered[0]?.key ?? own)}
        />
      </div>
      <ul class="offered" aria-label={`Values of ${LABELS[field].toLowerCase()}`}>
        {offered.map((one) => (
          <li key={one.key}>
            <button type="button" onClick={() => add(one.key)}>
              <EventText value={one.title} oneLine />
              <span class="muted">{one.count === null ? one.key : short(one.count)}</span>
            </button>
          </li>
        ))}
        {own && !offered.some((one) => one.key === own) && (
          <li>
            <button type="button" onClick={() => add(own)}>
              <span>
                exactly “<EventText value={own} max={60} />”
              </span>
            </button>
          </li>
        )}
      </ul>
      {values.error && <p class="muted">{values.error.message}</p>}
    </div>
  );
}

/** Values that are there, the most frequent first; of the tactics all. */
async function known(field: (typeof FIELDS)[number], abort: AbortSignal): Promise<Value[]> {
  if (field === "tactic") {
    const { tactics } = await attackNames();
    return tactics.map(({ id, name }) => ({ key: id, title: name, count: null }));
  }
  const found = await get<{ rows: Group[] }>("/api/detections/groups", { by: field, limit: 200 }, abort);
  return found.rows
    .filter((row) => row.key)
    .map((row) => ({
      key: row.key ?? "",
      title: field === "technique" ? `${row.key} ${row.title ?? ""}` : row.title || row.key || "",
      count: row.count,
    }));
}

function Chips({ filters, titles }: { filters: Filters; titles: ReadonlyMap<string, string> }) {
  const chosen = MANY.filter((name) => name !== "level").flatMap((name) =>
    filters.many[name].map((value) => ({ name, value })),
  );
  const names = useResource(
    chosen.some(({ name }) => name === "tactic" || name === "technique") ? "attack names" : null,
    () => attackNames(),
  );
  if (filterCount(filters) === 0) return null;
  const shown = (name: Many, value: string): string => {
    if (name === "rule") return titles.get(value) ?? `${value.slice(0, 8)}…`;
    const known = names.data?.names.get(value);
    return known ? `${value} ${known}` : value;
  };
  return (
    <div class="chips">
      {chosen.map(({ name, value }) => (
        <span class="chip" key={`${name} ${value}`}>
          <span>{LABELS[name]}:</span>
          <EventText value={shown(name, value)} oneLine />
          <button
            type="button"
            aria-label={`Remove ${LABELS[name]} ${value}`}
            onClick={() => setSearch(toggled(filters, name, value), { push: true })}
          >
            <Icon name="close" size={12} />
          </button>
        </span>
      ))}
      <button type="button" class="link-button" onClick={() => setSearch(CLEARED, { push: true })}>
        Clear all filters
      </button>
    </div>
  );
}
