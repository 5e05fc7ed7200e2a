// A value of an event with the parts that a rule matched standing out; all of it text nodes.
import { useState } from "preact/hooks";

import { Pieces } from "../../components/event_text";
import { count } from "../../format";
import { cut } from "../../text";
import { inUnits, type Span } from "./explanation";

const AROUND = 80;

/** Show `text` with `spans`, which count code points, marked. Far from a mark, a long text is left out at first. */
export function MarkedText({ text, spans, max = 600 }: { text: string; spans: Span[]; max?: number }) {
  const [all, setAll] = useState(false);
  const units = inUnits(text, spans);
  const first = units[0]?.[0] ?? 0;
  const from = all || text.length <= max ? 0 : Math.max(0, first - AROUND);
  const shown = all ? text.length : Math.min(text.length, from + max);
  return (
    <bdi class="value mono marked">
      {from > 0 && "… "}
      {stretches(text, units, from, shown).map(([part, matched]) =>
        matched ? (
          <mark>
            <Pieces text={part} />
          </mark>
        ) : (
          <Pieces text={part} />
        ),
      )}
      {(from > 0 || shown < text.length) && (
        <>
          {" … "}
          <button type="button" class="link-button" onClick={() => setAll(true)}>
            show all {count(text.length)} characters
          </button>
        </>
      )}
    </bdi>
  );
}

/** Take the text apart at the ends of the spans, between `from` and `to`. */
function stretches(text: string, spans: Span[], from: number, to: number): [string, boolean][] {
  const parts: [string, boolean][] = [];
  let at = from;
  for (const [start, end] of spans) {
    const [low, high] = [Math.max(start, at), Math.min(end, to)];
    if (high <= low) continue;
    if (low > at) parts.push([text.slice(at, low), false]);
    parts.push([text.slice(low, high), true]);
    at = high;
  }
  if (at < to) parts.push([cut(text.slice(at), to - at), false]);
  return parts;
}
