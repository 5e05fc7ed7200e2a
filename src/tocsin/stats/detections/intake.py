"""Takes what a snapshot of the results has beyond the flat detections into them, and out what was pruned.

A row is new when its offset is not below the position to which its partition was taken in: compaction and
prune write old rows into new files, which tells nothing else. Positions are moved only after all files of a
snapshot were read, because a compacted file may have rows from before and after those of another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb
from pyarrow.fs import LocalFileSystem

from tocsin.results.table import Snapshot
from tocsin.stats.detections.store import DetectionStore

_AT_ONCE = 24_000_000
"""Bytes of files read by one statement, if one is not larger by itself: some hundred thousand detections,
which pass through memory. A worker's files are small, and each statement costs some milliseconds."""

_FILES_AT_ONCE = 200

_CUT = 1_024
"""Characters shown of a value or a name: an event may have megabytes in each."""

_SEARCHED = 8_192
"""Characters of a value that are searched: a whole script block, as a rule."""


@dataclass(frozen=True, slots=True)
class Known:
    """What has been taken in.

    Attributes:
        source: id of the table; empty before the first time.
        version: number of its last commit that was.
        complete: whether that is all of it, or a first round was not finished.
    """

    source: str
    version: int
    complete: bool


def known(store: DetectionStore) -> Known:
    """Return what has been taken in."""
    return Known(*store.ask("SELECT source, version, complete FROM state")[0])


def take_in(store: DetectionStore, found: Snapshot, step: Callable[[int, int], None]) -> None:
    """Make the flat detections those of a snapshot.

    Whoever asks meanwhile sees all of the last snapshot; or, of the first one, what has been read of it.

    Args:
        store: where to; only one thread may do this.
        found: the snapshot.
        step: called with files read and files to read, where everything has to be.

    Raises:
        StreamError: the files cannot be read, or the flat detections not be written.
    """
    have = known(store)
    if have.source == found.table and have.complete and have.version == found.version:
        return
    if have.source != found.table or not have.complete or have.version > found.version:
        _begin(store, found, step)
    else:
        _follow(store, found)
        if not _agrees(store, found):
            _begin(store, found, step)


def _begin(store: DetectionStore, found: Snapshot, step: Callable[[int, int], None]) -> None:
    """Take in everything, in the sight of whoever asks."""
    store.forget()
    done = 0
    with store.writing() as database:
        database.execute("UPDATE state SET source = ?", [found.table])
    for some in _groups(found):
        with store.writing() as database:
            _read(database, found, some)
        done += len(some)
        step(done, len(found.files))
    with store.writing() as database:
        _finish(database, found)


def _follow(store: DetectionStore, found: Snapshot) -> None:
    """Take in what is new, and out what is gone, at one stroke."""
    had = {name for (name,) in store.ask("SELECT name FROM files")}
    with store.writing() as database:
        for some in _groups(found, had):
            _read(database, found, some)
        _finish(database, found)
        if had - set(found.files):  # merged into others, or pruned
            _drop_older(database, found)


def _drop_older(database: duckdb.DuckDBPyConnection, found: Snapshot) -> None:
    """Take out what was stored before anything that is left."""
    before = _AFTER_ALL if found.oldest is None else round(found.oldest.timestamp() * 1_000)
    if found.oldest is not None or not found.files:
        database.execute("DELETE FROM detections WHERE stored_ms < ?", [before])
        database.execute("DELETE FROM commits WHERE stored_ms < ?", [before])


_AFTER_ALL = 2**62
"""Milliseconds since 1970 at which nothing was stored."""


def _agrees(store: DetectionStore, found: Snapshot) -> bool:
    """Say whether as many events are known as there are; if not, rows were removed other than by age."""
    if found.count is None and found.files:
        return True
    return store.ask("SELECT coalesce(sum(events), 0) FROM commits") == [(found.count or 0,)]


def _groups(found: Snapshot, besides: Collection[str] = ()) -> Iterator[Sequence[str]]:
    """Yield the files, but for some, in groups that are read at once."""
    group: list[str] = []
    size = 0
    for name, own in zip(found.files, found.sizes, strict=True):
        if name in besides:
            continue
        if group and (size + own > _AT_ONCE or len(group) >= _FILES_AT_ONCE):
            yield group
            group, size = [], 0
        group.append(name)
        size += own
    if group:
        yield group


def _read(database: duckdb.DuckDBPyConnection, found: Snapshot, files: Sequence[str]) -> None:
    """Take in the new rows of some files."""
    with _source(database, replace(found, files=files)):
        database.execute(_PASSED)
        database.execute(_STAGED)
    for statement in (_COMMITS, _REACHED, _RULES, _NAMES, _DETECTIONS, _COUNTED):
        database.execute(statement)


@contextmanager
def _source(database: duckdb.DuckDBPyConnection, some: Snapshot) -> Iterator[None]:
    """Show the rows of files as `source`; local ones DuckDB reads itself, three times as fast as Arrow."""
    rows = some.rows()
    if isinstance(rows.filesystem, LocalFileSystem):
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in rows.files)
        database.execute(f"CREATE OR REPLACE TEMP VIEW source AS FROM read_parquet([{names}])")
        yield
    else:
        database.register("source", rows)
        try:
            yield
        finally:
            database.unregister("source")


def _finish(database: duckdb.DuckDBPyConnection, found: Snapshot) -> None:
    """Note that everything of a snapshot was read."""
    database.execute(_POSITIONS)
    database.execute("DELETE FROM files")
    if found.files:
        database.execute("INSERT INTO files SELECT unnest(?)", [list(found.files)])
    database.execute("UPDATE state SET version = ?, complete = true", [found.version])


_FRESH = """(
    SELECT source.* FROM source
    ANTI JOIN positions ON source."partition" = positions."partition" AND source."offset" < positions.next
)"""

_PASSED = f"""
    CREATE OR REPLACE TEMP TABLE passed AS
    SELECT "partition", epoch_ms(stored_time) AS stored_ms, max("offset") AS last, count(*) AS events
    FROM {_FRESH} GROUP BY ALL
"""  # noqa: S608 - made of constants

_COMMITS = "INSERT INTO commits SELECT stored_ms, sum(events) FROM passed GROUP BY ALL"

_REACHED = 'INSERT INTO reached SELECT "partition", max(last) + 1 FROM passed GROUP BY ALL'

_LEVELS = "['informational', 'low', 'medium', 'high', 'critical']"

_STAGED = f"""
    CREATE OR REPLACE TEMP TABLE staged AS
    SELECT
        coalesce(epoch_us("time"), epoch_us(record_time), epoch_us(stored_time)) AS moment,
        d.rule_id, d.rule_title, d.rule_revision, d.tactics, d.techniques,
        (list_position({_LEVELS}, d."level") - 1)::TINYINT AS "level",
        hash(d.rule_id, d.rule_title, d.rule_revision, d."level", d.tactics, d.techniques) AS key,
        left(coalesce(host, ''), {_CUT}) AS host, left(coalesce("user", ''), {_CUT}) AS "user",
        TRY_CAST(d.detection_id AS UUID) AS detection_id, event_id, left("timestamp", {_CUT}) AS "timestamp",
        left(coalesce(source_ip, ''), {_CUT}) AS source_ip,
        left(coalesce(event_type, ''), {_CUT}) AS event_type,
        list_transform(
            d.matched,
            lambda m: {{
                'field': left(m.field, {_CUT}),
                'value': CASE WHEN length(m.value) > {_CUT} THEN left(m.value, {_CUT}) || '…' ELSE m.value END
            }}
        ) AS matched,
        lower(
            array_to_string(list_transform(d.matched, lambda m: left(m.value, {_SEARCHED})), chr(10))
        ) AS "text",
        topic, "partition", "offset", epoch_ms(stored_time) AS stored_ms,
        nullif(trace_id, replace(event_id, '-', '')) AS trace_id,
        CASE WHEN place = 1 THEN technique END AS label
    FROM (
        SELECT *, unnest(detections) AS d, generate_subscripts(detections, 1) AS place
        FROM {_FRESH} WHERE "level" IS NOT NULL
    )
"""  # noqa: S608 - made of constants

_RULES = """
    INSERT INTO rules
    SELECT
        (SELECT coalesce(max(no) + 1, 0) FROM rules) + row_number() OVER () - 1, key,
        any_value(rule_id), any_value(rule_title), any_value(rule_revision), any_value("level"),
        any_value(tactics), any_value(techniques)
    FROM staged ANTI JOIN rules USING (key) GROUP BY key
"""

_NAMES = """
    INSERT INTO names
    SELECT (SELECT coalesce(max(no) + 1, 0) FROM names) + row_number() OVER () - 1, name
    FROM (SELECT host AS name FROM staged UNION SELECT "user" FROM staged) ANTI JOIN names USING (name)
"""

_DETECTIONS = """
    INSERT INTO detections
    SELECT
        (SELECT next_n FROM state) + row_number() OVER () - 1, moment, rules.no, hosts.no, users.no,
        detection_id, event_id, "timestamp", source_ip, event_type, matched, "text",
        topic, "partition", "offset", stored_ms, trace_id, label
    FROM staged
    JOIN rules USING (key)
    JOIN names AS hosts ON hosts.name = staged.host
    JOIN names AS users ON users.name = staged."user"
"""

_COUNTED = "UPDATE state SET next_n = next_n + (SELECT count(*) FROM staged)"

_POSITIONS = """
    CREATE OR REPLACE TEMP TABLE moved AS
        SELECT "partition", max(next) AS next FROM (FROM positions UNION ALL FROM reached) GROUP BY ALL;
    DELETE FROM positions;
    DELETE FROM reached;
    INSERT INTO positions FROM moved;
"""
