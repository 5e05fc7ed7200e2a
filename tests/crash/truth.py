"""What an undisturbed run would give, computed from the topic itself, and what the results really hold."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from confluent_kafka import Consumer, TopicPartition

from tocsin.detect import Detector
from tocsin.kafka import Cluster, topic_of
from tocsin.model import Batch, Stream
from tocsin.model.detection_record import detection_records
from tocsin.results.table import dataset

Place = tuple[int, int]
"""Partition and offset."""


@dataclass
class Outcome:
    """What became of the records of a topic; counted, so that twice shows.

    Attributes:
        verdicts: (partition, offset, event id, technique).
        dead: (partition, offset, reason).
        detections: detection ids.
    """

    verdicts: Counter[tuple[int, int, str, str]] = field(default_factory=Counter)
    dead: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    detections: Counter[str] = field(default_factory=Counter)


def read_topic(bootstrap: str, topic: str) -> list[tuple[Place, bytes | None, bytes]]:
    """Return every record that a reader of committed records gets: its place, its value and its key."""
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": "truth",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    }
    consumer = Consumer(settings)
    known = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in known])
    records: list[tuple[Place, bytes | None, bytes]] = []
    ended: set[int] = set()
    while len(ended) < len(known):
        for message in consumer.consume(10_000, 10):
            if message.error() is None:
                place = cast("Place", (message.partition(), message.offset()))
                value, key = message.value(), message.key()
                records.append((place, value, key or b""))
            else:
                ended.add(cast("int", message.partition()))
    consumer.close()
    return records


def expected(bootstrap: str, topic: str, detector: Detector) -> Outcome:
    """Judge the whole topic once, here, with nobody disturbing."""
    stream = Stream("topic", topic, topic_of(Cluster(bootstrap), topic, 1).id)
    outcome = Outcome()
    records = sorted(read_topic(bootstrap, topic), key=lambda record: record[0])
    for partition in sorted({place[0] for place, _, _ in records}):
        part = [(place[1], value) for place, value, _ in records if place[0] == partition]
        count = len(part)
        batch = Batch(
            stream=stream,
            partitions=[partition] * count,
            offsets=[offset for offset, _ in part],
            timestamps=[0] * count,
            keys=[None] * count,
            values=[value for _, value in part],
            headers=[()] * count,
        )
        judged = detector.judge(batch)
        for row, verdict in enumerate(judged.verdicts):
            offset = batch.offsets[row]
            if verdict.rejected is None:
                key = (partition, offset, judged.events.ids[row], verdict.label.technique)
                outcome.verdicts[key] += 1
            else:
                outcome.dead[partition, offset, verdict.rejected.reason.value] += 1
        outcome.detections.update(str(d["detection_id"]) for d in detection_records(judged))
    return outcome


def stored(results: Path) -> Outcome:
    """Return what the results table and the dead letters hold."""
    rows = dataset(results).to_table(columns=["partition", "offset", "event_id", "technique", "detections"])
    dead = dataset(results, "dead_letters").to_table(columns=["partition", "offset", "reason"])
    outcome = Outcome()
    for row in rows.to_pylist():
        outcome.verdicts[row["partition"], row["offset"], row["event_id"], row["technique"]] += 1
        outcome.detections.update(d["detection_id"] for d in row["detections"])
    for row in dead.to_pylist():
        outcome.dead[row["partition"], row["offset"], row["reason"]] += 1
    return outcome


def published(bootstrap: str, topic: str, key: str) -> Counter[str]:
    """Return the ids in a topic that a reader of committed records gets."""
    return Counter(
        json.loads(value)[key] for _, value, _ in read_topic(bootstrap, topic) if value is not None
    )


def csv_events(path: Path) -> Counter[tuple[str, str]]:
    """Return (event id, technique) of every line of the CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return Counter((row["event_id"], row["mitre_technique"]) for row in csv.DictReader(file))


def differences(wanted: Counter[Any], found: Counter[Any]) -> str:
    """Say in a line what is missing and what is there too often; nothing when all is well."""
    missing, surplus = wanted - found, found - wanted
    if not missing and not surplus:
        return ""
    some = [*list(missing)[:3], *list(surplus)[:3]]
    return f"{missing.total()} missing, {surplus.total()} too many, such as {some}"
