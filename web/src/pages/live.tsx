// The page Live: what goes through the pipeline now, pushed by the server each second.
import { useState } from "preact/hooks";

import { type StreamState, useStream } from "../api/stream";
import type { Live, LivePoint } from "../api/types";
import { Icon } from "../components/icon";
import { PageHead } from "../components/panel";
import { Loading } from "../components/states";
import { Dot } from "../components/tag";
import { useShortcuts } from "../keyboard";
import { Advice } from "./live/advice";
import { Figures } from "./live/figures";
import "./live/live.css";
import { Newest } from "./live/newest";
import { Levels, Tactics } from "./live/findings";
import { Workers } from "./live/workers";

/** The server speaks each second. */
const SILENCE_MS = 12_000;
/** As many seconds as the server's history has. */
const KEPT = 300;

interface Seen {
  live: Live;
  history: readonly LivePoint[];
}

export function LivePage() {
  const [seen, setSeen] = useState<Seen | null>(null);
  const [paused, setPaused] = useState(false);
  const state = useStream<Live>(
    paused ? null : "/api/live/stream",
    "live",
    (live) => setSeen((before) => ({ live, history: live.history ?? grown(before?.history ?? [], live) })),
    SILENCE_MS,
  );
  useShortcuts([{ keys: "p", does: "Pause, or go on", run: () => setPaused(!paused) }]);
  return (
    <>
      <PageHead title="Live">
        <Connection state={state} />
        <button type="button" class="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          <Icon name={paused ? "play" : "pause"} size={12} />
          {paused ? "Go on" : "Pause"}
        </button>
      </PageHead>
      {seen ? <Content {...seen} /> : <Loading lines={5} label="Waiting for the first figures" />}
    </>
  );
}

function Content({ live, history }: Seen) {
  return (
    <div class="stack">
      <Advice live={live} />
      <Figures live={live} history={history} />
      <div class="grid live-columns">
        <div class="stack">
          <Levels live={live} />
          <Workers live={live} />
        </div>
        <div class="stack">
          <Tactics live={live} />
          <Newest live={live} />
        </div>
      </div>
    </div>
  );
}

const STATES: Record<StreamState, { dot: "good" | "busy" | "off"; text: string }> = {
  connecting: { dot: "busy", text: "Connecting" },
  open: { dot: "good", text: "Each second" },
  reconnecting: { dot: "busy", text: "Reconnecting" },
  paused: { dot: "off", text: "Paused" },
};

function Connection({ state }: { state: StreamState }) {
  const { dot, text } = STATES[state];
  return (
    <span class="row muted" role="status">
      <Dot state={dot} />
      {text}
    </span>
  );
}

function grown(history: readonly LivePoint[], live: Live): LivePoint[] {
  const point: LivePoint = {
    time: live.time,
    per_second: live.events.per_second,
    lag: live.lag.total,
    p99_ms: live.latency_ms.stored?.p99 ?? null,
    detections: live.detections.per_minute,
  };
  return [...history, point].slice(-KEPT);
}
