// The stages drawn: boxes filled as far as they take of their thread's time, arrows where events flow, the bottleneck marked.
import { useEffect, useRef, useState } from "preact/hooks";

import type { Pipeline, Stage } from "../../api/types";
import { duration, percent, rate, short } from "../../format";
import { cut } from "../../text";
import { type Box, layout } from "./layout";

/** The picture, as wide as there is room. The table below it says the same in words. */
export function Picture({ pipeline }: { pipeline: Pipeline }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return <div ref={box}>{width ? <Drawing pipeline={pipeline} width={width} /> : null}</div>;
}

function Drawing({ pipeline, width }: { pipeline: Pipeline; width: number }) {
  const placed = layout(pipeline.stages, width);
  const stages = new Map(pipeline.stages.map((stage) => [stage.name, stage]));
  return (
    <svg
      width={placed.width}
      height={placed.height}
      viewBox={`0 0 ${placed.width} ${placed.height}`}
      role="img"
      aria-label={`The stages of the pipeline. ${pipeline.explanation}`}
    >
      <defs>
        <marker id="point" viewBox="0 0 6 6" refX="4" refY="3" markerWidth="6" markerHeight="6" orient="auto">
          <path class="picture-point" d="M0 0l6 3-6 3z" />
        </marker>
      </defs>
      {placed.worker ? <WorkerFrame box={placed.worker} /> : null}
      {placed.arrows.map((arrow) => (
        <path
          key={`${arrow.from} ${arrow.to}`}
          class={flows(stages.get(arrow.to)) ? "picture-arrow flowing" : "picture-arrow"}
          d={arrow.path}
          marker-end="url(#point)"
        />
      ))}
      {pipeline.stages.map((stage) => {
        const place = placed.boxes.get(stage.name);
        const marked = stage.name === pipeline.bottleneck;
        return place ? <StageBox key={stage.name} stage={stage} box={place} bottleneck={marked} /> : null;
      })}
    </svg>
  );
}

const flows = (stage: Stage | undefined) => (stage?.per_second ?? 0) > 0;

/** Below, an arrow would run through the longer words. */
const NARROW = 480;

function WorkerFrame({ box }: { box: Box }) {
  return (
    <g>
      <rect class="picture-worker" {...box} rx="8" />
      <text class="picture-small" x={box.x + 12} y={box.y + 17}>
        {box.width < NARROW ? "each worker" : "each worker, batch by batch"}
      </text>
    </g>
  );
}

function StageBox({ stage, box, bottleneck }: { stage: Stage; box: Box; bottleneck: boolean }) {
  const { x, y, width, height } = box;
  // Most of a poll is waiting for records: full, it would look busy when it is idle.
  const filled = stage.name === "poll" ? 0 : Math.max(0, Math.min(1, stage.share ?? 0)) * height;
  const classes = ["picture-stage", stage.state, bottleneck ? "bottleneck" : ""].filter(Boolean).join(" ");
  const room = Math.floor(((width - 18) / LETTER) * TIGHTEST);
  const [figure, unit] = headline(stage);
  const tall = height > 80;
  return (
    <g class={classes}>
      <title>{`${stage.label}: ${stage.detail}`}</title>
      <rect class="picture-box" x={x} y={y} width={width} height={height} rx="6" />
      {filled > 0 ? (
        <rect class="picture-share" x={x} y={y + height - filled} width={width} height={filled} rx="6" />
      ) : null}
      <rect class="picture-edge" x={x} y={y} width={width} height={height} rx="6" />
      <text class="picture-label" x={x + 10} y={y + 21} {...squeezed(stage.label, width - 18)}>
        {fitted(stage.label, room)}
      </text>
      <text class="picture-figure" x={x + 10} y={y + 48}>
        {figure}
        <tspan class="picture-small" dx="5">
          {unit}
        </tspan>
      </text>
      <text
        class="picture-small"
        x={tall ? x + 10 : x + width - 10}
        y={tall ? y + 70 : y + 21}
        text-anchor={tall ? "start" : "end"}
      >
        {second(stage)}
      </text>
      {bottleneck || stage.state !== "ok" ? (
        <text
          class="picture-state"
          x={tall ? x + 10 : x + width - 10}
          y={tall ? y + 91 : y + 48}
          text-anchor={tall ? "start" : "end"}
        >
          {bottleneck ? "▲ bottleneck" : STATES[stage.state]}
        </text>
      ) : null}
    </g>
  );
}

export const STATES: Record<Stage["state"], string> = {
  ok: "keeps up",
  slow: "slow",
  waiting: "waits",
  unknown: "not known",
};

/** What matters most of a stage: what waits before it, else how many go through. */
function headline(stage: Stage): [string, string] {
  if (stage.backlog) return [short(stage.backlog), "wait"];
  return [rate(stage.per_second), stage.per_second === null ? "" : "/s"];
}

function second(stage: Stage): string {
  if (stage.backlog) return stage.per_second === null ? "" : `${rate(stage.per_second)} /s`;
  if (stage.seconds_per_batch === null) return "";
  const each = duration(stage.seconds_per_batch * 1000);
  return stage.share === null ? `${each} a batch` : `${each} · ${percent(stage.share)}`;
}

/** Pixels of a letter of a label, about; and how much closer letters may stand before a label is cut. */
const LETTER = 7.8;
const TIGHTEST = 1.2;

function squeezed(text: string, width: number): { textLength?: number; lengthAdjust?: "spacingAndGlyphs" } {
  const wanted = text.length * LETTER;
  return wanted > width ? { textLength: width, lengthAdjust: "spacingAndGlyphs" } : {};
}

function fitted(text: string, room: number): string {
  return text.length <= room ? text : `${cut(text, room - 1)}…`;
}
