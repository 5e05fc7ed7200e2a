"""The single list of settings, by section; `settings.py` reads them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tocsin.decode import limits
from tocsin.decode.limits import DEFAULT


class Kafka(msgspec.Struct, frozen=True):
    """Which topic on which cluster, and as whom."""

    bootstrap_servers: Annotated[
        str, Meta(description="Brokers to ask first, as host:port, separated by commas.")
    ] = "127.0.0.1:9092"
    topic: Annotated[str, Meta(description="Topic that the raw events are in.", min_length=1)] = "raw-events"
    partitions: Annotated[
        int, Meta(description="Partitions of the topic when it has to be created.", ge=1, le=10_000)
    ] = 4
    group: Annotated[str, Meta(description="Consumer group of the workers.", min_length=1)] = (
        "packet-classifier"
    )
    client: Annotated[
        dict[str, str],
        Meta(
            description="Any librdkafka property, such as security.protocol=SASL_SSL.",
            extra={"flag": "-X"},
        ),
    ] = msgspec.field(default_factory=dict)
    group_instance_id: Annotated[
        str,
        Meta(
            description="Name of this worker as a static member: its partitions wait for it when it restarts."
        ),
    ] = ""
    on_gap: Annotated[
        Literal["stop", "continue"],
        Meta(description="When records were removed before they were read: stop, or note it and go on."),
    ] = "stop"


class Worker(msgspec.Struct, frozen=True):
    """How much a worker holds, and how long it waits for what."""

    queue_rows: Annotated[
        int, Meta(description="Records that may wait for a sink before no more are read...", ge=1)
    ] = 20_000
    queue_megabytes: Annotated[int, Meta(description="... or so many of their bytes.", ge=1)] = 32
    revoke_seconds: Annotated[
        float, Meta(description="Finish partitions that go to another worker within this.", ge=0)
    ] = 10.0
    drain_seconds: Annotated[
        float, Meta(description="Finish everything within this when told to stop.", ge=0)
    ] = 30.0
    patience_seconds: Annotated[
        float, Meta(description="Stop when a store has been away, or its disk full, for so long.", ge=0)
    ] = 60.0


class Health(msgspec.Struct, frozen=True):
    """What a worker answers to whoever looks after it."""

    listen: Annotated[
        str,
        Meta(
            description="Answer /healthz and /readyz at this host:port; empty for not.",
            extra={"flag": "--health-listen"},
        ),
    ] = ""
    stuck_seconds: Annotated[
        float,
        Meta(
            description="Not healthy when the loop, or a sink, has been at one thing for longer.",
            gt=0,
            extra={"flag": "--health-stuck-seconds"},
        ),
    ] = 120.0


class Metrics(msgspec.Struct, frozen=True):
    """What a worker shows to Prometheus."""

    listen: Annotated[
        str,
        Meta(
            description="Answer /metrics at this host:port; it may be that of health.listen; empty for not.",
            extra={"flag": "--metrics-listen"},
        ),
    ] = ""


class Trace(msgspec.Struct, frozen=True):
    """Which events are traced, for the collector that OTEL_EXPORTER_OTLP_ENDPOINT names or the store here."""

    events: Annotated[
        Literal["sampled", "all", "off"],
        Meta(
            description="Trace a sample and what was detected, all events, or none.",
            extra={"flag": "--trace"},
        ),
    ] = "sampled"
    ratio: Annotated[
        float,
        Meta(
            description="Share of the events that is traced whatever they are.",
            ge=0,
            le=1,
            extra={"flag": "--trace-ratio"},
        ),
    ] = 0.01
    level: Annotated[
        Literal["informational", "low", "medium", "high", "critical"],
        Meta(
            description="Every event with a detection of this level or above is traced.",
            extra={"flag": "--trace-level"},
        ),
    ] = "medium"
    store: Annotated[
        bool,
        Meta(
            description="Keep traces beside the results, for tocsin trace.", extra={"flag": "--trace-store"}
        ),
    ] = False
    store_megabytes: Annotated[
        int,
        Meta(
            description="What the kept traces may have on disk; beyond it the oldest are removed.",
            ge=1,
            extra={"flag": "--trace-store-megabytes"},
        ),
    ] = 1_000


class Log(msgspec.Struct, frozen=True):
    """What workers and producers say while they work, on stderr."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Leave out what matters less.", extra={"flag": "--log-level"}),
    ] = "info"
    format: Annotated[
        Literal["auto", "text", "json"],
        Meta(
            description="Sentences, or JSON lines; auto: sentences on a terminal, JSON elsewhere.",
            extra={"flag": "--log-format"},
        ),
    ] = "auto"
    detections: Annotated[
        Literal["none", "informational", "low", "medium", "high", "critical"],
        Meta(
            description="Also write a line for each detection of this level or above, with its ids.",
            extra={"flag": "--log-detections"},
        ),
    ] = "none"
    events: Annotated[
        bool,
        Meta(
            description="Put into those lines what the event says: host, user and the fields that matched.",
            extra={"flag": "--log-events"},
        ),
    ] = False


class Results(msgspec.Struct, frozen=True):
    """Where verdicts are kept."""

    dir: Annotated[
        str,
        Meta(description="Folder of the results table and the dead letters.", extra={"flag": "--results"}),
    ] = "data/results"
    csv: Annotated[
        str, Meta(description="The one-line-per-event CSV; empty for none.", extra={"flag": "--csv"})
    ] = "data/classified_packets.csv"
    keep_events: Annotated[
        Literal["detected", "all", "none"],
        Meta(description="Raw events kept beside their verdicts; 'detected' is above informational."),
    ] = "detected"
    commit_rows: Annotated[int, Meta(description="Commit after this many events...", ge=1)] = 20_000
    commit_seconds: Annotated[float, Meta(description="... or after this long.", gt=0)] = 0.5
    dead_letter_megabytes: Annotated[
        int,
        Meta(description="Dead letters kept whole per worker and hour; of more, only a hash.", ge=0),
    ] = 1_000


class Publish(msgspec.Struct, frozen=True):
    """The topics that verdicts are published to, in transactions; see docs/messages.md."""

    detections_topic: Annotated[
        str, Meta(description="Topic that gets a message for every detection; empty for none.")
    ] = ""
    classified_topic: Annotated[
        str, Meta(description="Topic that gets a message for every event; empty for none.")
    ] = ""
    classified_raw: Annotated[
        bool, Meta(description="Put the event as it was read into the messages of the classified topic.")
    ] = False
    dead_letters_topic: Annotated[
        str, Meta(description="Topic that gets the records that are not events; empty for none.")
    ] = ""
    backfill: Annotated[
        bool,
        Meta(description="Begin publishing at the log's start when it is new, not where the results are."),
    ] = False
    seconds: Annotated[
        float,
        Meta(description="Publish what is held after so long.", gt=0, extra={"flag": "--publish-seconds"}),
    ] = 0.05


class Rules(msgspec.Struct, frozen=True):
    """Which rules judge the events."""

    paths: Annotated[
        list[str],
        Meta(description="Sigma rules: a file, a folder, a zip, or builtin:NAME.", extra={"flag": "--rules"}),
    ] = msgspec.field(default_factory=lambda: ["builtin:lab", "builtin:windows"])
    pipelines: Annotated[
        list[str],
        Meta(
            description="pySigma processing pipelines that change the rules: a file, a folder, or a name.",
            extra={"flag": "--pipeline"},
        ),
    ] = msgspec.field(default_factory=list)
    placeholders: Annotated[
        dict[str, list[str]],
        Meta(
            description="Values of the placeholders in rules: what |expand puts in the place of %NAME%.",
            extra={"flag": "--placeholder"},
        ),
    ] = msgspec.field(default_factory=dict)
    reload_seconds: Annotated[
        float,
        Meta(description="Look for changed rules so often and swap them in; 0 for only on SIGHUP.", ge=0),
    ] = 5.0


class Limits(msgspec.Struct, frozen=True):
    """What a record may be; one that is beyond goes to the dead letters, which say so."""

    record_bytes: Annotated[
        int, Meta(description="Largest record.", ge=1, le=2**30, extra={"flag": "--limit-record-bytes"})
    ] = DEFAULT.record_bytes
    depth: Annotated[
        int,
        Meta(
            description="Objects and arrays inside one another.",
            ge=1,
            le=500,
            extra={"flag": "--limit-depth"},
        ),
    ] = DEFAULT.depth
    text_characters: Annotated[
        int, Meta(description="Longest text.", ge=1, extra={"flag": "--limit-text-characters"})
    ] = DEFAULT.text_characters
    values: Annotated[
        int,
        Meta(description="Fields and items of arrays in all.", ge=1, extra={"flag": "--limit-values"}),
    ] = DEFAULT.values


class Broker(msgspec.Struct, frozen=True):
    """The embedded Kafka for laptops and tests."""

    engine: Annotated[
        Literal["auto", "apache", "tansu"],
        Meta(description="apache (real Kafka on Java), tansu (in memory), or auto."),
    ] = "auto"
    data: Annotated[str, Meta(description="Folder of the embedded broker's data.")] = "data/broker"
    port: Annotated[int, Meta(description="Port on loopback; 0 picks a free one.", ge=0, le=65_535)] = 9092


class Console(msgspec.Struct, frozen=True):
    """The console: a web application that shows what the workers do and found; see docs/console.md."""

    listen: Annotated[
        str, Meta(description="Answer at this host:port; port 0 takes a free one.", min_length=1)
    ] = "127.0.0.1:8600"
    token: Annotated[
        str,
        Meta(
            description="What a browser or program has to know; without it there is a new one at each start"
            " where other machines can ask, and none is needed on loopback."
        ),
    ] = ""
    names: Annotated[
        list[str],
        Meta(
            description="Other names under which browsers may ask for it, such as that of a proxy.",
            extra={"flag": "--name"},
        ),
    ] = msgspec.field(default_factory=list)
    metrics: Annotated[
        list[str],
        Meta(
            description="Where workers answer /metrics, such as http://127.0.0.1:9464/metrics.",
            extra={"flag": "--metrics"},
        ),
    ] = msgspec.field(default_factory=list)
    jaeger_url: Annotated[
        str, Meta(description="Where browsers find Jaeger, for links to traces; empty for none.")
    ] = ""
    memory_megabytes: Annotated[
        int, Meta(description="What its database may hold; beyond it, sorting goes to disk.", ge=64)
    ] = 512


class Settings(msgspec.Struct, frozen=True):
    """All settings, by section."""

    kafka: Kafka = Kafka()
    worker: Worker = Worker()
    results: Results = Results()
    publish: Publish = Publish()
    rules: Rules = Rules()
    limits: Limits = Limits()
    health: Health = Health()
    metrics: Metrics = Metrics()
    log: Log = Log()
    trace: Trace = Trace()
    broker: Broker = Broker()
    console: Console = Console()


def limits_of(settings: Settings) -> limits.Limits:
    """Return what the settings allow a record to be."""
    return limits.Limits(**msgspec.structs.asdict(settings.limits))
