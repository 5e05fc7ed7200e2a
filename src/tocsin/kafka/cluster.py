"""A Kafka cluster and its topics, as everyone who talks to it knows them."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tocsin.errors import SettingsError, StreamError, nearest
from tocsin.kafka import faults
from tocsin.kafka.diagnosis import security_fault
from tocsin.kafka.faults import bad_option
from tocsin.kafka.patience import LEADERLESS, UNCONTROLLED, patiently

logger = logging.getLogger("tocsin.kafka")
"""Where librdkafka's own messages go, instead of straight to stderr."""
logger.addHandler(logging.NullHandler())
logger.propagate = False

_TIMEOUT = 10.0
"""Seconds to wait for a cluster to answer before saying that it is not there."""

_TRY = 2.0
"""Seconds after which it is looked into why no broker answers."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """How to reach a Kafka cluster.

    Attributes:
        bootstrap_servers: brokers to ask first, `host:port,...`.
        options: further librdkafka properties (TLS, SASL, tuning); they win over Tocsin's own.
    """

    bootstrap_servers: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)  # there may be secrets among them

    def client(self, defaults: Mapping[str, object]) -> dict[str, Any]:
        """Return the configuration of a client: `defaults`, overridden by the options."""
        return {**defaults, **self.options, "bootstrap.servers": self.bootstrap_servers, "logger": logger}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster knows it.

    Attributes:
        cluster: the cluster's id.
        name: the topic's name.
        id: the topic's id, never used again; the name where the broker has no ids.
        partitions: how many it has.
    """

    cluster: str
    name: str
    id: str
    partitions: int


def topic_of(cluster: Cluster, name: str, create_with: int) -> Topic:
    """Find a topic, or create it with `create_with` partitions.

    Raises:
        StreamError: no broker answers, or it refuses.
        SettingsError: a client property that librdkafka does not know or accept, or that keeps us out.
    """
    with _admin(cluster) as admin:
        known = admin.list_topics(timeout=_TIMEOUT)
        if name not in known.topics:
            _create(admin, name, create_with)
            known = admin.list_topics(timeout=_TIMEOUT)
        return _topic(known, name, _described(admin, name))


def topic_there(cluster: Cluster, name: str) -> Topic:
    """Find a topic.

    Raises:
        StreamError: no broker answers, or it refuses.
        SettingsError: there is no such topic, or a client property as with `topic_of`.
    """
    with _admin(cluster) as admin:
        known = admin.list_topics(timeout=_TIMEOUT)
        if name not in known.topics:
            place = f"Kafka at {cluster.bootstrap_servers}"
            hint = nearest(name, known.topics) or "name another one with --topic"
            raise SettingsError(f"{place} has no topic {name!r}", hint)
        return _topic(known, name, _described(admin, name))


def _topic(known: Any, name: str, found: Any) -> Topic:  # noqa: ANN401 - confluent-kafka ships no types
    return Topic(
        cluster=str(known.cluster_id),
        name=name,
        id=str(found.topic_id) if found.topic_id else name,
        partitions=len(found.partitions),
    )


def unreachable(cluster: Cluster, error: KafkaException | TimeoutError) -> StreamError | SettingsError:
    """Return what to tell the user about a cluster that does not answer, not in time, or refuses."""
    return faults.unreachable(cluster.bootstrap_servers, error)


@contextmanager
def _admin(cluster: Cluster) -> Iterator[AdminClient]:
    """Yield a client to which the cluster has answered.

    Raises:
        SettingsError: properties that librdkafka does not accept, or that keep us out.
        StreamError: no broker answers.
    """
    faults.check_options(cluster.options)
    told: deque[KafkaError] = deque(maxlen=20)
    try:
        admin = AdminClient(cluster.client({"error_cb": told.append}))
    except KafkaException as error:
        raise bad_option(error) from error
    try:
        _wait_for(cluster, admin, told)
        yield admin
    except (KafkaException, TimeoutError) as error:
        raise unreachable(cluster, error) from error


def _wait_for(cluster: Cluster, admin: AdminClient, told: deque[KafkaError]) -> None:
    """Return when a broker has answered; look at once into why none does."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        try:
            admin.list_topics(timeout=min(_TRY, _TIMEOUT))
        except KafkaException:
            admin.poll(0)  # lets librdkafka tell what it knows
            found = security_fault(cluster.bootstrap_servers, cluster.options, list(told))
            if found is not None:
                raise found from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _described(admin: AdminClient, name: str) -> Any:  # noqa: ANN401 - confluent-kafka ships no types
    """Describe a topic; one that was made a moment ago may not have come round to the broker asked."""

    def ask() -> Any:  # noqa: ANN401 - confluent-kafka ships no types
        topics = admin.describe_topics(TopicCollection([name]), request_timeout=_TIMEOUT)
        return topics[name].result(_TIMEOUT)

    return patiently(ask, lambda code: _TIMEOUT if code in LEADERLESS else 0.0)


def _create(admin: AdminClient, name: str, partitions: int) -> None:
    def ask() -> None:
        made = admin.create_topics([NewTopic(name, num_partitions=partitions)], request_timeout=_TIMEOUT)
        made[name].result(_TIMEOUT)

    try:
        patiently(ask, lambda code: _TIMEOUT if code in UNCONTROLLED else 0.0)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
