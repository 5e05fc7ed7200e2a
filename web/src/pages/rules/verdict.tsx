// What became of an event that was tried: rejected, labelled, which rules fired and why, which came near.
import { EventText } from "../../components/event_text";
import { Icon } from "../../components/icon";
import { LevelTag } from "../../components/tag";
import { plural } from "../../format";
import type { Level } from "../../api/types";
import type { ExplanationRecord } from "../detections/explanation";
import { ExplanationView } from "../detections/explanation_view";
import type { Label, Tried } from "./types";

/** Show the outcome; `single` when only one rule was tried. */
export function Verdict({ tried, single }: { tried: Tried; single: boolean }) {
  if (tried.rejected) {
    return (
      <div class="notice bad">
        <Icon name="warning" />
        <div>
          This is no event: {tried.rejected.reason}. It would go to the dead letters.
          <p>
            <EventText value={tried.rejected.detail} />
          </p>
        </div>
      </div>
    );
  }
  const fired = tried.explanations.filter((one) => one.fires);
  const near = tried.explanations.filter((one) => !one.fires);
  return (
    <div class="stack">
      <Headline label={tried.label} fired={tried.detections.length} single={single} />
      {tried.notices.map((notice) => (
        <p class="muted" key={notice}>
          {notice}
        </p>
      ))}
      {fired.map((record, place) => (
        <Explained key={record.rule_id} record={record} open={place === 0} linked={!single} />
      ))}
      {near.length > 0 && !single && <p class="evidence-field">Nearest that did not fire</p>}
      {near.map((record) => (
        <Explained key={record.rule_id} record={record} open={single} linked={!single} />
      ))}
    </div>
  );
}

function Headline({ label, fired, single }: { label: Label | null; fired: number; single: boolean }) {
  const words = single
    ? fired > 0
      ? "The rule fires."
      : "The rule does not fire."
    : fired > 0
      ? `${plural(fired, "rule")} ${fired === 1 ? "fires" : "fire"}.`
      : "No rule fires.";
  return (
    <p class={fired > 0 ? "explanation-headline fires" : "explanation-headline"}>
      <Icon name={fired > 0 ? "check" : "close"} />
      <span>{words}</span>
      {label && label.technique !== "T0000" && (
        <span class="verdict-label">
          Label: {label.tactic} {label.tactic_name} · {label.technique} {label.technique_name}
        </span>
      )}
    </p>
  );
}

function Explained({ record, open, linked }: { record: ExplanationRecord; open: boolean; linked: boolean }) {
  return (
    <details class="verdict-rule" open={open}>
      <summary>
        <LevelTag level={record.level as Level} />
        <span class="detection-title">{record.rule_title}</span>
        {!record.fires && <span class="muted">{record.headline}</span>}
      </summary>
      <ExplanationView record={record} open={!record.fires} headed={false} />
      {linked && (
        <p class="verdict-link">
          <a href={`/rules/${encodeURIComponent(record.rule_id)}`}>
            Open the rule <Icon name="right" size={12} />
          </a>
        </p>
      )}
    </details>
  );
}
