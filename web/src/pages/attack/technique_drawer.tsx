// One technique in a drawer: its numbers, its sub-techniques, the rules that look for it.
import { get, url } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Level } from "../../api/types";
import { Drawer } from "../../components/drawer";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { Answer, Empty } from "../../components/states";
import { LevelTag } from "../../components/tag";
import { ago, count, plural, UNKNOWN } from "../../format";
import type { Technique } from "./matrix";

interface Props {
  technique: Technique;
  /** Of a sub-technique. */
  parent: Technique | null;
  onClose: () => void;
}

/** Show a technique; its numbers lead to the detections and rules they count. */
export function TechniqueDrawer({ technique, parent, onClose }: Props) {
  const below = technique.subtechniques ?? [];
  return (
    <Drawer
      label={`Technique: ${technique.name}`}
      title={parent ? `${parent.name}: ${technique.name}` : technique.name}
      about={
        <p class="row">
          <code>{technique.id}</code>
          <a href={technique.url} target="_blank" rel="noreferrer">
            at attack.mitre.org <Icon name="external" size={11} />
          </a>
        </p>
      }
      onClose={onClose}
    >
      <div class="stack">
        <div class="technique-figures">
          <Figure value={count(technique.detections)} words="detections" />
          <Figure value={count(technique.hosts)} words={technique.hosts === 1 ? "host" : "hosts"} />
          <Figure value={technique.last_seen ? ago(technique.last_seen) : UNKNOWN} words="last seen" />
          <Figure value={count(technique.rules)} words={technique.rules === 1 ? "rule" : "rules"} />
        </div>
        {technique.detections > 0 && (
          <div>
            <a class="button" href={url("/detections", { technique: technique.id })}>
              Show {plural(technique.detections, "detection")} <Icon name="right" size={12} />
            </a>
          </div>
        )}
        {below.length > 0 && <Below techniques={below} />}
        <Panel title="Rules that look for it" flush>
          <Rules technique={technique.id} />
        </Panel>
      </div>
    </Drawer>
  );
}

function Figure({ value, words }: { value: string; words: string }) {
  return (
    <div class="technique-figure">
      <b>{value}</b>
      <span class="muted">{words}</span>
    </div>
  );
}

function Below({ techniques }: { techniques: Technique[] }) {
  return (
    <Panel title={plural(techniques.length, "sub-technique")} flush>
      <div class="table-scroll" role="region" aria-label="Sub-techniques" tabIndex={0}>
        <table class="table compact">
          <thead>
            <tr>
              <th>Sub-technique</th>
              <th class="number">Detections</th>
              <th class="number">Rules</th>
              <th>Last seen</th>
            </tr>
          </thead>
          <tbody>
            {techniques.map((one) => (
              <tr key={one.id}>
                <td>
                  <code class="muted">{one.id.slice(one.id.indexOf("."))}</code> {one.name}
                </td>
                <td class="number">
                  {one.detections > 0 ? (
                    <a href={url("/detections", { technique: one.id })}>{count(one.detections)}</a>
                  ) : (
                    <span class="muted">0</span>
                  )}
                </td>
                <td class="number">
                  {one.rules > 0 ? (
                    <a href={url("/rules", { q: one.id })}>{count(one.rules)}</a>
                  ) : (
                    <span class="muted">none</span>
                  )}
                </td>
                <td class="tight">
                  {one.last_seen ? ago(one.last_seen) : <span class="muted">{UNKNOWN}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

interface Row {
  id: string;
  title: string;
  level: Level;
  matches: number;
}

function Rules({ technique }: { technique: string }) {
  const query = { q: technique, limit: 100 };
  const found = useResource(url("/api/rules", query), (abort) =>
    get<{ rows: Row[] }>("/api/rules", query, abort),
  );
  return (
    <Answer of={found} lines={3}>
      {({ rows }) =>
        rows.length === 0 ? (
          <Empty title="No rule looks for it">What happens here goes unseen.</Empty>
        ) : (
          <ul class="technique-rules">
            {rows.map((row) => (
              <li key={row.id}>
                <LevelTag level={row.level} />
                <a href={`/rules/${encodeURIComponent(row.id)}`}>{row.title}</a>
                <span class="muted push">
                  {row.matches > 0 ? `${count(row.matches)} matches` : "never fired"}
                </span>
              </li>
            ))}
          </ul>
        )
      }
    </Answer>
  );
}
