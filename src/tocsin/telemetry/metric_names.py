"""The one list of metrics that a worker has: what the endpoint shows and the documentation describes.

Names and units follow Prometheus's naming practices: the unit is in the name, counters end in `_total`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of time series.

    Attributes:
        labels: their names, in order.
        help: one sentence.
    """

    name: str
    type: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str


RECORDS = Metric("tocsin_records_total", "counter", (), "Records judged: events, and what was rejected.")
VERDICTS = Metric(
    "tocsin_verdicts_total", "counter", ("tactic",), "Events by the tactic of their label; TA0000: nothing."
)
DETECTIONS = Metric("tocsin_detections_total", "counter", ("level",), "Rules firing on events, by level.")
RULE_DETECTIONS = Metric(
    "tocsin_rule_detections_total",
    "counter",
    ("rule_id", "rule_title", "level"),
    "The same by rule; only of rules that fired, and of no more than 1,000 of them.",
)
REJECTED = Metric(
    "tocsin_rejected_total", "counter", ("reason",), "Records that are no events: in the dead letters."
)
STAGE = Metric(
    "tocsin_stage_duration_seconds",
    "histogram",
    ("stage", "sink"),
    "How long one batch took in a stage: poll (with waiting), decode, match, write, flush, commit.",
)
LATENCY = Metric(
    "tocsin_latency_seconds",
    "histogram",
    ("sink",),
    "From Kafka's timestamp of a record until it is durable in a sink; exemplars name traces.",
)
BATCH = Metric("tocsin_batch_records", "histogram", (), "Records in a batch.")
STORED = Metric("tocsin_stored_records_total", "counter", ("sink",), "Records that became durable in a sink.")
SINK_FAILURES = Metric(
    "tocsin_sink_failures_total", "counter", ("sink",), "Calls that a store refused; each is tried again."
)
SINK_REFUSED = Metric(
    "tocsin_sink_refused_partitions_total",
    "counter",
    ("sink",),
    "Partitions of a flush that another worker had moved on already.",
)
QUEUE_RATIO = Metric("tocsin_sink_queue_ratio", "gauge", ("sink",), "How full a sink's queue is; 1 is full.")
QUEUE_RECORDS = Metric("tocsin_sink_queue_records", "gauge", ("sink",), "Records that wait for a sink.")
QUEUE_BYTES = Metric("tocsin_sink_queue_bytes", "gauge", ("sink",), "Their bytes.")
SINK_BUSY = Metric("tocsin_sink_busy_seconds", "gauge", ("sink",), "Since when a sink is at one thing.")
COMMIT_AGE = Metric(
    "tocsin_sink_commit_age_seconds",
    "gauge",
    ("sink",),
    "Since a sink's last commit; absent before the first.",
)
LAG = Metric(
    "tocsin_lag_records", "gauge", ("partition",), "Records not yet read, of each partition of this worker."
)
ASSIGNED = Metric("tocsin_assigned_partitions", "gauge", (), "Partitions of this worker.")
READING = Metric("tocsin_reading_partitions", "gauge", (), "Those of them that are read.")
REBALANCES = Metric(
    "tocsin_rebalances_total", "counter", ("kind",), "Times that partitions were assigned, revoked or lost."
)
READY = Metric("tocsin_ready", "gauge", (), "1 when /readyz says so.")
HEALTHY = Metric("tocsin_healthy", "gauge", (), "1 when /healthz says so.")
KAFKA_WAITING = Metric("tocsin_kafka_waiting_seconds", "gauge", (), "Since when no broker answers; else 0.")
KAFKA_RECEIVED = Metric(
    "tocsin_kafka_received_bytes_total", "counter", (), "Bytes that librdkafka received from brokers."
)
KAFKA_SENT = Metric("tocsin_kafka_sent_bytes_total", "counter", (), "Bytes that it sent to them.")
KAFKA_ERRORS = Metric(
    "tocsin_kafka_errors_total", "counter", ("kind",), "Its receive and send errors, and requests timed out."
)
KAFKA_RTT = Metric(
    "tocsin_kafka_round_trip_seconds",
    "gauge",
    ("broker",),
    "99th percentile of the last requests to a broker.",
)
KAFKA_FETCHED = Metric(
    "tocsin_kafka_prefetched_bytes", "gauge", (), "Bytes fetched ahead, which the worker has not polled yet."
)
RULE_SET = Metric("tocsin_rule_set_info", "gauge", ("revision",), "1 for the rule set that judges.")
RULES = Metric("tocsin_rules", "gauge", (), "Rules in it that run.")
RELOADS = Metric(
    "tocsin_rule_set_reloads_total", "counter", ("outcome",), "Reloads: swapped, unchanged, or refused."
)
RELOAD_FAILED = Metric(
    "tocsin_rule_set_reload_failed", "gauge", (), "1 while the newest rules on disk were refused."
)
CACHE_LOOKUPS = Metric(
    "tocsin_cache_lookups_total", "counter", (), "Values of fields looked up in what is remembered of them."
)
CACHE_MISSES = Metric(
    "tocsin_cache_misses_total", "counter", (), "Those that had to be searched and were remembered."
)
RULE_TESTS = Metric(
    "tocsin_rule_tests_total",
    "counter",
    ("rule_id", "rule_title"),
    "Events on which a rule's whole condition had to be evaluated, of the 50 rules with most.",
)
RULE_SECONDS = Metric(
    "tocsin_rule_seconds_total",
    "counter",
    ("rule_id", "rule_title"),
    "Estimate of what evaluating a rule's condition in full for all its candidates takes, of the 50 dearest.",
)
RULE_CANDIDATES = Metric(
    "tocsin_rule_candidates_total",
    "counter",
    ("rule_id", "rule_title"),
    "Events for which the same rules are candidates, by their log sources.",
)
SPANS = Metric(
    "tocsin_spans_total", "counter", ("outcome",), "Spans: exported to a collector, stored here, or dropped."
)
LOGS_SUPPRESSED = Metric(
    "tocsin_log_messages_suppressed_total", "counter", (), "Repeated log lines left out."
)
WORKER = Metric("tocsin_worker_info", "gauge", ("version", "topic", "group"), "1; what this worker is.")

METRICS: tuple[Metric, ...] = tuple(found for found in list(globals().values()) if isinstance(found, Metric))
"""All of them, in the order above."""
