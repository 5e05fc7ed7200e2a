// An event's trace as a waterfall: one row per span, its bar placed by time; a click shows its attributes.

import { useState } from "preact/hooks";

import { EventText } from "../../components/event_text";
import { UNKNOWN, duration } from "../../format";
import type { Span } from "./types";

const ROW = 28;
const BAR = 10;

/** Draw the spans under their parents, all on one time axis that begins with the first. */
export function Waterfall({ spans }: { spans: Span[] }) {
  const [open, setOpen] = useState<number | null>(null);
  const rows = inTreeOrder(spans);
  const first = Math.min(...spans.map((span) => span.start_ms));
  const last = Math.max(...spans.map((span) => span.start_ms + span.duration_ms));
  const whole = Math.max(last - first, 0.001);
  return (
    <div class="waterfall">
      <div class="waterfall-axis" aria-hidden="true">
        <span>0</span>
        <span>{duration(whole / 2)}</span>
        <span>{duration(whole)}</span>
      </div>
      <ol class="waterfall-rows">
        {rows.map(({ span, depth }, index) => (
          <li key={index}>
            <button
              type="button"
              class="waterfall-row"
              aria-expanded={open === index}
              onClick={() => setOpen(open === index ? null : index)}
            >
              <span class={`waterfall-name depth-${Math.min(depth, 4)}`}>
                {span.name}
                <small>{span.service}</small>
              </span>
              <Bar span={span} first={first} whole={whole} />
              <Time span={span} />
            </button>
            {open === index && <Attributes span={span} offset={span.start_ms - first} />}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** How long it took; of a span that the worker made up for the producer only the beginning is known. */
function Time({ span }: { span: Span }) {
  if (span.attributes["tocsin.reconstructed"] !== true) {
    return <span class="waterfall-time">{duration(span.duration_ms)}</span>;
  }
  return (
    <span
      class="waterfall-time muted"
      title="The producer kept no span: it is known when this began, not how long it took"
    >
      {UNKNOWN}
    </span>
  );
}

function Bar({ span, first, whole }: { span: Span; first: number; whole: number }) {
  const start = ((span.start_ms - first) / whole) * 100;
  const width = (span.duration_ms / whole) * 100;
  const failed = span.status === "error";
  return (
    <svg class="waterfall-track" height={ROW} width="100%" aria-hidden="true">
      <line x1="0" x2="100%" y1={ROW / 2} y2={ROW / 2} class="waterfall-line" />
      <rect
        x={`${start}%`}
        y={(ROW - BAR) / 2}
        width={`${Math.max(width, 0.6)}%`}
        height={BAR}
        rx="2"
        class={failed ? "waterfall-bar failed" : `waterfall-bar ${span.kind.toLowerCase()}`}
      />
    </svg>
  );
}

function Attributes({ span, offset }: { span: Span; offset: number }) {
  const told: [string, unknown][] = [
    ["kind", span.kind],
    ["begins after", duration(offset)],
    ["status", span.status],
    ...Object.entries(span.attributes),
  ];
  return (
    <dl class="waterfall-attributes">
      {told
        .filter(([, value]) => value !== null && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <EventText value={asText(value)} mono />
            </dd>
          </div>
        ))}
    </dl>
  );
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(asText).join(", ");
  return JSON.stringify(value) ?? "";
}

/** Return the spans as a tree read from the top: children under their parent, by time. */
export function inTreeOrder(spans: Span[]): { span: Span; depth: number }[] {
  const known = new Set(spans.map((span) => span.span_id));
  const rows: { span: Span; depth: number }[] = [];
  const place = (parent: string | null, depth: number): void => {
    const children = spans
      .filter((span) => (span.parent !== null && known.has(span.parent) ? span.parent : null) === parent)
      .sort((a, b) => a.start_ms - b.start_ms);
    for (const span of children) {
      if (rows.some((row) => row.span === span)) continue;
      rows.push({ span, depth });
      place(span.span_id, depth + 1);
    }
  };
  place(null, 0);
  for (const span of spans) if (!rows.some((row) => row.span === span)) rows.push({ span, depth: 0 });
  return rows;
}
