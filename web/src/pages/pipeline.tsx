// The page Pipeline: the stages as a picture with their rates and times, and where it waits.
import { get } from "../api/client";
import { useResource } from "../api/resource";
import type { Pipeline } from "../api/types";
import { Icon } from "../components/icon";
import { PageHead, Panel } from "../components/panel";
import { Answer } from "../components/states";
import { Picture } from "./pipeline/picture";
import "./pipeline/pipeline.css";
import { StageTable } from "./pipeline/stage_table";
import { Threads } from "./pipeline/threads";

const REFRESH_MS = 2_000;

/** Where the figures come from: without the workers' metrics nobody knows how long each stage takes. */
const SOURCES: Record<Pipeline["source"], string> = {
  metrics: "from the workers' metrics",
  table: "from what is stored; times need the workers' metrics",
};

export function PipelinePage() {
  const pipeline = useResource("pipeline", (abort) => get<Pipeline>("/api/pipeline", {}, abort), {
    refresh: REFRESH_MS,
  });
  return (
    <>
      <PageHead
        title="Pipeline"
        about="An event's way from its producer to the results, and where it waits."
      />
      <Answer of={pipeline} lines={5}>
        {(data) => (
          <div class="stack">
            <Explanation pipeline={data} />
            <section class="panel picture" aria-label="The stages">
              <Picture pipeline={data} />
            </section>
            <Threads pipeline={data} />
            <Panel title="Stages" end={SOURCES[data.source]} flush>
              <StageTable pipeline={data} />
            </Panel>
          </div>
        )}
      </Answer>
    </>
  );
}

function Explanation({ pipeline }: { pipeline: Pipeline }) {
  const stage = pipeline.stages.find((one) => one.name === pipeline.bottleneck);
  return (
    <div class={stage ? "notice warn" : "notice"} role="status">
      <Icon name={stage ? "warning" : "check"} />
      <div>
        {stage ? <div>It waits for: {stage.label}</div> : null}
        <p>{pipeline.explanation}</p>
      </div>
    </div>
  );
}
