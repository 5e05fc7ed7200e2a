"""Dead letters: whole as long as there is room for them, and readable whichever version wrote them."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.schema import Schema
from hypothesis import given
from hypothesis import strategies as st

from tests.results.rows import ORIGIN, judged
from tocsin.errors import SettingsError
from tocsin.model import Judged
from tocsin.results import dead_letters, schema
from tocsin.results.allowance import Allowance
from tocsin.results.dead_letters import Choice, find
from tocsin.results.sink import ResultsSink
from tocsin.results.table import DEAD_LETTERS, VERDICTS, dataset

MEGABYTE = 1 << 20


def with_values(given_: Judged, values: list[bytes | None]) -> Judged:
    return replace(given_, batch=replace(given_.batch, values=values))


def sink(folder: Path, allowed: int = MEGABYTE, clock=lambda: 0.0) -> ResultsSink:
    ours = ResultsSink(folder, ORIGIN, "none", clock, allowed)
    ours.start([0])
    return ours


def test_beyond_the_allowance_a_hash_is_kept(tmp_path):
    """Reason, position, headers, size and hash stay, and the detail says that the bytes did not."""
    big = [b"a" * 600_000, b"b" * 600_000, b"tiny", None]
    ours = sink(tmp_path)
    ours.write(with_values(judged(range(4), rejected=range(4)), big))
    assert ours.flush() == {0: 4}
    letters = list(find(tmp_path, Choice()))
    assert [x.record.value for x in letters] == [big[0], None, b"tiny", None]
    assert [x.sha256 for x in letters] == ["", sha256(b"b" * 600_000).hexdigest(), "", ""]
    assert letters[1].detail == f"no JSON here {schema.TOO_MUCH}"
    assert letters[1].record.headers == [("event-id", b"x")]
    sizes = dataset(tmp_path, DEAD_LETTERS).to_table()["value_bytes"].to_pylist()
    assert sizes == [600_000, 600_000, 4, None]


def test_the_allowance_is_new_every_hour(tmp_path):
    """A burst of noise must not cost the evidence of the next day."""
    now = [0.0]
    ours = sink(tmp_path, clock=lambda: now[0])
    for offset in range(4):
        ours.write(with_values(judged([offset], rejected=[offset]), [b"x" * 600_000]))
        ours.flush()
        now[0] += 1_800
    assert [bool(x.sha256) for x in find(tmp_path, Choice())] == [False, True, False, True]


def test_what_is_held_for_one_commit_is_bounded(tmp_path):
    """However much is allowed in an hour: records of 10 MB must not fill the memory while a store is away."""
    ours = sink(tmp_path, allowed=1 << 40)
    for offset in range(12):
        ours.write(with_values(judged([offset], rejected=[offset]), [bytes(10 * MEGABYTE)]))
    assert sum(rows.nbytes for rows in ours._dead_rows) < 70 * MEGABYTE
    ours.flush()
    ours.write(with_values(judged([12], rejected=[12]), [bytes(10 * MEGABYTE)]))
    ours.flush()
    whole = dataset(tmp_path, DEAD_LETTERS).to_table().sort_by("offset")["value_sha256"].is_null().to_pylist()
    assert whole == [True] * 6 + [False] * 6 + [True]


@given(sizes=st.lists(st.integers(0, 5_000), max_size=40), hours=st.lists(st.integers(0, 2), max_size=40))
def test_no_hour_keeps_more_than_is_allowed(sizes, hours):
    """Small values are always kept; of the others no hour has more than its allowance."""
    now = [0.0]
    allowance = Allowance(10_000, lambda: now[0])
    kept = 0
    for size, hour in zip(sizes, [*hours, *[0] * len(sizes)], strict=False):
        if hour:
            now[0] += hour * 3_600.0
            kept = 0
        took = allowance.takes(size)
        assert took or size > 256
        kept += size if took and size > 256 else 0
        assert kept <= 10_000


OLD_DEAD_LETTERS = pa.schema([f for f in schema.DEAD_LETTERS if not f.name.startswith("value_")])


def old_table(folder: Path, columns: pa.Schema) -> None:
    """Dead letters as the version before wrote them: without two columns and properties, one commit."""
    description = '{"tocsin": {"cluster": "cluster", "topic": "raw-events", "topic_id": "topic-id"}}'
    table = DeltaTable.create(folder / DEAD_LETTERS, schema=columns, description=description)
    row = schema.dead_letter_rows(judged([0], rejected=[0]), NOW, lambda _: True).select(columns.names)
    properties = CommitProperties(app_transactions=[Transaction(ORIGIN.application(0), 1)])
    write_deltalake(table, row, mode="append", commit_properties=properties)


NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_table_of_an_older_version_gets_the_new_columns(tmp_path):
    """Its rows have null there and its positions hold; it can be read before a worker was there."""
    old_table(tmp_path, OLD_DEAD_LETTERS)
    assert [x.sha256 for x in find(tmp_path, Choice())] == [""]
    ours = sink(tmp_path)
    ours.write(judged([0, 1], rejected=[0, 1]))
    ours.flush()
    rows = dataset(tmp_path, DEAD_LETTERS).to_table().sort_by("offset").to_pylist()
    assert [(r["offset"], r["value_bytes"]) for r in rows] == [(0, None), (1, len("record 0/1"))]
    assert dead_letters.count(tmp_path) == {"not_json": 2}
    kept = DeltaTable(tmp_path / DEAD_LETTERS).metadata().configuration
    assert kept["delta.logRetentionDuration"] == "interval 10 minutes"


def test_a_worker_of_the_older_version_goes_on_beside_a_newer_one(tmp_path, monkeypatch):
    """In a rolling upgrade both commit: the older one's rows have null in columns that it does not know."""
    newer = sink(tmp_path)
    newer.write(judged([0], rejected=[0]))
    newer.flush()
    with monkeypatch.context() as older_version:
        older_version.setattr(schema, "DEAD_LETTERS", OLD_DEAD_LETTERS)
        older = sink(tmp_path)
    rows = schema.dead_letter_rows(judged([1], rejected=[1]), NOW, lambda _: True)
    older._dead.commit(rows.select(OLD_DEAD_LETTERS.names), {0: (1, 2)})
    stored = dataset(tmp_path, DEAD_LETTERS).to_table().sort_by("offset")
    assert stored["value_bytes"].to_pylist() == [len("record 0/0"), None]


def test_columns_that_come_while_a_worker_runs_do_not_stop_it(tmp_path):
    """Another process, of a newer version, adds a column to the table that this one has open."""
    ours = sink(tmp_path)
    ours.write(judged([0, 1]))
    ours.flush()
    more = Schema.from_arrow(pa.schema([("severity", pa.string())]))
    DeltaTable(tmp_path / VERDICTS).alter.add_columns(list(more.fields))
    ours.write(judged([2, 3]))
    assert ours.flush() == {0: 4}
    stored = dataset(tmp_path).to_table()
    assert stored.num_rows == 4
    assert stored["severity"].null_count == 4


def test_the_properties_that_somebody_chose_are_kept(tmp_path):
    """Whoever needs a longer history sets it on the table."""
    sink(tmp_path)
    chosen = {"delta.logRetentionDuration": "interval 30 days"}
    DeltaTable(tmp_path / VERDICTS).alter.set_table_properties(chosen)
    sink(tmp_path)
    assert DeltaTable(tmp_path / VERDICTS).metadata().configuration.items() >= chosen.items()


def test_a_foreign_table_is_not_touched(tmp_path):
    """Neither columns nor properties are given to a table that Tocsin did not make."""
    DeltaTable.create(tmp_path / VERDICTS, schema=pa.schema([("a", pa.int64())]))
    with pytest.raises(SettingsError, match="holds the results of another program"):
        sink(tmp_path)
    assert DeltaTable(tmp_path / VERDICTS).version() == 0
