"""Which events are traced: decided for a batch at once, before there is any span."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tocsin.model import Different, Level
from tocsin.model.contexts import Bytes, Flags

_RANDOM_BITS = 56
"""The low bits of a trace id that are random by W3C Trace Context level 2, and of a UUID version 4."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Keeps a consistent share of the traces, and every event on which something serious fired.

    The share is decided by the trace id alone, as OpenTelemetry's consistent probability sampling does it:
    the random bits are compared with a threshold. So whoever has the same ratio keeps the same traces, and
    whoever has a higher one keeps those and more.

    Attributes:
        ratio: share of the traces, from 0 to 1.
        level: events with a detection of this level or above are kept besides; None for no others.
    """

    ratio: float
    level: Level | None = None

    @property
    def threshold(self) -> int:
        """Return the least value of the random bits with which a trace is kept."""
        return round((1 - self.ratio) * (1 << _RANDOM_BITS))

    def keeps(self, trace_id: str) -> bool:
        """Say whether a trace is in the share; the id is 32 hex digits."""
        return int(trace_id[-_RANDOM_BITS // 4 :], 16) >= self.threshold

    def share(self, traces: Bytes) -> Flags:
        """Say of each trace whether it is in the share; the ids are rows of 16 bytes."""
        low = np.zeros((len(traces), 8), np.uint8)
        low[:, 1:] = traces[:, 9:]
        found: Flags = low.view(">u8").ravel() >= np.uint64(self.threshold)
        return found

    def rows(self, traces: Bytes, different: Different) -> list[int]:
        """Return the rows of a batch that are kept, in order; records that are no events never are.

        Args:
            traces: a trace id per row.
            different: the verdicts of the batch.
        """
        kept, level = self.share(traces), self.level
        if level is not None:
            serious = [any(d.level >= level for d in verdict.detections) for verdict in different.verdicts]
            kept = kept | np.array(serious, np.bool_)[different.places]
        events = np.array([verdict.rejected is None for verdict in different.verdicts], np.bool_)
        found: list[int] = np.flatnonzero(kept & events[different.places]).tolist()
        return found
