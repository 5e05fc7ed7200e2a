"""Pages, groups and histograms say what counting by hand says, for every filter."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tests.stats.detections.flat import BEGAN, RULES, Seen, Writer, caught_up
from tocsin.model import Level
from tocsin.stats.detections import questions
from tocsin.stats.detections.counts import groups, histogram, labels
from tocsin.stats.detections.narrowing import Narrowing
from tocsin.stats.detections.questions import detection, page, total
from tocsin.stats.detections.store import DetectionStore
from tocsin.stats.events import events_of
from tocsin.stats.questions import rules as rules_counted
from tocsin.stats.questions import techniques as techniques_counted

EVENTS = (
    Seen(0, "WS-01", "fin-01", ("rule-enc",)),
    Seen(1, "WS-02", "fin-02", ("rule-enc", "rule-net"), (("CommandLine", r"C:\Temp\ÄPFEL.exe"),)),
    Seen(2, "WS-02", "adm-01", ()),
    Seen(3, "DC-01", "adm-01", ("rule-dump",), (("Image", "a.exe"), ("Image", "b.exe"), ("Pid", "4"))),
    Seen(4, "DC-01", "adm-01", ("rule-net",), ()),
    Seen(4, "DC-01", "", ("rule-enc", "rule-dump", "rule-net")),
)
FIRED = [(event, rule) for event in EVENTS for rule in event.fired]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[DetectionStore]:
    folder = tmp_path_factory.mktemp("flat")
    writer = Writer(folder / "results")
    writer.write(*EVENTS[3:])
    writer.write(*EVENTS[:3])
    with caught_up(folder / "results", folder / "cache") as made:
        yield made


def titles(store: DetectionStore, chosen: Narrowing) -> list[tuple[object, object]]:
    return sorted((row["host"], row["rule_id"]) for row in page(store, chosen, 100).rows)


@pytest.mark.parametrize(
    ("chosen", "holds"),
    [
        (Narrowing(), lambda event, rule: True),
        (Narrowing(since=BEGAN + timedelta(minutes=3)), lambda event, rule: event.minute >= 3),
        (Narrowing(until=BEGAN + timedelta(minutes=3)), lambda event, rule: event.minute < 3),
        (Narrowing(levels=(Level.LOW, Level.HIGH)), lambda event, rule: rule != "rule-dump"),
        (Narrowing(tactics=("TA0006",)), lambda event, rule: rule == "rule-dump"),
        (Narrowing(techniques=("T1003.001",)), lambda event, rule: rule == "rule-dump"),
        (Narrowing(techniques=("T1003",)), lambda event, rule: rule == "rule-dump"),
        (Narrowing(techniques=("T100",)), lambda event, rule: False),
        (Narrowing(rules=("rule-net", "rule-enc")), lambda event, rule: rule != "rule-dump"),
        (Narrowing(hosts=("DC-01",)), lambda event, rule: event.host == "DC-01"),
        (Narrowing(hosts=("DC",)), lambda event, rule: False),
        (Narrowing(users=("", "fin-02")), lambda event, rule: event.user in ("", "fin-02")),
        (Narrowing(text="äpfel"), lambda event, rule: "WS-02" in event.host),
        (Narrowing(text=r"c:\temp"), lambda event, rule: "WS-02" in event.host),
        (Narrowing(text="B.EXE"), lambda event, rule: event.minute == 3),
        (Narrowing(text="lsass"), lambda event, rule: rule == "rule-dump"),
        (Narrowing(text="ws-"), lambda event, rule: event.host.startswith("WS")),
        (Narrowing(text="ADM-"), lambda event, rule: event.user.startswith("adm")),
        (Narrowing(text="%"), lambda event, rule: False),
        (
            Narrowing(hosts=("DC-01",), levels=(Level.LOW,), text="port"),
            lambda event, rule: event.host == "DC-01" and rule == "rule-net",
        ),
    ],
)
def test_a_filter_leaves_what_it_says(store, chosen, holds):
    """Page, total, groups and histogram agree with counting by hand."""
    wanted = sorted((event.host, rule) for event, rule in FIRED if holds(event, rule))
    assert titles(store, chosen) == wanted
    assert total(store, chosen) == len(wanted)
    assert sum(group.count for group in groups(store, chosen, "rule", 10)) == len(wanted)
    assert sum(group.count for group in groups(store, chosen, "host", 10)) == len(wanted)
    found = histogram(store, chosen, 7)
    assert sum(sum(column.by_level.values()) for column in found.columns) + found.outside == len(wanted)


@pytest.mark.parametrize("first", [300_000, 2])
def test_pages_give_each_detection_once_newest_first(store, monkeypatch, first):
    """Whatever the size of the pages, and whether or not the newest are searched first."""
    monkeypatch.setattr(questions, "_SEARCHED_FIRST", first)
    for chosen in (Narrowing(), Narrowing(text="e")):
        whole = [row["detection_id"] for row in page(store, chosen, 100).rows]
        for size in (1, 2, 3, len(whole)):
            rows: list[Mapping[str, object]] = []
            after = None
            while True:
                found = page(store, chosen, size, after)
                rows += found.rows
                after = found.next
                if after is None:
                    break
            assert [row["detection_id"] for row in rows] == whole
            times = [str(row["timestamp"]) for row in rows]
            assert times == sorted(times, reverse=True)


def test_a_row_has_what_was_detected(store):
    """Also several values of one field, and where the event lay."""
    (row,) = page(store, Narrowing(rules=("rule-dump",), users=("adm-01",)), 10).rows
    assert row["matched"] == {"Image": ["a.exe", "b.exe"], "Pid": "4"}
    assert (row["level"], row["tactics"], row["topic"]) == ("critical", ["TA0006"], "raw-events")
    assert row["trace_id"] == str(row["event_id"]).replace("-", "")
    assert detection(store, str(row["detection_id"])) == row
    assert detection(store, "00000000-0000-4000-8000-000000000000") is None


def test_groups_know_hosts_levels_and_times(store):
    """The largest group comes first; a detection of two techniques is in both groups."""
    first, *_ = groups(store, Narrowing(), "rule", 10)
    assert (first.key, first.title, first.count, first.hosts) == ("rule-enc", "Encoded command", 3, 3)
    assert (first.first_seen, first.last_seen) == (BEGAN, BEGAN + timedelta(minutes=4))
    by_host = {group.key: group for group in groups(store, Narrowing(), "host", 10)}
    assert (by_host["DC-01"].level, by_host["DC-01"].count, by_host["DC-01"].hosts) == (Level.CRITICAL, 5, 1)
    by_technique = {group.key: group for group in groups(store, Narrowing(), "technique", None)}
    assert {key: group.count for key, group in by_technique.items()} == {
        "T1059.001": 3,
        "T1003.001": 2,
        "T1555": 2,
    }
    assert by_technique["T1555"].hosts == 1
    assert [g.key for g in groups(store, Narrowing(), "user", 1, 1)] != [
        g.key for g in groups(store, Narrowing(), "user", 1)
    ]


def test_the_numbers_are_those_of_statistics(store):
    """Rules and labels are counted alike from the results and from the flat detections."""
    with events_of(store.name) as events:
        by_rule = {rule.rule_id: rule.count for rule in rules_counted(events, 100).rows}
        by_technique = {found.value: found.count for found in techniques_counted(events, 100).rows}
    assert {group.key: group.count for group in groups(store, Narrowing(), "rule", None)} == by_rule
    del by_technique["T0000"]  # there also events without a detection are counted
    assert {key: count for key, count in labels(store).items() if key != "T0000"} == by_technique


def test_one_stray_clock_does_not_flatten_the_histogram(tmp_path):
    """An event of 1601 among thousands is told apart."""
    writer = Writer(tmp_path / "results")
    writer.write(*(Seen(place / 10, fired=("rule-enc",)) for place in range(3_000)))
    writer.write(Seen(0, fired=("rule-enc",), timestamp="1601-01-01T00:00:00Z"))
    with caught_up(tmp_path / "results", tmp_path / "cache") as store:
        found = histogram(store, Narrowing(), 60)
        assert found.outside >= 1
        assert found.columns[0].start >= BEGAN
        assert all(column.by_level for column in found.columns)
        (oldest,) = page(store, Narrowing(until=datetime(2000, 1, 1, tzinfo=UTC)), 10).rows
        assert oldest["timestamp"] == "1601-01-01T00:00:00Z"


def test_hostile_and_huge_values_stay_what_they_are(tmp_path):
    """NUL, right-to-left marks, quotes and SQL are text; a megabyte is cut."""
    hostile = "'; DROP TABLE detections; -- \u202e\x00<script>"
    writer = Writer(tmp_path / "results")
    writer.write(
        Seen(0, host=hostile, user="u" * 1_000_000, fired=("rule-enc",), matched=(("F", hostile),)),
        Seen(1, fired=("rule-enc",), matched=(("F", "x" * 1_000_000),)),
    )
    with caught_up(tmp_path / "results", tmp_path / "cache") as store:
        (row,) = page(store, Narrowing(hosts=(hostile,), text="drop table"), 10).rows
        assert (row["host"], row["matched"]) == (hostile, {"F": hostile})
        assert len(str(row["user"])) == 1_024
        assert total(store, Narrowing(text="x" * 5_000)) == 1
        assert max(len(str(row["matched"])) for row in page(store, Narrowing(), 10).rows) < 2_000
        assert total(store, Narrowing(text="\x00<script>")) == 1


def test_the_rules_of_the_tests_are_all_there():
    """Counting by hand above relies on it."""
    assert {rule for _, rule in FIRED} == set(RULES)
