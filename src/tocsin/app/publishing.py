"""Connects a worker with the topics that its verdicts are published to, if there are any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tocsin.app.settings import Settings
from tocsin.kafka import Cluster, Topic
from tocsin.run.loop import Side
from tocsin.run.pace import Pace
from tocsin.sinks.kafka import KafkaSink
from tocsin.sinks.messages import Outputs


@contextmanager
def published(
    settings: Settings, pace: Pace, cluster: Cluster, topic: Topic, tell: Callable[[str], None]
) -> Iterator[list[Side]]:
    """Give the sink of the topics that the settings name, or none.

    Args:
        settings: where everything is.
        pace: the worker's.
        cluster: where the topics are.
        topic: the input.
        tell: called with sentences for the person watching.

    Raises:
        SettingsError: a topic is named twice, is the input itself, or takes too little.
    """
    wanted = settings.publish
    outputs = Outputs(
        detections=wanted.detections_topic,
        classified=wanted.classified_topic,
        dead_letters=wanted.dead_letters_topic,
        raw=wanted.classified_raw,
    )
    if not outputs.names:
        yield []
        return
    sink = KafkaSink(cluster, topic, f"{settings.kafka.group}.kafka", outputs, tell)
    try:
        yield [Side("kafka", sink, wanted.backfill, replace(pace, commit_seconds=wanted.seconds))]
    finally:
        sink.close()
