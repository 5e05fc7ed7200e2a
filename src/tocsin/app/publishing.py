"""Connects a worker with the topics that its verdicts are published to, if there are any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tocsin.app.settings import Settings
from tocsin.kafka import Cluster, Topic
from tocsin.run.loop import Side
from tocsin.run.pace import Pace
from tocsin.sinks.kafka import KafkaSink
from tocsin.sinks.messages import Outputs


def publishing(
    settings: Settings, cluster: Cluster, topic: Topic, tell: Callable[[str], None]
) -> KafkaSink | None:
    """Open the sink of the topics that the settings name, or none; to be closed after the worker has ended.

    Args:
        settings: where everything is.
        cluster: where the topics are.
        topic: the input.
        tell: called with sentences for the person watching.

    Raises:
        SettingsError: a topic is named twice, is the input itself, or takes too little.
        StreamError: no broker answers, or it refuses.
    """
    wanted = settings.publish
    outputs = Outputs(
        detections=wanted.detections_topic,
        classified=wanted.classified_topic,
        dead_letters=wanted.dead_letters_topic,
        raw=wanted.classified_raw,
    )
    if not outputs.names:
        return None
    return KafkaSink(cluster, topic, f"{settings.kafka.group}.kafka", outputs, tell)


def sides_of(sink: KafkaSink | None, settings: Settings, pace: Pace) -> list[Side]:
    """Return how the loop is to treat the sink: quicker than the results, for these are alerts."""
    if sink is None:
        return []
    own = replace(pace, commit_seconds=settings.publish.seconds)
    return [Side("kafka", sink, settings.publish.backfill, own)]
