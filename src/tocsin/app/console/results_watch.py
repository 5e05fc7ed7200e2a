"""Watches the results grow: what is stored, how fast, and the newest detections, for the live page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from tocsin.app.console import fired
from tocsin.app.console.rates import COLUMNS, FIRED, KEPT, Rates, count_fired
from tocsin.errors import TocsinError
from tocsin.model import Level
from tocsin.results.location import Location
from tocsin.results.news import Stock, TableFollower, stock_of
from tocsin.results.table import DEAD_LETTERS, VERDICTS

RECENT = 20
"""Newest detections that are shown."""

_CHECK = 5.0
"""Seconds between two looks at whether the table is still the same, and at the dead letters."""

_MOST_FILES = 200
"""Files in which the last minutes and the newest detections are looked for at the start."""

_COUNTING = 0.5
"""Seconds of a round in which detections of older files are counted."""


Rows = tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class ResultsSeen:
    """The results at one moment.

    Attributes:
        table: id of the verdicts table; empty while there is none.
        problem, hint: why there is nothing to read; empty when there is.
        events: that are stored.
        rejected: records in the dead letters.
        detections: that are stored; None until they are counted.
        recent: the newest detections above informational, newest first; long values are cut.
        newest: the newest of any level.
    """

    table: str = ""
    problem: str = ""
    hint: str = ""
    events: int = 0
    rejected: int = 0
    detections: int | None = None
    recent: Rows = field(default_factory=tuple)
    newest: Rows = field(default_factory=tuple)


class ResultsWatch:
    """Looks at the results; `step` is called by one thread, all else by any.

    Args:
        results: where they are, or will be.

    Attributes:
        seen: what is known.
        rates: what was stored lately; look at it holding `lock`.
    """

    def __init__(self, results: Location) -> None:
        self._results = results
        self._follower: TableFollower | None = None
        self._checked = 0.0
        self._uncounted: list[str] = []
        self._counted = 0
        self.seen = ResultsSeen()
        self.rates = Rates()
        self.lock = threading.Lock()

    @property
    def version(self) -> int:
        """Return the number of the last commit that is known; 0 while there is none."""
        return self._follower.version if self._follower is not None else 0

    def step(self) -> None:
        """Take in what is new."""
        try:
            if self._follower is not None:
                self._go_on(self._follower)
            elif (self._results / VERDICTS).is_table():
                self._follower = TableFollower(self._results)
                self._take_stock(self._follower)
            else:
                self.seen = ResultsSeen(
                    problem=f"{self._results}: no results yet",
                    hint="start a worker with 'tocsin detect'",
                    detections=0,
                )
        except TocsinError as error:
            self._follower = None
            self.seen = replace(self.seen, problem=error.problem, hint=error.hint)

    def _take_stock(self, follower: TableFollower) -> None:
        """Begin with what is there: counts of everything, rates of the last minutes."""
        now = int(time.time())
        rates = Rates()
        for file in _of_last_minutes(follower.start, now):
            rates.add(follower.rows([file], COLUMNS), follower.rows([file], FIRED, detected=True))
        rates.forget(now)
        with self.lock:
            self.rates = rates
        self._uncounted, self._counted = [file for file, _ in follower.start.files], 0
        self._checked = time.monotonic()
        self.seen = ResultsSeen(
            table=follower.start.table,
            events=follower.start.rows,
            rejected=self._rejected(),
            recent=_newest(follower, Level.INFORMATIONAL),
            newest=_newest(follower, None),
        )

    def _go_on(self, follower: TableFollower) -> None:
        news = follower.look()
        if time.monotonic() - self._checked > _CHECK:
            self._checked = time.monotonic()
            if not news.files and not news.anew:
                news = follower.check()
            self.seen = replace(self.seen, rejected=self._rejected())
        if news.anew:
            self._take_stock(follower)
        elif news.files:
            self._add(follower, news.files)
        self._count(follower)

    def _add(self, follower: TableFollower, files: Sequence[str]) -> None:
        now = int(time.time())
        rows = follower.rows(files, COLUMNS)
        detected = follower.rows(files, fired.COLUMNS, detected=True)
        with self.lock:
            self.rates.add(rows, detected, now)
            self.rates.forget(now)
        self._counted += count_fired(detected)
        seen = self.seen
        self.seen = replace(
            seen,
            events=seen.events + rows.num_rows,
            recent=(*fired.newest_in(detected, RECENT, Level.INFORMATIONAL), *seen.recent)[:RECENT],
            newest=(*fired.newest_in(detected, RECENT), *seen.newest)[:RECENT],
        )

    def _count(self, follower: TableFollower) -> None:
        """Count the detections in some more of the files that were there at the start."""
        began = time.monotonic()
        while self._uncounted and time.monotonic() - began < _COUNTING:
            self._counted += follower.levels(self._uncounted.pop()).total()
        if not self._uncounted:
            self.seen = replace(self.seen, detections=self._counted, problem="", hint="")

    def _rejected(self) -> int:
        there = (self._results / DEAD_LETTERS).is_table()
        return stock_of(self._results, DEAD_LETTERS).rows if there else 0


def _of_last_minutes(stock: Stock, now: int) -> Iterator[str]:
    """Yield the files with rows that were stored while it is still shown, the newest first."""
    for file, newest in islice(stock.files, _MOST_FILES):
        if newest < (now - KEPT) * 1_000:
            return
        yield file


def _newest(follower: TableFollower, above: Level | None) -> Rows:
    """Return the newest detections that are stored, newest first."""
    found: Rows = ()
    for file, _ in islice(follower.start.files, _MOST_FILES):
        rows = follower.rows([file], fired.COLUMNS, detected=True).sort_by("stored_time")
        found += tuple(fired.newest_in(rows, RECENT, above))
        if len(found) >= RECENT:
            break
    return found[:RECENT]
