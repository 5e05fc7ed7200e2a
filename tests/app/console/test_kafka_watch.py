"""What is seen of Kafka is what there is: away is only what does not answer at all."""

import time
from collections.abc import Callable

import pytest

from tocsin.app.console.kafka_watch import KafkaSeen, KafkaWatch
from tocsin.app.lag import Lookout
from tocsin.app.wire import cluster_of
from tocsin.errors import StreamError
from tocsin.kafka import Cluster, topic_of
from tocsin.results.location import Location


@pytest.fixture
def watch(settings_at, kafka, unique_name) -> KafkaWatch:
    settings = settings_at(kafka__bootstrap_servers=kafka, kafka__topic=unique_name)
    return KafkaWatch(settings, cluster_of(settings), Location.of(settings.results.dir), lambda: "")


def until(watch: KafkaWatch, what: Callable[[KafkaSeen], bool]) -> None:
    """Look until something is so; a broker that is busy may not answer at once."""
    deadline = time.monotonic() + 60
    while True:
        watch.step()
        if what(watch.seen):
            return
        assert time.monotonic() < deadline, watch.seen


@pytest.mark.kafka
def test_a_topic_that_is_made_later_is_found(watch, kafka, unique_name):
    """Looking makes none."""
    until(watch, lambda seen: seen.state == "connected")
    assert f"no topic {unique_name!r}" in watch.seen.detail
    topic_of(Cluster(kafka), unique_name, 3)
    until(watch, lambda seen: [one.partition for one in seen.lags] == [0, 1, 2])
    until(watch, lambda seen: bool(seen.lags) and seen.lags[0].produced_per_second == 0)


@pytest.mark.kafka
def test_a_broker_that_does_not_know_the_group_yet_is_not_away(watch, kafka, unique_name, monkeypatch):
    """As in the first moments after its start; then all is well."""
    topic_of(Cluster(kafka), unique_name, 1)
    whole = Lookout.look

    def refuse(_: Lookout) -> None:
        raise StreamError("not the coordinator")

    monkeypatch.setattr(Lookout, "look", refuse)
    until(watch, lambda seen: seen.state == "connected")
    assert "not the coordinator" in watch.seen.detail
    assert watch.seen.lags == ()
    monkeypatch.setattr(Lookout, "look", whole)
    until(watch, lambda seen: len(seen.lags) == 1)


def test_who_does_not_answer_is_away(settings_at):
    """In words, with what to do."""
    settings = settings_at()
    watch = KafkaWatch(settings, cluster_of(settings), Location.of(settings.results.dir), lambda: "")
    assert watch.seen.state == "not_asked"
    until(watch, lambda seen: seen.state == "away")
    assert "tocsin broker start" in watch.seen.detail
