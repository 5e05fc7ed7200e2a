// Why a rule fires on an event, or what keeps it from firing, for people: conclusion, evidence, the whole condition.
import { useState } from "preact/hooks";

import { Pieces } from "../../components/event_text";
import { Icon } from "../../components/icon";
import { plural } from "../../format";
import { evidence, logSourceWords, split, united, type ExplanationRecord, type Part } from "./explanation";
import { MarkedText } from "./marked_text";

/** Show an explanation. `open` unfolds the whole condition; `headed` is off where the conclusion stands above it. */
export function ExplanationView({
  record,
  open = !record.fires,
  headed = true,
}: {
  record: ExplanationRecord;
  open?: boolean;
  headed?: boolean;
}) {
  return (
    <div class="explanation">
      {headed && (
        <p class={record.fires ? "explanation-headline fires" : "explanation-headline"}>
          <Held held={record.fires} />
          <span>{sentence(record)}</span>
        </p>
      )}
      {record.fires ? <EvidenceList record={record} /> : <Reasons record={record} />}
      {!record.routing.candidate && <Routing record={record} />}
      <details class="fold" open={open}>
        <summary>The whole condition</summary>
        <ul class="condition">
          <PartView part={record.condition} record={record} />
        </ul>
        {record.routing.candidate && <Routing record={record} />}
      </details>
    </div>
  );
}

function sentence({ headline, fires, gap }: ExplanationRecord): string {
  if (fires)
    return headline === "fires" ? "The rule fires: everything it asks for is there." : capital(headline);
  const near =
    gap.held > 0
      ? ` ${capital(plural(gap.held, "thing"))} it needs ${gap.held === 1 ? "is" : "are"} there.`
      : "";
  return `${capital(headline)}.${near}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function EvidenceList({ record }: { record: ExplanationRecord }) {
  const found = evidence(record);
  return (
    <ul class="evidence">
      {found.map((one, place) => (
        <li key={place}>
          <p class="evidence-field">{one.field}</p>
          <MarkedText text={one.value} spans={one.spans} />
          <ul class="findings">
            {one.findings.map((finding, at) => (
              <li key={at}>
                <Held held={!finding.against} />
                {finding.selection && <span class="selection">{finding.selection}</span>}
                <span class="words">
                  <Pieces text={finding.against ? `not wanted: ${finding.words}` : finding.words} />
                </span>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

function Reasons({ record }: { record: ExplanationRecord }) {
  return (
    <ul class="findings boxed">
      {record.reasons.map((reason, place) => (
        <li key={place}>
          <Held held={false} />
          {reason.selection && <span class="selection">{reason.selection}</span>}
          <span class="words">
            <Pieces text={reason.text} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Routing({ record }: { record: ExplanationRecord }) {
  const { routing } = record;
  return (
    <dl class="facts routing">
      <dt>Log source</dt>
      <dd>
        {routing.candidate ? "" : "No candidate: "}
        {routing.text}
      </dd>
      <dt>of the rule</dt>
      <dd class="mono">{logSourceWords(routing.rule)}</dd>
      <dt>of the event</dt>
      <dd class="mono">{logSourceWords(routing.event)}</dd>
    </dl>
  );
}

/** A mark that says by shape and by word whether something held. */
export function Held({ held }: { held: boolean }) {
  return (
    <span class={held ? "held yes" : "held no"} title={held ? "held" : "did not hold"}>
      <Icon name={held ? "check" : "close"} size={14} />
      <span class="unseen">{held ? "held: " : "did not hold: "}</span>
    </span>
  );
}

function PartView({ part, record, told = false }: { part: Part; record: ExplanationRecord; told?: boolean }) {
  const [all, setAll] = useState(false);
  const inner = part.parts ?? [];
  const { told: first, folded } = split(inner, part.kind, part.held);
  const shared = part.kind === "test" ? null : sharedValue(part);
  return (
    <li>
      <p class="part">
        <Held held={part.held} />
        <span class={part.kind === "selection" ? "selection" : "words"}>
          <Pieces text={part.name ?? part.words} />
        </span>
      </p>
      {part.kind === "test" && <TestValues part={part} record={record} told={told} />}
      {shared !== null && !part.held && <ItIs record={record} place={shared} />}
      {inner.length > 0 && (
        <ul>
          {(all ? inner : first).map((one, place) => (
            <PartView key={place} part={one} record={record} told={shared !== null} />
          ))}
          {folded.length > 0 && !all && (
            <li>
              <button type="button" class="link-button more" onClick={() => setAll(true)}>
                {part.held
                  ? `${plural(folded.length, "alternative")} that did not hold`
                  : `${folded.length} more`}
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

/** The one value at which all tests of a group looked, or null. */
function sharedValue(part: Part): number | null {
  const tests = part.parts ?? [];
  if (tests.length < 2 || tests.some((test) => test.kind !== "test" || test.seen?.length !== 1)) return null;
  const first = tests[0]?.seen?.[0]?.value ?? null;
  return tests.every((test) => test.seen?.[0]?.value === first) ? first : null;
}

/** What a test looked at: where it held with the place, where it did not unless the group has told the value. */
function TestValues({ part, record, told }: { part: Part; record: ExplanationRecord; told: boolean }) {
  const seen = part.seen ?? [];
  if (!part.held) {
    const first = seen[0];
    return first && !told ? <ItIs record={record} place={first.value} /> : null;
  }
  return (
    <>
      {seen
        .filter((one) => one.held)
        .map((one) => (
          <p class="part-value" key={one.value}>
            <MarkedText text={record.values[one.value]?.value ?? ""} spans={united(one.spans)} max={240} />
          </p>
        ))}
    </>
  );
}

function ItIs({ record, place }: { record: ExplanationRecord; place: number }) {
  return (
    <p class="part-value">
      <span class="muted">it is </span>
      <MarkedText text={record.values[place]?.value ?? ""} spans={[]} max={240} />
    </p>
  );
}
