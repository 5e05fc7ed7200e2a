"""A detection has the same keys wherever it is written."""

from dataclasses import replace

from tocsin.model import NO_LABEL, Batch, Detection, Event, Events, Judged, Level, LogSource, Stream, Verdict
from tocsin.model.detection_record import detection_records
from tocsin.model.identity import trace_id

KEYS = [
    "detection_id",
    "event_id",
    "timestamp",
    "rule_id",
    "rule_title",
    "rule_revision",
    "level",
    "tactics",
    "techniques",
    "host",
    "user",
    "source_ip",
    "event_type",
    "matched",
]


def detection(rule_id, level=Level.HIGH, matched=(("Image", "a"),)):
    return Detection(rule_id, "Title", "r1", level, ("TA0002",), ("T1059",), matched)


def verdict(*detections):
    return Verdict(NO_LABEL, detections)


EVENT = Event("0e39a2a7-0a4b-4d6e-9f3c-0d9d3e6c6f10", "t", "u", "h", "ip", "type", {}, LogSource())


def judged(kind, *verdicts, partition=0):
    count = len(verdicts)
    stream = Stream(kind, "name", "id")
    batch = Batch(
        stream,
        [partition] * count,
        range(1, count + 1),
        [-1] * count,
        [None] * count,
        [b"{}"] * count,
        [()] * count,
    )
    return Judged(batch, Events.of([EVENT] * count), verdicts, "rev")


def test_the_keys_are_those_that_other_programs_rely_on():
    """In this order, with the place a record has in a file or in a topic."""
    in_file, in_topic = (
        next(detection_records(judged(kind, verdict(detection("a"))))) for kind in ("file", "topic")
    )
    assert list(in_file) == [*KEYS, "file", "line", "trace_id"]
    assert list(in_topic) == [*KEYS, "topic", "partition", "offset", "trace_id"]
    assert (in_file["file"], in_file["line"], in_file["level"]) == ("name", 1, "high")
    assert in_file["trace_id"] == "0e39a2a70a4b4d6e9f3c0d9d3e6c6f10"


def test_each_firing_is_one_record_with_an_id_of_its_own():
    """Events without detections have none; the order is that of the records."""
    rules = [verdict(detection("a"), detection("b")), verdict(), verdict(detection("a"))]
    found = list(detection_records(judged("topic", *rules)))
    assert [(record["rule_id"], record["offset"]) for record in found] == [("a", 1), ("b", 1), ("a", 3)]
    assert len({record["detection_id"] for record in found}) == 3


def test_lower_levels_can_be_left_out_without_changing_ids():
    """What is shown does not change what a detection is."""
    rules = judged("topic", verdict(detection("a", Level.LOW), detection("b", Level.HIGH)))
    everything, high = list(detection_records(rules)), list(detection_records(rules, Level.HIGH))
    assert high == everything[1:]


def test_several_values_of_a_field_are_a_list():
    """One is a text."""
    record = next(
        detection_records(
            judged("file", verdict(detection("a", matched=(("A", "1"), ("B", "2"), ("A", "3")))))
        )
    )
    assert record["matched"] == {"A": ["1", "3"], "B": "2"}


def test_a_files_place_among_others_is_not_part_of_the_id():
    """Reading a folder in another order gives the same ids; in a topic the partition counts."""

    def ids(kind, partition):
        return [
            r["detection_id"]
            for r in detection_records(judged(kind, verdict(detection("a")), partition=partition))
        ]

    assert ids("file", 0) == ids("file", 7)
    assert ids("topic", 0) != ids("topic", 7)


def test_the_trace_is_that_of_the_records_own_context():
    """Where it came with one; else the event id gives it."""
    given = judged("topic", verdict(detection("a")), verdict(detection("a")))
    own = [("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-00")]
    batch = replace(given.batch, headers=[own, ()])
    traces = [record["trace_id"] for record in detection_records(replace(given, batch=batch))]
    assert traces == ["a" * 32, trace_id(EVENT.event_id)]
