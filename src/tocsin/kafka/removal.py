"""Removes topics and groups that were made to be used once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka import admin as kafka_admin

from tocsin.kafka.cluster import Cluster

_PATIENCE = 15.0
"""Seconds that the cluster has for it."""

_ADMIN: Any = kafka_admin  # ships no types for what is used here


def remove(cluster: Cluster, topics: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Delete topics, and groups without members; return those that are still there.

    What is not there in the first place counts as removed.
    """
    admin = _ADMIN.AdminClient(cluster.client({"client.id": "tocsin-bench"}))
    with suppress(KafkaException):
        known = admin.list_topics(timeout=_PATIENCE).topics
        topics = [name for name in topics if name in known]
    left = _failed(admin.delete_topics(list(topics), operation_timeout=_PATIENCE)) if topics else []
    if groups:
        _failed(admin.delete_consumer_groups(list(groups), request_timeout=_PATIENCE))  # they expire anyway
    return left


def _failed(futures: dict[str, Any]) -> list[str]:
    left = []
    for name, future in futures.items():
        try:
            future.result(2 * _PATIENCE)
        except (KafkaException, TimeoutError):
            left.append(name)
    return left
