// GET /api/status
import type { MockRoute } from "./server.ts";

const STARTED = new Date().toISOString();

export const statusRoutes: MockRoute[] = [
  {
    path: /\/api\/status/,
    answer: () => ({
      version: "0.0.0",
      topic: "security-events",
      group: "tocsin",
      results: "data/results",
      rules: { revision: "3f9c21d07a4b", count: 312, paths: ["builtin:lab", "builtin:windows"] },
      kafka: { state: "connected", detail: "127.0.0.1:9092, 1 broker" },
      catalogue_version: "19.0",
      started: STARTED,
      time: new Date().toISOString(),
    }),
  },
];
