// GET /api/live and its stream.
import type { Live, LivePoint } from "../src/api/types";
import { detection } from "./detections_made.ts";
import type { MockRoute } from "./server.ts";

const TACTICS = [
  ["TA0002", "Execution"],
  ["TA0003", "Persistence"],
  ["TA0006", "Credential Access"],
  ["TA0007", "Discovery"],
  ["TA0008", "Lateral Movement"],
] as const;

const wave = (second: number, slowness: number) => (Math.sin(second / slowness) + 1) / 2;

function point(milliseconds: number): LivePoint {
  const second = milliseconds / 1000;
  return {
    time: new Date(milliseconds).toISOString(),
    per_second: Math.round(1800 + 900 * wave(second, 23) + 300 * wave(second, 3.1)),
    lag: Math.round(400 + 5_000 * wave(second, 61) ** 3),
    p99_ms: Math.round(180 + 400 * wave(second, 41) ** 2),
    detections: Math.round(6 * wave(second, 7)),
  };
}

function snapshot(withHistory: boolean): Live {
  const now = Date.now();
  const present = point(now);
  const minute = Math.floor(now / 60_000) * 60_000;
  const lag = present.lag ?? 0;
  return {
    time: present.time,
    kafka: { state: "connected", detail: "127.0.0.1:9092" },
    results: { state: "there", detail: "" },
    events: {
      total: 1_240_000 + Math.floor((now / 1000) % 100_000) * 17,
      per_second: present.per_second,
      rejected: 42,
    },
    detections: {
      total: 18_432,
      per_minute: 148,
      by_level: { critical: 37, high: 411, medium: 2_304, low: 6_120, informational: 9_560 },
    },
    lag: {
      total: lag,
      partitions: [0, 1, 2].map((partition) => ({
        topic: "security-events",
        partition,
        position: 412_000 + partition * 900,
        end: 412_000 + partition * 900 + Math.round(lag / 3),
        lag: Math.round(lag / 3),
        worker: partition < 2 ? "worker-1" : "worker-2",
        per_second: Math.round((present.per_second ?? 0) / 3),
      })),
      left_out: 0,
      unread: 0,
      seconds_left: lag / 900,
    },
    latency_ms: { stored: { p50: 84, p95: 190, p99: present.p99_ms }, window_seconds: 60 },
    tactics: Array.from({ length: 15 }, (_, back) =>
      TACTICS.map(([tactic, name], row) => ({
        start: new Date(minute - back * 60_000).toISOString(),
        tactic,
        name,
        count: Math.round(20 * wave(minute / 60_000 - back, row + 2) * (5 - row)),
      })),
    ).flat(),
    workers: [
      { id: "worker-1", host: "127.0.0.1", partitions: [0, 1], state: "stable" },
      { id: "worker-2", host: "127.0.0.1", partitions: [2], state: "stable" },
    ],
    recent: Array.from({ length: 20 }, (_, number) => detection(number, Math.floor(now / 3000) * 3000)),
    history: withHistory ? Array.from({ length: 300 }, (_, back) => point(now - (300 - back) * 1000)) : null,
  };
}

export const liveRoutes: MockRoute[] = [
  { path: /\/api\/live/, answer: () => snapshot(true) },
  {
    path: /\/api\/live\/stream/,
    stream: (_, send) => {
      send("live", snapshot(true));
      const timer = setInterval(() => send("live", snapshot(false)), 1000);
      return () => clearInterval(timer);
    },
  },
];
