// The rule of a detection, in the drawer: what it says of itself, and its YAML.
import { CodeView } from "../../components/code_view";
import { Icon } from "../../components/icon";
import { Empty } from "../../components/states";
import { LevelTag } from "../../components/tag";
import type { RuleText } from "./types";

/** Show the rule, or that it is not among those that are loaded. */
export function RulePart({ rule, title }: { rule: RuleText | null; title: string }) {
  if (rule === null) {
    return (
      <Empty title="This rule is not among those that are loaded now">
        “{title}” fired when the event was judged. Start the console with the same <code>--rules</code> to see
        it.
      </Empty>
    );
  }
  return (
    <div class="stack">
      <div class="row">
        <LevelTag level={rule.level} />
        {rule.status && <span class="muted">{rule.status}</span>}
        <a class="push" href={`/rules/${encodeURIComponent(rule.id)}`}>
          Open the rule <Icon name="right" size={12} />
        </a>
      </div>
      {rule.changed && (
        <div class="notice warn">
          <Icon name="warning" />
          <div>The rule was changed since it fired: this is how it reads now.</div>
        </div>
      )}
      {rule.description && <p>{rule.description}</p>}
      <RuleLists rule={rule} />
      {rule.yaml && <CodeView text={rule.yaml} language="yaml" label="The rule as YAML" />}
      {rule.file && <p class="muted mono">{rule.file}</p>}
    </div>
  );
}

/** References and known false positives, where there are any. */
export function RuleLists({ rule }: { rule: Pick<RuleText, "references" | "false_positives"> }) {
  return (
    <>
      {rule.false_positives.length > 0 && (
        <div>
          <h3>Known false positives</h3>
          <ul class="bulleted">
            {rule.false_positives.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      )}
      {rule.references.length > 0 && (
        <div>
          <h3>References</h3>
          <ul class="bulleted">
            {rule.references.map((one) => (
              <li key={one}>{safe(one) ? <Outside address={one} /> : one}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function Outside({ address }: { address: string }) {
  return (
    <a href={address} target="_blank" rel="noreferrer noopener">
      {address}
    </a>
  );
}

/** A rule is a stranger's text too: only addresses of the web become links. */
function safe(address: string): boolean {
  return /^https?:\/\//i.test(address);
}
