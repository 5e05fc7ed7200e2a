// GET /api/topics, their records and tails, and the dead letters; hostile values among them.
import type { DeadLetter, Topic, TopicRecord } from "../src/api/types";
import type { MockRoute } from "./server.ts";

const TOPICS: Topic[] = [
  {
    name: "security-events",
    role: "events",
    partitions: 3,
    records: 1_240_331,
    about: "What tocsin detect reads",
  },
  { name: "detections", role: "detections", partitions: 3, records: 18_432, about: "Each detection once" },
  { name: "classified", role: "classified", partitions: 3, records: 1_236_120, about: "Every verdict" },
  {
    name: "tocsin-dead-letters",
    role: "dead_letters",
    partitions: 1,
    records: 42,
    about: "Records that are no events",
  },
  { name: "orders", role: "other", partitions: 12, records: 88, about: "" },
];

const HOSTILE = [
  "<img src=x onerror=alert(1)><script>document.title='owned'</script>",
  "invoice\u202efdp.exe \u200b\u0000 \u001b[31mred",
  "x".repeat(200_000),
];

function record(topic: string, partition: number, offset: number): TopicRecord {
  const value = JSON.stringify({
    event_id: `00000000-0000-4000-8000-${String(offset).padStart(12, "0")}`,
    timestamp: new Date(Date.now() - offset).toISOString(),
    event_type: "process_start",
    host: `ws-${String(offset % 24).padStart(2, "0")}`,
    user: `LAB\\user${offset % 9}`,
    command_line: offset % 11 ? `cmd.exe /c echo ${offset}` : HOSTILE[(offset / 11) % HOSTILE.length],
    nested: { list: [1, 2.5, true, null] },
  });
  const binary = offset % 13 === 5;
  return {
    topic,
    partition,
    offset,
    timestamp: new Date().toISOString(),
    key: `ws-${String(offset % 24).padStart(2, "0")}`,
    key_encoding: "utf-8",
    headers: [
      ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
      ["event-id", `00000000-0000-4000-8000-${String(offset).padStart(12, "0")}`],
    ],
    value: binary ? "AAECAwQFBgcICQ==" : offset % 17 === 3 ? null : value,
    value_bytes: binary ? 10 : offset % 17 === 3 ? 0 : value.length,
    truncated: value.length > 100_000,
    encoding: binary ? "base64" : "utf-8",
  };
}

const matching = (records: TopicRecord[], q: string | null) =>
  q ? records.filter((one) => `${one.value} ${one.key}`.includes(q)) : records;

function deadLetter(number: number): DeadLetter {
  const reasons = ["not_json", "too_large", "null_value", "not_an_object"];
  const reason = reasons[number % reasons.length] ?? "";
  return {
    reason,
    detail: reason === "not_json" ? "unexpected character at byte 0" : "",
    topic: "security-events",
    partition: number % 3,
    offset: 4_000 - number * 7,
    record_time: new Date(Date.now() - number * 60_000).toISOString(),
    stored_time: new Date(Date.now() - number * 60_000 + 300).toISOString(),
    value: reason === "null_value" ? null : (HOSTILE[number % HOSTILE.length] ?? null),
    encoding: "utf-8",
    value_bytes: 120,
    replayed_time: number % 6 === 1 ? new Date().toISOString() : null,
  };
}

export const topicRoutes: MockRoute[] = [
  { path: /\/api\/topics/, answer: () => TOPICS },
  {
    path: /\/api\/topics\/([^/]+)\/records/,
    answer: ({ parts, query }) => {
      const asked = query.get("from") ?? "latest";
      const limit = Number(query.get("limit") ?? 50);
      const start = asked === "latest" ? 5_000 : asked === "earliest" ? limit : Number(asked) + limit;
      const records = Array.from({ length: limit }, (_, back) =>
        record(parts[0] ?? "", back % 3, start - back - 1),
      );
      return {
        searched: limit,
        complete: true,
        records: matching(records, query.get("q")),
        at: { 0: start - limit, 1: start - limit, 2: start - limit },
      };
    },
  },
  {
    path: /\/api\/topics\/([^/]+)\/tail/,
    stream: ({ parts, query }, send) => {
      let offset = 5_000;
      const timer = setInterval(() => {
        const records = Array.from({ length: 4 }, () => record(parts[0] ?? "", offset % 3, offset++));
        send("records", {
          records: matching(records, query.get("q")),
          dropped: offset % 40 === 0 ? 12 : 0,
          problem: null,
        });
      }, 700);
      return () => clearInterval(timer);
    },
  },
  {
    path: /\/api\/dead-letters/,
    answer: ({ query }) => {
      const all = Array.from({ length: 42 }, (_, number) => deadLetter(number));
      const reasons: Record<string, number> = {};
      for (const one of all) reasons[one.reason] = (reasons[one.reason] ?? 0) + 1;
      const asked = query.get("reason");
      const rows = all.filter((one) => !asked || one.reason === asked);
      const from = Number(query.get("cursor") ?? 0);
      return {
        rows: rows.slice(from, from + 20),
        next: from + 20 < rows.length ? String(from + 20) : null,
        reasons,
      };
    },
  },
];
