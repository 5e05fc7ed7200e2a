"""How good the rules are: what was stored, compared with the ground truth of a simulation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from tocsin.model import Level
from tocsin.results.location import Where, rows_read
from tocsin.results.table import dataset

Step = tuple[str, int, str]
"""Scenario, run, step."""


class Malicious(Protocol):
    """One malicious event of the ground truth; see `tocsin.simulate.files.Truth`."""

    @property
    def event_id(self) -> str:
        """The id under which it is in the results."""

    @property
    def scenario(self) -> str:
        """Which attack it belongs to..."""

    @property
    def run(self) -> int:
        """...which time that attack was played..."""

    @property
    def step(self) -> str:
        """...and which step of it left the event."""

    @property
    def technique(self) -> str:
        """The ATT&CK technique of the step."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was concluded about one event.

    Attributes:
        rules: ids of the rules that fired at or above the level that counts.
    """

    event_id: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """How many steps were found of a scenario, a technique, or a kind of step.

    Attributes:
        rules: the rules that found them, with the number of steps each.
    """

    name: str
    steps: int
    found: int
    rules: Mapping[str, int]

    @property
    def recall(self) -> float:
        """Return the share that was found."""
        return self.found / self.steps if self.steps else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """The comparison.

    Attributes:
        events: how many were judged; `normal` of them are ordinary.
        absent: malicious events that the results do not have, so that nothing could be found in them.
        false_positives: ordinary events on which a rule fired.
        noisy: rules that fired on ordinary events, with the number of events.
        scenarios, techniques: recall by either, sorted by name.
        kinds: recall by `scenario/step`, in the order of the truth.
    """

    events: int
    normal: int
    absent: int
    false_positives: int
    noisy: Mapping[str, int]
    total: Recall
    scenarios: tuple[Recall, ...]
    techniques: tuple[Recall, ...]
    kinds: tuple[Recall, ...]

    @property
    def false_positives_per_thousand(self) -> float:
        """Return how many of a thousand ordinary events were taken for malicious."""
        return 1_000 * self.false_positives / self.normal if self.normal else 0.0


def score(truth: Iterable[Malicious], judgements: Iterable[Judgement]) -> Score:
    """Compare judgements with the truth.

    A step of a run is found when a rule fired on any of its events. Events that the truth does not name are
    ordinary, so the judgements must be of the one simulation that the truth is of.

    Args:
        truth: every malicious event once.
        judgements: every judged event once, in any order.
    """
    steps: dict[Step, str] = {}
    step_of: dict[str, Step] = {}
    for event in truth:
        key = (event.scenario, event.run, event.step)
        steps[key] = event.technique
        step_of[event.event_id] = key
    fired: dict[Step, set[str]] = defaultdict(set)
    noisy: Counter[str] = Counter()
    events = malicious = false_positives = 0
    for judgement in judgements:
        events += 1
        step = step_of.get(judgement.event_id)
        if step is not None:
            malicious += 1
            fired[step].update(judgement.rules)
        elif judgement.rules:
            false_positives += 1
            noisy.update(set(judgement.rules))
    return Score(
        events=events,
        normal=events - malicious,
        absent=len(step_of) - malicious,
        false_positives=false_positives,
        noisy=dict(noisy.most_common()),
        total=_recall("all", steps, fired),
        scenarios=_grouped(((key[0], key) for key in steps), fired, in_order=True),
        techniques=_grouped(((technique, key) for key, technique in steps.items()), fired, in_order=True),
        kinds=_grouped(((f"{key[0]}/{key[2]}", key) for key in steps), fired, in_order=False),
    )


def judgements_of(results: Where, level: Level) -> Iterator[Judgement]:
    """Yield what a results folder says of each event; only detections at or above `level` count.

    Raises:
        SettingsError: there are no results in the folder.
        StreamError: they cannot be read.
    """
    columns = ["event_id", "level", "detections"]
    with rows_read(results):
        for batch in dataset(results).to_batches(columns=columns):
            rows = zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
            yield from (_judgement(level, *row) for row in rows)


def _judgement(
    at_least: Level, event_id: str, highest: int | None, detections: list[dict[str, str]]
) -> Judgement:
    if highest is None or highest < at_least:
        return Judgement(event_id, ())
    return Judgement(
        event_id, tuple(d["rule_id"] for d in detections if Level[d["level"].upper()] >= at_least)
    )


def _grouped(
    named: Iterable[tuple[str, Step]], fired: Mapping[Step, set[str]], *, in_order: bool
) -> tuple[Recall, ...]:
    groups: dict[str, list[Step]] = defaultdict(list)
    for name, key in named:
        groups[name].append(key)
    names = sorted(groups) if in_order else list(groups)
    return tuple(_recall(name, groups[name], fired) for name in names)


def _recall(name: str, steps: Collection[Step], fired: Mapping[Step, set[str]]) -> Recall:
    rules = Counter(rule for step in steps for rule in fired.get(step, ()))
    found = sum(bool(fired.get(step)) for step in steps)
    return Recall(name, len(steps), found, dict(rules.most_common()))
