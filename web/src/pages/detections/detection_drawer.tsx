// One detection in a drawer: what, where, why, and everything around it.
import type { ComponentChildren } from "preact";

import { get, url } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Detection } from "../../api/types";
import { CopyButton } from "../../components/copy_button";
import { Drawer } from "../../components/drawer";
import { EventText } from "../../components/event_text";
import { Icon } from "../../components/icon";
import { Answer, Empty, Loading } from "../../components/states";
import { LevelTag } from "../../components/tag";
import { ago, time, UNKNOWN } from "../../format";
import { search, setSearch } from "../../router";
import { EventPart } from "./event_part";
import { ExplanationView } from "./explanation_view";
import { NeighboursPart } from "./neighbours_part";
import { RulePart } from "./rule_part";
import { Tabs } from "./tabs";
import { TracePart } from "./trace_part";
import type { DetectionDetail, ExplanationRecord } from "./types";

const PARTS = [
  ["why", "Why it fired"],
  ["event", "Event"],
  ["rule", "Rule"],
  ["trace", "Trace"],
  ["host", "Around it"],
] as const;
type Part = (typeof PARTS)[number][0];

interface Props {
  id: string;
  /** What the table knows of it already. */
  known: Detection | undefined;
  onClose: () => void;
  /** To the detection before and after in the table; absent at its ends. */
  onStep: { back?: () => void; on?: () => void };
}

/** Show a detection; which part is open stands in the address. */
export function DetectionDrawer({ id, known, onClose, onStep }: Props) {
  const address = `/api/detections/${encodeURIComponent(id)}`;
  const detail = useResource(address, (abort) => get<DetectionDetail>(address, {}, abort));
  const current = detail.data?.detection.detection_id === id ? detail.data : null;
  const detection = current?.detection ?? known;
  return (
    <Drawer
      label={detection ? `Detection: ${detection.rule_title}` : "Detection"}
      title={detection?.rule_title ?? "Detection"}
      about={detection && <Line detection={detection} />}
      tools={<Steps onStep={onStep} />}
      onClose={onClose}
    >
      {current ? (
        <Body detail={current} />
      ) : (
        <Answer of={{ ...detail, data: null }}>{() => <Loading />}</Answer>
      )}
    </Drawer>
  );
}

function Line({ detection }: { detection: Detection }) {
  return (
    <p class="row drawer-line">
      <LevelTag level={detection.level} />
      <span>
        {time(detection.timestamp)} UTC <span class="muted">· {ago(detection.timestamp)}</span>
      </span>
    </p>
  );
}

function Steps({ onStep }: Pick<Props, "onStep">) {
  return (
    <div class="steps">
      <button
        type="button"
        class="button quiet icon"
        aria-label="Newer detection"
        title="Newer (k)"
        disabled={!onStep.back}
        onClick={onStep.back}
      >
        <Icon name="up" />
      </button>
      <button
        type="button"
        class="button quiet icon"
        aria-label="Older detection"
        title="Older (j)"
        disabled={!onStep.on}
        onClick={onStep.on}
      >
        <Icon name="down" />
      </button>
    </div>
  );
}

function Body({ detail }: { detail: DetectionDetail }) {
  const asked = search.value.get("part");
  const part: Part = PARTS.find(([key]) => key === asked)?.[0] ?? "why";
  const { detection } = detail;
  return (
    <div class="stack">
      <Summary detail={detail} />
      <Tabs
        tabs={PARTS}
        chosen={part}
        onChoose={(key) => setSearch({ part: key === "why" ? null : key })}
        label="About this detection"
      >
        {part === "why" && <Why detail={detail} key={detection.detection_id} />}
        {part === "event" && <EventPart detail={detail} key={detection.detection_id} />}
        {part === "rule" && <RulePart rule={detail.rule} title={detection.rule_title} />}
        {part === "trace" && <TracePart eventId={detection.event_id} key={detection.event_id} />}
        {part === "host" && (
          <NeighboursPart
            host={detection.host}
            around={detection.timestamp}
            eventId={detection.event_id}
            key={detection.event_id}
          />
        )}
      </Tabs>
    </div>
  );
}

/** The facts of a detection; a click on a value shows all that share it. */
function Summary({ detail }: { detail: DetectionDetail }) {
  const { detection, techniques } = detail;
  return (
    <dl class="facts summary">
      <dt>Host</dt>
      <dd>
        <Same name="host" value={detection.host} />
      </dd>
      <dt>User</dt>
      <dd>
        <Same name="user" value={detection.user} />
      </dd>
      {detection.source_ip && (
        <>
          <dt>Source</dt>
          <dd class="mono">{detection.source_ip}</dd>
        </>
      )}
      <dt>Event</dt>
      <dd>
        <EventText value={detection.event_type ?? UNKNOWN} /> <code class="muted">{detection.event_id}</code>
        <CopyButton text={detection.event_id} label="the event id" />
      </dd>
      <dt>ATT&amp;CK</dt>
      <dd class="techniques">
        {techniques.length === 0 && <span class="muted">the rule names no technique</span>}
        {techniques.map((one) => (
          <a key={one.id} class="tag accent" href={one.url} target="_blank" rel="noreferrer">
            {one.id} {one.name} <Icon name="external" size={11} />
          </a>
        ))}
      </dd>
      <dt>Lies in</dt>
      <dd class="mono">
        <Place detection={detection} />
      </dd>
    </dl>
  );
}

function Same({ name, value }: { name: "host" | "user"; value: string | null }) {
  if (value === null || value === "") return <span class="muted">{UNKNOWN}</span>;
  return (
    <a href={url("/detections", { [name]: value })} title={`All detections of this ${name}`}>
      <EventText value={value} max={120} mono />
    </a>
  );
}

function Place({ detection }: { detection: Detection }) {
  if (detection.file !== undefined) return <EventText value={`${detection.file}:${detection.line ?? ""}`} />;
  const { topic, partition, offset } = detection;
  const query = { topic, partition, from: offset, record: `${partition}:${offset}` };
  return (
    <a href={url("/events", query)} title="Show the record in its topic">
      {topic} · partition {partition} · offset {offset}
    </a>
  );
}

/** Why the rule fired; where that cannot be known any more, what was kept of it and the reason. */
function Why({ detail }: { detail: DetectionDetail }) {
  const { detection, event, rule } = detail;
  if (!event.kept) {
    return (
      <Unexplained
        detection={detection}
        why="The event was not kept, so nothing more can be said than what matched."
      >
        Workers keep the events in which something above informational was found, unless{" "}
        <code>--keep-events</code> says otherwise.
      </Unexplained>
    );
  }
  if (rule === null) {
    return (
      <Unexplained detection={detection} why="The rule that fired is not among those that are loaded now.">
        Start the console with the same <code>--rules</code> as the workers.
      </Unexplained>
    );
  }
  return <Explained detection={detection} />;
}

function Explained({ detection }: { detection: Detection }) {
  const address = `/api/detections/${encodeURIComponent(detection.detection_id)}/explanation`;
  const why = useResource(address, (abort) => get<ExplanationRecord>(address, {}, abort));
  if (why.error?.status === 404) {
    return (
      <Unexplained detection={detection} why={why.error.message}>
        {why.error.hint}
      </Unexplained>
    );
  }
  return <Answer of={why}>{(record) => <ExplanationView record={record} />}</Answer>;
}

function Unexplained(props: { detection: Detection; why: string; children: ComponentChildren }) {
  return (
    <div class="stack">
      <div class="notice">
        <Icon name="help" />
        <div>
          {props.why}
          <p>{props.children}</p>
        </div>
      </div>
      <Matched detection={props.detection} />
    </div>
  );
}

/** What the detection itself keeps: fields and values that matched. */
function Matched({ detection }: { detection: Detection }) {
  const fields = Object.entries(detection.matched);
  if (fields.length === 0) return <Empty title="The rule matched by what was not there" />;
  return (
    <ul class="evidence">
      {fields.map(([field, values]) => (
        <li key={field}>
          <p class="evidence-field">{field}</p>
          {(typeof values === "string" ? [values] : values).map((value, place) => (
            <p key={place}>
              <EventText value={value} mono />
            </p>
          ))}
        </li>
      ))}
    </ul>
  );
}
