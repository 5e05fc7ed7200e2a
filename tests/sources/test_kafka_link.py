"""A cluster that goes away is waited for, visibly; one that refuses is not."""

import json
import time

import pytest
from confluent_kafka import KafkaError

from tests.sources.test_kafka import QUICK, Reading, send
from tocsin.broker import start
from tocsin.errors import StreamError
from tocsin.kafka import Cluster, topic_of
from tocsin.sources import kafka as kafka_source
from tocsin.sources.kafka import KafkaSource, Membership
from tocsin.sources.kafka_link import Link


def statistics(*states: str) -> str:
    return json.dumps({"name": "x", "brokers": {str(n): {"state": s} for n, s in enumerate(states)}})


def test_going_and_coming_back_are_told_once():
    """The state can be asked for meanwhile."""
    told: list[str] = []
    link = Link("127.0.0.1:9", told.append)
    assert link.waiting() is None
    link._counted(statistics("UP", "INIT"))
    link._counted(statistics("TRY_CONNECT", "DOWN"))
    assert link.waiting() is None, "a connection may be made anew"
    for _ in range(3):
        link._heard(KafkaError(KafkaError._ALL_BROKERS_DOWN))
        link._counted(statistics("INIT", "DOWN"))
    assert link.waiting() is not None
    link.check()
    for _ in range(3):
        link._counted(statistics("DOWN", "UP"))
    assert link.waiting() is None
    assert told == ["waiting for Kafka at 127.0.0.1:9", "Kafka at 127.0.0.1:9 answers again after 0 s"]


def test_a_cluster_that_refuses_is_not_waited_for():
    """A changed password needs a person."""
    link = Link("127.0.0.1:9", print)
    link._heard(KafkaError(KafkaError._AUTHENTICATION, "SASL authentication failed"))
    with pytest.raises(StreamError, match=r"127\.0\.0\.1:9 refuses: SASL authentication failed"):
        link.check()


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_that_is_restarted_is_waited_for(needs_apache, tmp_path):
    """Reading goes on where it was, with what was sent meanwhile."""
    told: list[str] = []
    with start("apache", tmp_path / "kafka", 0, print) as broker:
        bootstrap = broker.bootstrap
        topic = topic_of(Cluster(bootstrap), "events", 3)
        send(bootstrap, topic, {0: 3})
        source = KafkaSource(Cluster(bootstrap, QUICK), topic, Membership("group", tell=told.append))
        one = Reading(source, {})
        source.open(one)
        one.until(source.caught_up)
    try:
        one.until(lambda: source.link.waiting() is not None)
        assert told == [f"waiting for Kafka at {bootstrap}"]
        port = int(bootstrap.rpartition(":")[2])
        time.sleep(1.0)
        with start("apache", tmp_path / "kafka", port, print):
            one.until(lambda: source.link.waiting() is None, timeout=60)
            assert told[1].startswith(f"Kafka at {bootstrap} answers again after")
            send(bootstrap, topic, {0: 3})
            one.until(lambda: len(one.records) == 6, timeout=60)
            assert one.records == [(0, o) for o in range(6)]
    finally:
        source.close()


@pytest.mark.kafka
@pytest.mark.slow
def test_a_worker_may_end_while_the_broker_is_away(needs_apache, tmp_path, monkeypatch):
    """A copy of positions that is under way does not hold it up."""
    monkeypatch.setattr(kafka_source, "_LEAVE", 0.5)
    with start("apache", tmp_path / "kafka", 0, print) as broker:
        topic = topic_of(Cluster(broker.bootstrap), "events", 3)
        source = KafkaSource(Cluster(broker.bootstrap, QUICK), topic, Membership("group"))
        one = Reading(source, {})
        source.open(one)
        one.until(source.caught_up)
    source.commit({0: 0})
    one.turn()
    began = time.monotonic()
    source.close()
    assert time.monotonic() - began < 10
