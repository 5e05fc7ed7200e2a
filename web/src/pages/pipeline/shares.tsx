// Where a batch's time goes, as one bar cut into its stages.
import type { Pipeline, Stage } from "../../api/types";
import { Panel } from "../../components/panel";
import { duration, percent } from "../../format";

/** Nothing where no shares are known. */
export function Shares({ pipeline }: { pipeline: Pipeline }) {
  const timed = pipeline.stages.filter((stage) => (stage.share ?? 0) > 0);
  if (timed.length === 0) return null;
  const all = timed.reduce((sum, stage) => sum + (stage.seconds_per_batch ?? 0), 0);
  return (
    <Panel title="Where a batch's time goes" end={all ? `${duration(all * 1000)} a batch` : undefined}>
      <div class="shares" aria-hidden="true">
        {timed.map((stage, place) => (
          <div
            key={stage.name}
            class={`share share-${place % 6}`}
            style={{ flexGrow: stage.share ?? 0 }}
            title={`${stage.label}: ${percent(stage.share)}`}
          />
        ))}
      </div>
      <ul class="legend">
        {timed.map((stage, place) => (
          <Part key={stage.name} stage={stage} place={place} />
        ))}
      </ul>
    </Panel>
  );
}

function Part({ stage, place }: { stage: Stage; place: number }) {
  return (
    <li>
      <span class={`swatch share-${place % 6}`} aria-hidden="true" />
      {stage.label} {percent(stage.share)}
    </li>
  );
}
