// GET /api/pipeline
import type { Pipeline, Stage } from "../src/api/types";
import type { MockRoute } from "./server.ts";

function stage(
  name: Stage["name"],
  label: string,
  share: number | null,
  detail: string,
  more: Partial<Stage> = {},
): Stage {
  return {
    name,
    label,
    per_second: 2_310,
    seconds_per_batch: share === null ? null : share * 0.4,
    share,
    backlog: null,
    detail,
    state: "ok",
    ...more,
  };
}

const PIPELINE: Pipeline = {
  stages: [
    stage("produce", "Producers", null, "What arrives in the topic", { per_second: 2_800 }),
    stage("topic", "security-events", null, "3 partitions", { backlog: 4_821, state: "waiting" }),
    stage("poll", "Poll", 0.04, "Waits for records"),
    stage("decode", "Decode", null, "Bytes to events; timed together with matching"),
    stage("match", "Match", 0.88, "312 rules", { state: "slow" }),
    stage("write", "Write", 0.14, "Rows of the results table"),
    stage("commit", "Commit", 0.06, "Rows and positions in one commit"),
    stage("csv", "CSV", null, "classified_packets.csv", { backlog: 0 }),
    stage("detections_topic", "Detections topic", null, "Not asked for", {
      per_second: null,
      state: "unknown",
    }),
  ],
  source: "metrics",
  bottleneck: "match",
  explanation:
    "2,800 events arrive each second and 2,310 are judged, so the topic holds 4,821 that wait. Matching takes 88 % of its thread's time: a second worker would help, as the topic has three partitions.",
};

export const pipelineRoutes: MockRoute[] = [{ path: /\/api\/pipeline/, answer: () => PIPELINE }];
