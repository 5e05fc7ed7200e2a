// One rule: what it says, what it found lately, and a place to try it.
import { get, url } from "../../api/client";
import { useResource } from "../../api/resource";
import { CodeView } from "../../components/code_view";
import { CopyButton } from "../../components/copy_button";
import { Icon } from "../../components/icon";
import { PageHead, Panel } from "../../components/panel";
import { Answer, Empty } from "../../components/states";
import { LevelTag } from "../../components/tag";
import { ago, count, time, UNKNOWN } from "../../format";
import { navigate } from "../../router";
import { DetectionTable } from "../detections/detection_table";
import { RuleLists } from "../detections/rule_part";
import { StandingTag } from "./standing";
import { Tester } from "./tester";
import type { RuleDetail } from "./types";

/** The page of a rule. */
export function RuleView({ id }: { id: string }) {
  const address = `/api/rules/${encodeURIComponent(id)}`;
  const found = useResource(address, (abort) => get<RuleDetail>(address, {}, abort));
  return (
    <>
      <p class="crumb">
        <a href="/rules">
          <Icon name="left" size={12} /> Rules
        </a>
      </p>
      <Answer of={found} lines={10}>
        {(rule) => <Shown rule={rule} />}
      </Answer>
    </>
  );
}

function Shown({ rule }: { rule: RuleDetail }) {
  return (
    <>
      <PageHead title={rule.title ?? rule.id}>
        <StandingTag standing={rule.status} />
        {rule.level && <LevelTag level={rule.level} />}
      </PageHead>
      {rule.reason && (
        <div class={rule.status === "invalid" ? "notice bad" : "notice warn"}>
          <Icon name="warning" />
          <div>
            {rule.status === "ok" ? "" : "This rule does not run: "}
            {rule.reason}
            <p class="mono">
              {rule.file}
              {rule.line !== null && `:${rule.line}`}
            </p>
          </div>
        </div>
      )}
      <div class={rule.status === "ok" ? "rule-columns" : undefined}>
        <div class="stack">
          <Panel title="What it looks for">
            <div class="stack">
              <Description text={rule.description} />
              <Facts rule={rule} />
              <RuleLists rule={rule} />
            </div>
          </Panel>
          {rule.yaml && <CodeView text={rule.yaml} language="yaml" label="The rule as YAML" />}
        </div>
        {rule.status === "ok" && (
          <div class="stack">
            <Panel title="Latest detections" flush end={<Total rule={rule} />}>
              {rule.recent.length === 0 ? (
                <Empty title="It has never fired">
                  Nothing that was stored matched it. Try it with an event below.
                </Empty>
              ) : (
                <DetectionTable
                  label="Latest detections of this rule"
                  rows={rule.recent}
                  ofOneRule
                  onOpen={(row) =>
                    navigate(url(`/detections/${encodeURIComponent(row.detection_id)}`, { rule: rule.id }))
                  }
                />
              )}
            </Panel>
            <Panel title="Try it">
              <Tester ruleId={rule.id} />
            </Panel>
          </div>
        )}
      </div>
    </>
  );
}

/** The author's line breaks are where a file needs them; only empty lines part paragraphs. */
function Description({ text }: { text: string | null }) {
  const paragraphs = (text ?? "").split(/\n\s*\n/).filter((one) => one.trim() !== "");
  return (
    <>
      {paragraphs.map((one, place) => (
        <p key={place}>{one}</p>
      ))}
    </>
  );
}

function Total({ rule }: { rule: RuleDetail }) {
  if (rule.matches === 0) return null;
  return <a href={url("/detections", { rule: rule.id })}>all {count(rule.matches)}</a>;
}

function Facts({ rule }: { rule: RuleDetail }) {
  return (
    <dl class="facts">
      {rule.status === "ok" && (
        <>
          <dt>Id</dt>
          <dd class="mono rule-id">
            {rule.id} <CopyButton text={rule.id} label="the rule's id" />
          </dd>
        </>
      )}
      <dt>Log source</dt>
      <dd class="mono">{rule.logsource ?? UNKNOWN}</dd>
      <dt>ATT&amp;CK</dt>
      <dd class="techniques">
        {rule.techniques.length === 0 && <span class="muted">no technique</span>}
        {rule.techniques.map((one) => (
          <a key={one} class="tag accent mono" href={url("/attack", { technique: one })}>
            {one}
          </a>
        ))}
      </dd>
      <dt>Matches</dt>
      <dd>
        {count(rule.matches)}
        {rule.last_fired && (
          <span class="muted" title={time(rule.last_fired)}>
            {" "}
            · last {ago(rule.last_fired)}
          </span>
        )}
      </dd>
      <dt>File</dt>
      <dd class="mono">
        {rule.file}
        {rule.line !== null && `:${rule.line}`}
      </dd>
      {rule.author && (
        <>
          <dt>By</dt>
          <dd>
            {rule.author}
            {rule.date && <span class="muted"> · {rule.date}</span>}
          </dd>
        </>
      )}
    </dl>
  );
}
