// How busy each thread of a worker is: one bar a thread, cut into its stages; what is left it had nothing to do.
import type { Pipeline, Stage, StageName } from "../../api/types";
import { Panel } from "../../components/panel";
import { duration, percent } from "../../format";

interface Thread {
  name: string;
  stages: readonly StageName[];
}

/** Which stages take turns: reading goes on while what was judged is stored. */
const THREADS: readonly Thread[] = [
  { name: "Reads and judges", stages: ["poll", "decode", "match"] },
  { name: "Stores", stages: ["write", "commit"] },
  { name: "Publishes", stages: ["detections_topic"] },
];

/** Nothing where no times are known. */
export function Threads({ pipeline }: { pipeline: Pipeline }) {
  const timed = new Map(
    pipeline.stages.filter((stage) => stage.share !== null).map((stage) => [stage.name, stage]),
  );
  const threads = THREADS.map((thread) => ({
    ...thread,
    parts: thread.stages.flatMap((name) => timed.get(name) ?? []),
  })).filter((thread) => thread.parts.length > 0);
  if (threads.length === 0) return null;
  return (
    <Panel title="How busy the threads are" end="in the busiest worker">
      <dl class="threads">
        {threads.map((thread) => (
          <>
            <dt>{thread.name}</dt>
            <dd>
              <div class="thread-bar" aria-hidden="true">
                {thread.parts.map((stage) => (
                  <div
                    key={stage.name}
                    class={`thread-part ${stage.name}`}
                    style={{ width: `${Math.min(1, stage.share ?? 0) * 100}%` }}
                  />
                ))}
              </div>
              <ul class="legend">
                {thread.parts.map((stage) => (
                  <Part key={stage.name} stage={stage} />
                ))}
              </ul>
            </dd>
          </>
        ))}
      </dl>
    </Panel>
  );
}

function Part({ stage }: { stage: Stage }) {
  const each =
    stage.seconds_per_batch === null ? "" : `, ${duration(stage.seconds_per_batch * 1000)} a batch`;
  const label = stage.name === "poll" ? "Poll, with waiting for records" : stage.label;
  return (
    <li>
      <span class={`swatch thread-part ${stage.name}`} aria-hidden="true" />
      {label}: {percent(stage.share)}
      {each}
    </li>
  );
}
