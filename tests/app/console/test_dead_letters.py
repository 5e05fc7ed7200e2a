"""Dead letters are shown newest first, page by page, whatever their bytes are."""

import base64
import dataclasses
import itertools

import pytest

from tests.results.rows import ORIGIN, judged
from tocsin.app.console.dead_letters import LONGEST
from tocsin.results.sink import ResultsSink

CLOCK = itertools.count(1_800_000_000)


def bury(results, offsets, values=None, partition=0):
    """Put records aside, each batch a second later than the one before."""
    sink = ResultsSink(results, ORIGIN, "detected", lambda: next(CLOCK))
    sink.start([partition])
    batch = judged(offsets, partition, rejected=offsets)
    if values is not None:
        batch = dataclasses.replace(batch, batch=dataclasses.replace(batch.batch, values=values))
    sink.write(batch)
    sink.flush()


def pages(client, **asked):
    """Return all rows, page by page, and how many pages there were."""
    rows, cursor, count = [], None, 0
    while count == 0 or cursor:
        found = client.get("/api/dead-letters", params={**asked, **({"cursor": cursor} if cursor else {})})
        assert found.status_code == 200, found.text
        told = found.json()
        rows += told["rows"]
        cursor, count = told["next"], count + 1
    return rows, count


def test_without_results_there_are_none(asking):
    """The page says so; it is no error."""
    assert asking().get("/api/dead-letters").json() == {
        "rows": [],
        "next": None,
        "reasons": {},
        "complete": True,
    }


def test_pages_have_each_once_newest_first(asking, tmp_path):
    """Also where many were stored at the same moment, and one page ends among them."""
    for batch in range(4):
        bury(tmp_path / "results", range(batch * 5, batch * 5 + 5))
    bury(tmp_path / "results", range(3), partition=1)
    client = asking()
    whole, count = pages(client, limit=500)
    assert count == 1
    assert [(row["partition"], row["offset"]) for row in whole] == [
        *((1, offset) for offset in range(3)),
        *((0, offset) for batch in (15, 10, 5, 0) for offset in range(batch, batch + 5)),
    ]
    for limit in (1, 4, 7, 23):
        assert pages(client, limit=limit)[0] == whole


def test_reasons_are_counted_and_chosen(asking, tmp_path):
    """One that does not occur gives an empty page, with the counts of those that do."""
    bury(tmp_path / "results", range(3))
    client = asking()
    assert client.get("/api/dead-letters", params={"limit": 1}).json()["reasons"] == {"not_json": 3}
    assert len(pages(client, reason="not_json")[0]) == 3
    assert client.get("/api/dead-letters", params={"reason": "too_large"}).json()["rows"] == []


def test_a_text_is_looked_for_in_value_and_detail(asking, tmp_path):
    """In any case, among bytes that are no text, and before those that are."""
    values = [b"\xff\x00 Needle", b"hay", "Nädel".encode(), None]
    bury(tmp_path / "results", range(4), values)
    client = asking()
    assert [row["offset"] for row in pages(client, q="needle")[0]] == [0]
    assert [row["offset"] for row in pages(client, q="Nädel")[0]] == [2]
    assert len(pages(client, q="NO JSON")[0]) == 4, "as the detail says of all"
    assert pages(client, q="nowhere")[0] == []


def test_bytes_of_any_kind_arrive_as_json(asking, tmp_path):
    """Hostile ones too; what is too long is cut, within a sign if it must be."""
    hostile = '<script>alert(1)</script>\x00\u202e"\\\n</textarea>'
    values = [hostile.encode(), b"\xff\xfe", None, b"a" + "€".encode() * LONGEST, b"\xff" * (LONGEST + 1)]
    bury(tmp_path / "results", range(5), values)
    found = asking().get("/api/dead-letters")
    assert found.headers["Content-Type"] == "application/json"
    script, binary, none, long, large = found.json()["rows"]
    assert (script["value"], script["encoding"], script["truncated"]) == (hostile, "utf-8", False)
    assert (base64.b64decode(binary["value"]), binary["encoding"]) == (b"\xff\xfe", "base64")
    assert (none["value"], none["value_bytes"]) == (None, None)
    assert long["truncated"]
    assert set(long["value"]) == {"a", "€"}
    assert LONGEST - 3 <= len(long["value"].encode()) <= LONGEST
    assert (large["value_bytes"], large["encoding"], large["truncated"]) == (LONGEST + 1, "base64", True)


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "!!!", "bnVsbA", "eyJzdG9yZWQiOiAxfQ"])
def test_a_cursor_that_is_not_ours_is_refused(asking, tmp_path, cursor):
    """In words, not with a mistake of ours."""
    bury(tmp_path / "results", range(3))
    found = asking().get("/api/dead-letters", params={"cursor": cursor})
    assert found.status_code == 422
    assert "not one of ours" in found.json()["error"]


def test_parameters_have_bounds(asking):
    """A wrong one is named, and its value not repeated."""
    found = asking().get("/api/dead-letters", params={"limit": 501, "q": "x" * 1001})
    assert found.status_code == 422
    assert "query.limit" in found.json()["error"]
    assert "query.q" in found.json()["error"]
    assert "xxx" not in found.text
