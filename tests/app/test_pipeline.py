"""The pipeline as calls: what the commands do, for programs and notebooks."""

import csv
import uuid

import pytest
from confluent_kafka import Producer

import tocsin
from tocsin.errors import SettingsError, StreamError


@pytest.fixture
def pipeline(kafka, tmp_path, unique_name) -> tocsin.Pipeline:
    return tocsin.Pipeline(
        tmp_path, topic=unique_name, group=unique_name, bootstrap_servers=kafka, trace="all", tell=print
    )


@pytest.mark.kafka
def test_what_is_produced_is_classified_once(pipeline):
    """Also in two goes; a second call has nothing left to do."""
    assert pipeline.produce(60, seed=7) == 60
    assert sum(one.lag for one in pipeline.lag()) == 60
    assert pipeline.classify().records == 60
    assert pipeline.produce(40, seed=8) == 40
    assert (pipeline.classify().records, pipeline.classify().records) == (40, 0)
    assert sum(one.lag for one in pipeline.lag()) == 0
    with pipeline.csv.open(encoding="utf-8", newline="") as file:
        assert len({row["event_id"] for row in csv.DictReader(file)}) == 100
    assert pipeline.statistics().processing.events == 100


@pytest.mark.kafka
def test_events_of_ones_own_are_labelled_and_can_be_told(pipeline):
    """With the id that the event gives, or one that it gets; a trace shows every stage."""
    known = str(uuid.uuid4())
    event = {"event_type": "process_start", "timestamp": "2026-11-21T10:00:00Z", "host": "ws-1"}
    own = [
        {**event, "event_id": known, "command_line": "powershell -EncodedCommand aQBlAHgA"},
        {**event, "command_line": "notepad.exe"},
    ]
    assert pipeline.publish(own) == 2
    assert pipeline.classify().records == 2
    story = pipeline.story(known)
    assert story.row is not None
    assert (story.row["technique"], story.row["host"]) == ("T1059.001", "ws-1")
    assert {step.span.name for step in story.steps} >= {"consume_event", "classify_event", "write_delta"}


@pytest.mark.kafka
def test_what_is_no_event_is_counted(pipeline, kafka):
    """It is kept in the dead letters."""
    pipeline.publish([{"event_type": "process_start"}])
    other = Producer({"bootstrap.servers": kafka})
    other.produce(pipeline.settings.kafka.topic, b"no JSON")
    assert other.flush(20) == 0
    done = pipeline.classify()
    assert (done.records, done.rejected) == (2, 1)


def test_a_setting_that_is_wrong_is_named(tmp_path):
    """As on the command line."""
    with pytest.raises(SettingsError, match=r"trace\.events"):
        tocsin.Pipeline(tmp_path, trace="everything")


@pytest.mark.usefixtures("impatient")
def test_a_broker_that_is_away_is_told(tmp_path):
    """Not waited for without end."""
    pipeline = tocsin.Pipeline(tmp_path, bootstrap_servers="127.0.0.1:1")
    with pytest.raises(StreamError):
        pipeline.produce(1)
