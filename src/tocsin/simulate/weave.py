"""The simulator: ordinary activity with attacks woven in, endless; a seed and times decide all of it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Literal

import msgspec

from tocsin.simulate.draft import Draft, Shape
from tocsin.simulate.intruders import Intruders, Origin
from tocsin.simulate.lab import LabShape
from tocsin.simulate.organisation import Organisation, found
from tocsin.simulate.routine import LOGON_SHARE, Routine, unattended_at
from tocsin.simulate.swells import Swells
from tocsin.simulate.windows import WindowsShape

BLOCK = 64
"""Events between two looks at the hour and at how busy the intruders are."""


ShapeName = Literal["lab", "windows"]


class Happening(msgspec.Struct, frozen=True, gc=False):
    """One event, ready to be sent or saved.

    Attributes:
        host: the machine that logged it, as the event writes its name.
        value: the event as JSON.
        origin: what it really is; None for ordinary activity.
    """

    event_id: str
    host: str
    value: bytes
    origin: Origin | None


class Simulator:
    """Hands out events in order of time; unbounded.

    Args:
        seed: the organisation, its activity and the attacks follow from it, and from the times asked for.
        shape: how events are written: `lab`, or `windows` as NXLog collects Sysmon, Security and the like.
        attack_ratio: share of malicious events, 0 to 1, which a long run comes close to.
    """

    def __init__(self, seed: int, shape: ShapeName, attack_ratio: float) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
        self.organisation: Organisation = found(self._rng)
        own = random.Random(self._rng.getrandbits(64))  # noqa: S311 - as above
        self._shape: Shape = LabShape() if shape == "lab" else WindowsShape(self.organisation, own)
        self._routine = Routine(self.organisation, self._rng, detailed=self._shape.detailed)
        self._intruders = Intruders(self.organisation, self._rng, attack_ratio)
        self._logons = Swells(self._rng)
        self._events = 0
        self._waiting: deque[tuple[Draft, Origin | None]] = deque()

    def take(self, times: Sequence[int]) -> list[Happening]:
        """Return the next events, one per given time.

        Args:
            times: milliseconds since 1970 UTC, not falling. How many are asked for at once has no effect.
        """
        waiting = self._waiting
        taken: list[Happening] = []
        for milliseconds in times:
            while not waiting:
                self._refill(milliseconds)
            draft, origin = waiting.popleft()
            event_id = self._uuid()
            taken.append(Happening(event_id, draft.host, draft.write(event_id, milliseconds), origin))
        return taken

    def _refill(self, milliseconds: int) -> None:
        rng, waiting, drafts = self._rng, self._waiting, self._shape.drafts
        unattended = unattended_at(milliseconds)
        logons = min(0.6, LOGON_SHARE * self._logons.now(self._events))
        attack = self._intruders.chance()
        for _ in range(BLOCK):
            if rng.random() < attack:
                for act, origin in self._intruders.turn():
                    waiting.extend((draft, origin) for draft in drafts(act.action))
            else:
                waiting.extend((draft, None) for draft in drafts(self._routine.draw(unattended, logons)))
        self._events += len(waiting)
        self._intruders.settle(len(waiting), sum(origin is not None for _, origin in waiting))

    def _uuid(self) -> str:
        """Return a random UUIDv4 (RFC 9562) in its text form."""
        x = f"{self._rng.getrandbits(128):032x}"
        return f"{x[:8]}-{x[8:12]}-4{x[13:16]}-{'89ab'[int(x[16], 16) & 3]}{x[17:20]}-{x[20:]}"
