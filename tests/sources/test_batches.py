"""Objects that hold many events: each event is a record."""

import gzip
import json

import pytest

from tests.sources.reading import faults, objects, read

EVENTS = [{"eventName": f"E{number}", "deep": {"Records": [1]}} for number in range(5)]


@pytest.mark.parametrize("key", ["Records", "records"])
@pytest.mark.parametrize("indent", [None, 2])
def test_the_events_are_read_one_by_one(tmp_path, key, indent):
    """As clouds store their trails: compressed, on one line or not; counted from 1."""
    path = tmp_path / "trail.json.gz"
    path.write_bytes(gzip.compress(json.dumps({key: EVENTS}, indent=indent).encode()))
    rows = read(path)
    assert objects(rows) == EVENTS
    assert [number for _, number, _, _ in rows] == [1, 2, 3, 4, 5]


def test_one_such_object_a_line_is_read_too(tmp_path):
    """Azure's event hubs write files like this."""
    path = tmp_path / "capture.json"
    path.write_text("".join(json.dumps({"records": EVENTS[i : i + 2]}) + "\n" for i in range(0, 5, 2)))
    assert objects(read(path)) == EVENTS


def test_an_event_that_is_broken_costs_only_itself(tmp_path):
    """What comes after it is read."""
    path = tmp_path / "trail.json"
    path.write_text('{"Records": [{"a": 1},\n{"b": },\n{"c": 3}]}')
    rows = read(path)
    assert [value for _, _, value, _ in rows] == [b'{"a": 1}', b'{"b": }', b'{"c": 3}']
    assert not faults(rows)


def test_an_object_with_a_field_of_that_name_is_a_record(tmp_path):
    """Only a list of objects right at the beginning is opened."""
    path = tmp_path / "other.json"
    path.write_text('{"Records": [1, 2]}\n{"records": "x"}\n')
    assert objects(read(path)) == [{"Records": [1, 2]}, {"records": "x"}]
