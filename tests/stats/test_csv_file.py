"""Any CSV of the lab's form can be read, however it was written; what is no row is counted."""

import gzip
import time

import pytest

from tests.stats.stores import Row, csv_of
from tocsin.errors import SettingsError, StreamError
from tocsin.results.view import COLUMNS
from tocsin.stats.events import events_of
from tocsin.stats.questions import processing, users

HEADER = ",".join(COLUMNS) + "\n"


def row(user: str = "fin-01", timestamp: str = "2026-01-01T12:00:00Z") -> str:
    return f"id,{timestamp},{user},WS-01,10.0.0.1,process_start,TA0002,T1059\n"


def users_of(path) -> dict[str, int]:
    with events_of(path) as events:
        return {count.value: count.count for count in users(events).rows}


def happened(timestamp: str, folder) -> str | None:
    path = folder / "out.csv"
    path.write_text(HEADER + row(timestamp=f'"{timestamp}"'), encoding="utf-8")
    with events_of(path) as events:
        first = processing(events).first_event
    return first.isoformat() if first else None


@pytest.mark.parametrize(
    "data",
    [
        (HEADER + row("a") + row("b")).encode("utf-8-sig"),
        (HEADER + row("a") + row("b")).replace("\n", "\r\n").encode(),
        (HEADER + row("a") + row("b")).rstrip("\n").encode(),
        (HEADER + row('"a"') + row('"b"')).encode(),
    ],
    ids=["byte order mark", "CRLF", "no last newline", "quoted"],
)
def test_it_may_be_written_by_any_program(data, tmp_path):
    """Excel's mark, Windows' line ends, quotes where none are needed."""
    path = tmp_path / "out.csv"
    path.write_bytes(data)
    assert users_of(path) == {"a": 1, "b": 1}


def test_it_may_be_gzipped(tmp_path):
    """By its name."""
    path = tmp_path / "out.csv.gz"
    path.write_bytes(gzip.compress((HEADER + row("a")).encode()))
    assert users_of(path) == {"a": 1}


def test_columns_may_have_any_order_and_company(tmp_path):
    """They are found by name."""
    path = tmp_path / "out.csv"
    path.write_text("more," + ",".join(reversed(COLUMNS)) + "\nx,T1059,TA0002,e,i,h,ann,2026-01-01,id\n")
    assert users_of(path) == {"ann": 1}


def test_a_name_is_not_a_pattern(tmp_path):
    """Brackets, stars and quotes in the file's name mean themselves."""
    path = tmp_path / "it's [1]*.csv"
    path.write_text(HEADER + row("a"))
    (tmp_path / "it's 1.csv").write_text(HEADER + row("other"))
    assert users_of(path) == {"a": 1}


def test_values_may_hold_anything(tmp_path):
    """Commas, quotes, line ends, null bytes and megabytes come back as they were."""
    names = ['a,b"c', "two\nlines", "nul\x00", "x" * 3_000_000, "\u202eabc", "'; DROP TABLE events; --"]
    path = csv_of([Row("2026-01-01T12:00:00Z", user=name) for name in names], tmp_path / "out.csv")
    assert users_of(path) == dict.fromkeys(names, 1)


def test_rows_that_are_none_are_counted(tmp_path):
    """Too few values, too many, bytes that are not UTF-8; a row half written at the end. The others count."""
    path = tmp_path / "out.csv"
    bad = [b"id,2026-01-01,ann\n", row("a,b,c").encode(), b"id,t,\xff\xfe,h,i,e,TA0002,T1059\n"]
    path.write_bytes(HEADER.encode() + row("a").encode() + b"".join(bad) + row("b").encode() + b"id,2026-")
    with events_of(path) as events:
        found = processing(events)
    assert (found.events, found.rejected) == (2, {"unreadable": 4})


def test_an_empty_value_is_not_given(tmp_path):
    """It counts as a value of its own, and has a name."""
    path = tmp_path / "out.csv"
    path.write_text(HEADER + row("") + row('""'))
    with events_of(path) as events:
        (found,) = users(events).rows
    assert (found.value, found.name, found.count) == ("", "(not given)", 2)


@pytest.mark.parametrize(
    ("timestamp", "instant"),
    [
        ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00+00:00"),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:00+00:00"),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00+00:00"),
        ("2026-01-01T12:00:00-0530", "2026-01-01T17:30:00+00:00"),
        ("2026-01-01T12:00:00.1234567Z", "2026-01-01T12:00:00.123456+00:00"),
        ("2026-01-01T12:00:00,5Z", "2026-01-01T12:00:00.500000+00:00"),
        ("20260101T120000Z", "2026-01-01T12:00:00+00:00"),
        ("2026-01-01t12:00:00z", "2026-01-01T12:00:00+00:00"),
        ("2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("1601-01-01T00:00:00Z", "1601-01-01T00:00:00+00:00"),
        ("", None),
        ("yesterday", None),
        ("epoch", None),
        ("infinity", None),
        ("2026-13-01T00:00:00Z", None),
        ("290000-01-01T00:00:00Z", None),
        ("1767323045", None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_times_are_read_as_iso_8601_says(timestamp, instant, zone, tmp_path, monkeypatch):
    """Without a zone it is UTC, whatever this machine's is; what is no time is no error."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert happened(timestamp, tmp_path) == instant
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\x00\xff\xfe\xfd", "not a CSV in UTF-8"),
        (b"event_id,timestamp\n1,2\n", "lacks the columns user, host, source_ip"),
        ((HEADER.strip() + ",user\n").encode(), "names a column twice"),
    ],
)
def test_what_is_no_such_csv_is_told(data, said, tmp_path):
    """What was found, and what is missing."""
    path = tmp_path / "out.csv"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=said):
        events_of(path)


def test_a_broken_archive_is_told(tmp_path):
    """A file that only calls itself gzipped."""
    path = tmp_path / "out.csv.gz"
    path.write_bytes(b"event_id")
    with pytest.raises(SettingsError, match="cannot be read"):
        events_of(path)


def test_a_question_after_the_end_is_told(tmp_path):
    """Not answered from what is no longer there."""
    path = tmp_path / "out.csv"
    path.write_text(HEADER + row())
    events = events_of(path)
    events.close()
    with pytest.raises(StreamError, match="cannot be read"):
        events.ask("SELECT 1")
