// What the server's answers look like; its own description is at /api/openapi.json.

export type Level = "critical" | "high" | "medium" | "low" | "informational";
export const LEVELS: readonly Level[] = ["critical", "high", "medium", "low", "informational"];

/** A detection; the keys are those of NDJSON, Kafka and the results. */
export interface Detection {
  detection_id: string;
  event_id: string;
  timestamp: string | null;
  stored_time?: string | null;
  rule_id: string;
  rule_title: string;
  rule_revision: string;
  level: Level;
  tactics: string[];
  techniques: string[];
  host: string | null;
  user: string | null;
  source_ip: string | null;
  event_type: string | null;
  matched: Record<string, string | string[]>;
  topic?: string;
  partition?: number;
  offset?: number;
  file?: string;
  line?: number;
  trace_id: string | null;
}

export interface Status {
  version: string;
  topic: string;
  group: string;
  results: string;
  /** Null until somebody asks for a rule. */
  rules: { revision: string | null; count: number | null; paths: string[] };
  kafka: { state: "connected" | "away" | "not_asked"; detail: string };
  catalogue_version: string;
  started: string;
  time: string;
}

export interface LivePoint {
  time: string;
  per_second: number | null;
  lag: number | null;
  p99_ms: number | null;
  detections: number | null;
}

export interface Live {
  time: string;
  kafka: { state: "connected" | "away" | "not_asked"; detail: string };
  results: { state: "there" | "missing"; detail: string };
  events: { total: number; per_second: number | null; rejected: number };
  /** `by_level` is of the last quarter of an hour. */
  detections: { total: number | null; per_minute: number | null; by_level: Record<Level, number> };
  lag: {
    total: number | null;
    partitions: {
      topic: string;
      partition: number;
      position: number | null;
      end: number | null;
      lag: number | null;
      worker: string | null;
      per_second: number | null;
    }[];
    /** Partitions that are not told of, having less lag. */
    left_out: number;
    /** Partitions that nobody reads. */
    unread: number;
    /** Until there is no lag, at the rates of the moment; null when it is not going down. */
    seconds_left: number | null;
  };
  latency_ms: {
    stored: { p50: number | null; p95: number | null; p99: number | null } | null;
    window_seconds: number;
  };
  tactics: { start: string; tactic: string; name: string; count: number }[];
  workers: { id: string; host: string; partitions: number[]; state: string }[];
  recent: Detection[];
  history: LivePoint[] | null;
}

export type StageName =
  "produce" | "topic" | "poll" | "decode" | "match" | "write" | "commit" | "csv" | "detections_topic";

export interface Stage {
  name: StageName;
  label: string;
  per_second: number | null;
  seconds_per_batch: number | null;
  /** Of the time of its thread that it takes, in the busiest worker. */
  share: number | null;
  backlog: number | null;
  detail: string;
  state: "ok" | "slow" | "waiting" | "unknown";
}

export interface Pipeline {
  stages: Stage[];
  bottleneck: StageName | null;
  explanation: string;
  source: "metrics" | "table";
}

export interface Topic {
  name: string;
  role: "events" | "detections" | "classified" | "dead_letters" | "other";
  partitions: number;
  records: number | null;
  about: string;
}

export interface TopicRecord {
  topic: string;
  partition: number;
  offset: number;
  timestamp: string | null;
  key: string | null;
  key_encoding: "utf-8" | "base64";
  headers: [string, string | null][];
  value: string | null;
  value_bytes: number;
  truncated: boolean;
  encoding: "utf-8" | "base64";
}

export interface Records {
  /** The newest first when asked from the latest, else in order of offsets. */
  records: TopicRecord[];
  /** Partition -> the offset after what was looked at. */
  at: Record<string, number>;
  searched: number;
  /** All was looked at, not only as much as time and memory allow. */
  complete: boolean;
}

export interface DeadLetter {
  reason: string;
  detail: string;
  topic: string;
  partition: number;
  offset: number;
  record_time: string | null;
  stored_time: string | null;
  value: string | null;
  encoding: "utf-8" | "base64";
  value_bytes: number;
  replayed_time: string | null;
}

export interface Page<Row> {
  rows: Row[];
  next: string | null;
}
