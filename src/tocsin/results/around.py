"""What happened on a host around a moment: a few events out of however many, with and without detections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tocsin.results.location import Where, rows_read
from tocsin.results.table import dataset

_COLUMNS = (
    *("event_id", "timestamp", "time", "event_type", "user", "tactic", "technique", "level", "detections"),
)

_MOST = 20_000
"""Events of a host that are looked at; of one with more, the first ones that are found."""


@dataclass(frozen=True, slots=True)
class Around:
    """Events, in order of time.

    Attributes:
        truncated: there are more than were wanted; those nearest to the moment are here.
    """

    rows: Sequence[Mapping[str, Any]]
    truncated: bool


def events_around(results: Where, host: str, moment: datetime, within: timedelta, limit: int) -> Around:
    """Return the events of a host around a moment; those without a readable time are not among them.

    Args:
        results: the folder of the results.
        host: its name, as events write it.
        moment: with a time zone.
        within: how far before and after it.
        limit: of events.

    Raises:
        SettingsError: there are no results in the folder.
        StreamError: they cannot be read.
    """
    kind = pa.timestamp("us", "UTC")
    first, last = (_clamped(moment, by) for by in (-within, within))
    chosen = (
        (pc.field("time") >= pa.scalar(first, kind))
        & (pc.field("time") <= pa.scalar(last, kind))
        & (pc.field("host") == host)
    )
    rows = dataset(results).scanner(columns=list(_COLUMNS), filter=chosen, batch_readahead=2)
    found: list[dict[str, Any]] = []
    with rows_read(results):
        for batch in rows.to_batches():
            found += batch.slice(0, _MOST - len(found)).to_pylist()
            if len(found) >= _MOST:
                break
    nearest = sorted(found, key=lambda row: abs(row["time"] - moment))[:limit]
    return Around(sorted(nearest, key=lambda row: row["time"]), len(found) > limit)


def _clamped(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:  # the beginning or the end of time
        return moment
