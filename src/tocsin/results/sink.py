"""The sink that everything else follows: verdicts and dead letters with the positions they came from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from tocsin.model import Judged
from tocsin.ports import PositionMoved, Positions
from tocsin.results import schema
from tocsin.results.allowance import Allowance
from tocsin.results.location import Location, Where
from tocsin.results.table import DEAD_LETTERS, VERDICTS, Moved, Origin, PositionedTable


class ResultsSink:
    """Keeps every record of the partitions it is given exactly once: as a verdict or as a dead letter.

    The two are separate tables with separate positions. Dead letters are committed first; when a worker dies
    between the two commits, the records are judged again and those rejects that are already kept are left
    out, so each is there once. That rests on decoding being a function of the bytes: every worker rejects
    the same records.

    Args:
        folder: where the tables are; created when missing.
        origin: the topic; a folder that holds another topic's results is refused.
        keep_events: see `schema.verdict_rows`.
        clock: seconds since 1970, for the column `stored_time`.
        dead_letter_bytes: how many bytes of dead letters are kept whole in an hour; of more, only the hash.

    Raises:
        SettingsError: the folder is not writable or belongs to another topic.
    """

    def __init__(
        self,
        folder: Where,
        origin: Origin,
        keep_events: str,
        clock: Callable[[], float],
        dead_letter_bytes: int = 1 << 30,
    ) -> None:
        place = Location.of(folder)
        self._verdicts = PositionedTable(place / VERDICTS, schema.VERDICTS, origin)
        self._dead = PositionedTable(place / DEAD_LETTERS, schema.DEAD_LETTERS, origin)
        self._keep_events = keep_events
        self._clock = clock
        self._allowance = Allowance(dead_letter_bytes, clock)
        self._committed: dict[int, int] = {}  # partition -> position of the verdicts, as last read or written
        self._buried: dict[int, int] = {}  # the same for the dead letters
        self._found_buried: dict[int, int] = {}  # as it was at the start: what others kept before us
        self._held_to: dict[int, int] = {}  # partition -> position after what is held
        self._rows: list[pa.Table] = []
        self._dead_rows: list[pa.Table] = []

    @property
    def version(self) -> int:
        """Return a version of the verdicts table that has everything this sink has flushed."""
        return self._verdicts.version

    def start(self, partitions: list[int]) -> Positions:
        """Return where to read on from, freshly read from the tables; what was held is dropped."""
        self.discard(partitions)
        buried = self._dead.positions(partitions)
        self._buried.update(buried)
        self._found_buried.update(buried)
        found = self._verdicts.positions(partitions)
        self._committed.update(found)
        return found

    def write(self, judged: Judged) -> None:
        """Hold the rows of a judged batch."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        rows = schema.verdict_rows(judged, now, self._keep_events)
        if rows.num_rows < len(judged.batch):
            self._dead_rows.append(
                self._unburied(schema.dead_letter_rows(judged, now, self._allowance.takes))
            )
        self._rows.append(rows)
        self._held_to.update(_ends(judged))

    def flush(self) -> Positions:
        """Commit the dead letters, then the verdicts with the positions.

        Raises:
            PositionMoved: after everything else was committed.
        """
        moved: list[int] = []
        while self._held_to:
            try:
                self._flush()
            except Moved as signal:
                moved += signal.partitions
                self.discard(signal.partitions)
        flushed = dict(self._committed)
        if moved:
            raise PositionMoved(moved, flushed)
        return flushed

    def discard(self, partitions: list[int]) -> None:
        """Forget what is held and known of these partitions."""
        for partition in partitions:
            for known in (self._committed, self._buried, self._found_buried, self._held_to):
                known.pop(partition, None)
        gone = pa.array(partitions, pa.int32())
        self._rows = [_without(rows, gone) for rows in self._rows]
        self._dead_rows = [_without(rows, gone) for rows in self._dead_rows]

    def _flush(self) -> None:
        moves = {p: (self._committed.get(p), end) for p, end in self._held_to.items()}
        if self._dead_rows:
            # A worker that has been overtaken should leave no dead letters either.
            self._verdicts.check(moves)
            self._bury(pa.concat_tables(self._dead_rows))
            self._dead_rows = []
            self._allowance.committed()
        self._verdicts.commit(pa.concat_tables(self._rows), moves)
        self._rows = []
        self._committed.update(self._held_to)
        self._held_to = {}

    def _bury(self, rows: pa.Table) -> None:
        ends = _ends_of_rows(rows)
        if ends:
            self._dead.commit(rows, {p: (self._buried.get(p), end) for p, end in ends.items()})
            self._buried.update(ends)

    def _unburied(self, rows: pa.Table) -> pa.Table:
        """Leave out rejects that a worker before us has kept already."""
        buried = [self._found_buried.get(p, 0) for p in rows["partition"].to_pylist()]
        return rows.filter(pc.greater_equal(rows["offset"], pa.array(buried, pa.int64())))


def _ends(judged: Judged) -> dict[int, int]:
    """Return the position after the batch, per partition: offsets rise, so the last one seen wins."""
    last = dict(zip(judged.batch.partitions, judged.batch.offsets, strict=True))
    return {p: o + 1 for p, o in last.items()}


def _ends_of_rows(rows: pa.Table) -> dict[int, int]:
    partitions, offsets = rows["partition"].to_pylist(), rows["offset"].to_pylist()
    return {p: o + 1 for p, o in zip(partitions, offsets, strict=True)}


def _without(rows: pa.Table, partitions: pa.Array) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows["partition"], partitions)))
