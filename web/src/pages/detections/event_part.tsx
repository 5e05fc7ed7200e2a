// The event of a detection: its fields, those that matched first, and the text as it came.
import { useState } from "preact/hooks";

import { CodeView } from "../../components/code_view";
import { CopyButton } from "../../components/copy_button";
import { EventText } from "../../components/event_text";
import { Empty } from "../../components/states";
import { Badge } from "../../components/tag";
import type { DetectionDetail } from "./types";

/** Show what was kept of the event; without it, at least what matched. */
export function EventPart({ detail }: { detail: DetectionDetail }) {
  const { event, detection } = detail;
  const [raw, setRaw] = useState(false);
  if (!event.kept || event.text === null) {
    return (
      <div class="stack">
        <Empty title="The event itself was not kept">
          <code>--keep-events detected</code> keeps every event in which something above informational was
          found, <code>all</code> every event. What matched is kept with the detection:
        </Empty>
        <Fields rows={matchedRows(detection.matched)} matched={new Set()} />
      </div>
    );
  }
  const rows = event.fields ? flat(event.fields) : [];
  const matched = new Set(Object.keys(detection.matched));
  return (
    <div class="stack">
      <div class="row">
        {rows.length > 0 && (
          <div class="choice" role="group" aria-label="How to show the event">
            <button type="button" aria-pressed={!raw} onClick={() => setRaw(false)}>
              Fields
            </button>
            <button type="button" aria-pressed={raw} onClick={() => setRaw(true)}>
              Raw text
            </button>
          </div>
        )}
        {event.format && <span class="muted">read as {event.format}</span>}
        <span class="push">
          <CopyButton text={event.text} label="the event" />
        </span>
      </div>
      {raw || rows.length === 0 ? (
        <CodeView text={event.text} label="The event as it came" />
      ) : (
        <Fields
          rows={[...rows].sort((a, b) => Number(matched.has(b[0])) - Number(matched.has(a[0])))}
          matched={matched}
        />
      )}
    </div>
  );
}

function Fields({ rows, matched }: { rows: [string, string][]; matched: ReadonlySet<string> }) {
  const [wanted, setWanted] = useState("");
  const text = wanted.trim().toLowerCase();
  const shown = rows.filter(([name, value]) => !text || `${name} ${value}`.toLowerCase().includes(text));
  return (
    <>
      {rows.length > 12 && (
        <input
          class="input"
          type="search"
          placeholder="Find a field or value"
          aria-label="Find a field or value"
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <table class="table compact fields">
        <thead class="unseen">
          <tr>
            <th>Field</th>
            <th>Value</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, value], place) => (
            <tr key={`${name}/${place}`}>
              <th scope="row">
                <EventText value={name} max={80} />
                {matched.has(name) && <Badge tone="accent">matched</Badge>}
              </th>
              <td>
                <EventText value={value} mono />
              </td>
              <td class="tight">
                <CopyButton text={value} label={name.slice(0, 60)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <Empty title="No field or value has that in it" />}
    </>
  );
}

function matchedRows(matched: Record<string, string | string[]>): [string, string][] {
  return Object.entries(matched).flatMap(([name, values]) =>
    (typeof values === "string" ? [values] : values).map((value): [string, string] => [name, value]),
  );
}

/** Return nested fields by their paths, lists as JSON unless they hold objects. */
export function flat(fields: Record<string, unknown>, before = ""): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    const path = before + name;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return flat(value as Record<string, unknown>, `${path}.`);
    }
    return [[path, typeof value === "string" ? value : JSON.stringify(value)]];
  });
}
