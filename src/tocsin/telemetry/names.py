"""The one list of names of spans and attributes, as traces show them.

Names of attributes are those of OpenTelemetry's semantic conventions where there is one (general, and
messaging for Kafka); what only Tocsin has begins with `tocsin.`.
"""

from __future__ import annotations

PRODUCER_SERVICE = "tocsin-producer"
WORKER_SERVICE = "packet-classifier"

PRODUCE = "produce_event"
CONSUME = "consume_event"
CLASSIFY = "classify_event"
WRITE_DELTA = "write_delta"
WRITE_CSV = "write_csv"
PUBLISH = "publish"

PROCESS_BATCH = "process_batch"
POLL = "poll"
DECODE = "decode"
MATCH = "match"
WRITE = "write"
COMMIT = "commit"

EVENT_ID = "event.id"
EVENT_TYPE = "event.type"
HOST = "host.name"
USER = "user.name"
TACTIC = "mitre.tactic"
TECHNIQUE = "mitre.technique"
RULES = "tocsin.rule.ids"
LEVEL = "tocsin.level"
RULE_SET = "tocsin.rule_set.revision"
RECONSTRUCTED = "tocsin.reconstructed"

SYSTEM = "messaging.system"
DESTINATION = "messaging.destination.name"
PARTITION = "messaging.destination.partition.id"
OFFSET = "messaging.kafka.offset"
GROUP = "messaging.consumer.group.name"
OPERATION = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
BATCH_SIZE = "messaging.batch.message_count"
