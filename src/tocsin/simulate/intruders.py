"""Who attacks when: which of the scenarios are under way, and how many of the events are theirs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count

import msgspec

from tocsin.simulate.organisation import Organisation
from tocsin.simulate.scenarios import SCENARIOS, Act, Cast, Scenario
from tocsin.simulate.swells import Swells

HASTY = 3
"""Actions at a stretch from which on an attack is the work of a machine."""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """What a malicious event really is: the ground truth, which the event itself never shows.

    Attributes:
        run: counts the attacks of this simulation from 1.
    """

    scenario: str
    run: int
    step: str
    technique: str


class Intruders:
    """Decides when intruders act and which attack goes on; keeps their share near the ratio."""

    def __init__(self, organisation: Organisation, rng: random.Random, ratio: float) -> None:
        hasty = [s for s in SCENARIOS if s.haste >= HASTY]
        patient = [s for s in SCENARIOS if s.haste < HASTY]
        self._rng = rng
        self._ratio = ratio
        self._swells = Swells(rng)
        self._runs = count(1)
        # Four lanes of patient attacks beside one of hasty ones, or guessed passwords would hide the others.
        self._lanes = [_Lane(deck, organisation, rng, self._runs) for deck in (hasty, *[patient] * 4)]
        self._events = self._malicious = 0
        self._turns = 1

    def chance(self) -> float:
        """Return how likely an intruder is to have the next turn, for one block."""
        if self._ratio in (0.0, 1.0):
            return self._ratio
        # Steered back to the ratio slowly enough (over 3,000 events) to leave the swells alone.
        settled = 3_000 * self._ratio
        steer = (self._events * self._ratio + settled) / (self._malicious + settled)
        odds = self._ratio / (1 - self._ratio) * steer**3 * self._swells.now(self._events)
        per_turn = (self._malicious + 2) / self._turns  # a turn brings several events, so turns must be rarer
        return odds / (odds + per_turn)

    def turn(self) -> Iterator[tuple[Act, Origin]]:
        """Yield the next actions of one of the attacks under way."""
        self._turns += 1
        return self._lanes[int(self._rng.random() * len(self._lanes))].turn()

    def settle(self, events: int, malicious: int) -> None:
        """Take note of how many events the last block brought, and how many of them were malicious."""
        self._events += events
        self._malicious += malicious


class _Lane:
    """One attack after the other, dealt like cards, so that a short run sees many different ones."""

    def __init__(
        self, scenarios: list[Scenario], organisation: Organisation, rng: random.Random, runs: Iterator[int]
    ) -> None:
        self._scenarios = scenarios
        self._organisation = organisation
        self._rng = rng
        self._runs = runs
        self._deck: list[Scenario] = []
        self._now: tuple[Scenario, int, Iterator[Act]] | None = None

    def turn(self) -> Iterator[tuple[Act, Origin]]:
        """Yield the next actions of the attack under way; begin one if there is none."""
        scenario, run, acts = self._now = self._now or self._begin()
        for _ in range(scenario.haste):
            act = next(acts, None)
            if act is None:
                self._now = None
                return
            yield act, Origin(scenario.name, run, act.step, act.technique)

    def _begin(self) -> tuple[Scenario, int, Iterator[Act]]:
        if not self._deck:
            self._deck = self._rng.sample(self._scenarios, len(self._scenarios))
        scenario = self._deck.pop()
        own = random.Random(self._rng.getrandbits(64))  # noqa: S311 - to be repeatable, not secret
        return scenario, next(self._runs), scenario.play(Cast(self._organisation, own))
