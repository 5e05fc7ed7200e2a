"""Watches the workers' metrics, where their addresses are known: where the time of each goes."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from tocsin.errors import TocsinError
from tocsin.telemetry import metric_names as names
from tocsin.telemetry.scrape import Samples, scrape, value

EVERY = 2.0
"""Seconds between two looks."""

_OVER = 10.0
"""Seconds over which rates are measured."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of one worker, or of all of them, over the last seconds.

    Attributes:
        per_second: batches.
        seconds_per_batch: None when there was none.
        share: of the time of the thread that it runs on, 0 to 1; of the busiest worker.
    """

    per_second: float
    seconds_per_batch: float | None
    share: float


@dataclass(frozen=True, slots=True)
class WorkersSeen:
    """What the workers that could be asked say.

    Attributes:
        asked: addresses.
        problems: a sentence for each that does not answer.
        steps: stage, or stage and sink such as `flush results` -> what it took.
        records_per_second: judged.
        queue_fill: of the fullest queue of a sink, 0 to 1, by sink.
        prefetched_bytes: that were fetched from Kafka and wait to be polled.
    """

    asked: int = 0
    problems: Sequence[str] = field(default_factory=tuple)
    steps: dict[str, Step] = field(default_factory=dict)
    records_per_second: float | None = None
    queue_fill: dict[str, float] = field(default_factory=dict)
    prefetched_bytes: int | None = None

    @property
    def answers(self) -> bool:
        """Say whether there is something to tell."""
        return self.records_per_second is not None


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    samples: Samples


class MetricsWatch:
    """Asks the workers; `step` is called by one thread, `seen` read by any.

    Args:
        urls: where they answer; a name with several addresses is that of several workers.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._looks: dict[str, deque[_Look]] = {}
        self.seen = WorkersSeen(asked=len(urls))

    def step(self) -> None:
        """Ask all of them once."""
        problems: list[str] = []
        there = [address for url in self._urls for address in addresses_of(url)]
        self._looks = {url: self._looks.get(url, deque()) for url in there}
        for url, looks in self._looks.items():
            try:
                looks.append(_Look(time.monotonic(), scrape(url)))
            except TocsinError as error:
                looks.clear()
                problems.append(error.problem)
            while len(looks) > 2 and looks[-1].at - looks[0].at > _OVER:
                looks.popleft()
        pairs = [(looks[0], looks[-1]) for looks in self._looks.values() if len(looks) > 1]
        self.seen = seen_of(pairs, len(self._looks), problems)


def addresses_of(url: str) -> list[str]:
    """Return a URL for each address that a name has, as in Compose, where workers share one.

    A name that is not known is asked as it is, which tells the trouble; so is what speaks TLS, which needs
    the name.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or 80
        if parts.scheme != "http" or not parts.hostname:
            return [url]
        found = socket.getaddrinfo(parts.hostname, port, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, ValueError):
        return [url]
    places = sorted({str(address[0]) for *_, address in found})
    return [urlunsplit(parts._replace(netloc=f"{place}:{port}")) for place in places]


Pair = tuple[_Look, _Look]


def seen_of(pairs: Sequence[Pair], asked: int, problems: Sequence[str]) -> WorkersSeen:
    """Return what two looks at each worker tell together."""
    if not pairs:
        return WorkersSeen(asked=asked, problems=problems)
    stage = names.STAGE.name
    stages = {key[1] for _, now in pairs for key in now.samples if key[0] == f"{stage}_count"}
    found = {_named(dict(labels)): labels for labels in stages}
    queues = {key[1] for _, now in pairs for key in now.samples if key[0] == names.QUEUE_RATIO.name}
    return WorkersSeen(
        asked=asked,
        problems=problems,
        steps={name: _step(pairs, dict(labels)) for name, labels in found.items()},
        records_per_second=sum(_rate(pair, names.RECORDS.name) for pair in pairs),
        queue_fill={
            dict(labels)["sink"]: max(_now(pair, names.QUEUE_RATIO.name, **dict(labels)) for pair in pairs)
            for labels in queues
        },
        prefetched_bytes=int(sum(_now(pair, names.KAFKA_FETCHED.name) for pair in pairs)),
    )


def _named(labels: dict[str, str]) -> str:
    return f"{labels['stage']} {labels['sink']}".strip()


def _step(pairs: Sequence[Pair], labels: dict[str, str]) -> Step:
    counts = [_rate(pair, f"{names.STAGE.name}_count", **labels) for pair in pairs]
    shares = [_rate(pair, f"{names.STAGE.name}_sum", **labels) for pair in pairs]
    batches = sum(counts)
    return Step(batches, sum(shares) / batches if batches else None, min(1.0, max(shares)))


def _rate(pair: Pair, name: str, **labels: str) -> float:
    """Return the growth of a counter a second; a worker that was started anew begins at zero."""
    before, now = pair
    grown = _now(pair, name, **labels) - (value(before.samples, name, **labels) or 0.0)
    return max(0.0, grown) / max(1e-3, now.at - before.at)


def _now(pair: Pair, name: str, **labels: str) -> float:
    return value(pair[1].samples, name, **labels) or 0.0
