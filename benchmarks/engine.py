"""What judging costs, decoding included: against `orjson.loads` alone on the same lines, in the same run.

    python benchmarks/engine.py RULES.zip EVENTS.zip...

Events are NDJSON, plain or zipped. Per mix (see `mixes.py`) the detector first sees events until it has
settled, all of them twice, as a worker that has run for some seconds has; then new ones are judged, batch by
batch in turn with `orjson.loads`. Times are those of the process; the ratio compares between machines.
"""

from __future__ import annotations

import gc
import multiprocessing
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import orjson
import psutil
from mixes import MIXES, lines_of

from tocsin.app.frugal import collect_rarely
from tocsin.detect import Detector
from tocsin.model import Batch, Stream
from tocsin.rules import RuleSet, load_rules

BATCH = 5_000
SETTLING = 115_000
MEASURED = 40_000
TURNS = 3
_FILE = Stream("file", "benchmark", "benchmark")


@dataclass(frozen=True)
class Cost:
    """Microseconds an event.

    Attributes:
        first: of the very first batch, compiling included, in seconds.
        matches: share of events with a detection.
        memory: of the process at the end, in MB; what it had before, lines and all, left out.
    """

    first: float
    orjson: float
    judge: float
    matches: float
    memory: float

    @property
    def ratio(self) -> float:
        """Return how fast judging is, when `orjson.loads` alone is 1."""
        return self.orjson / self.judge


def main(arguments: Sequence[str]) -> None:
    """Print tables for the rules and events named."""
    rules = load_rules(arguments[:1])
    windows = tuple(rule for rule in rules.rules if rule.logsource.product == "windows")
    rules = replace(rules, rules=windows)
    lines = lines_of(arguments[1:])
    _say(f"{platform.machine()}, {_processor()}, Python {platform.python_version()}", end=", ")
    _say(", ".join(f"{name} {version(name)}" for name in ("hyperscan", "msgspec", "orjson")))
    _say(f"{len(windows):,} rules, revision {rules.revision}; {len(lines):,} recorded events\n")
    _say("mix  rules  first batch s  orjson us  judge us  ratio  matches  memory MB")
    for name, mix in MIXES.items():
        events = mix(lines, SETTLING + MEASURED)
        _row(name, rules, events)
        if name == "P":
            for count in (100, 500, 1_000):
                _row(name, replace(rules, rules=windows[:: len(windows) // count][:count]), events)
    _two_processes(rules, MIXES["P"](lines, SETTLING + MEASURED))


def _row(name: str, rules: RuleSet, events: Sequence[bytes]) -> None:
    """Print what one mix costs with these rules, measured in a process of its own."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        cost = pool.apply(measure, (rules, events))
    _say(
        f"{name:3} {len(rules.rules):6,} {cost.first:14.2f} {cost.orjson:10.2f} {cost.judge:9.2f} "
        f"{cost.ratio:6.2f} {cost.matches:8.1%} {cost.memory:10.0f}",
        flush=True,
    )


def measure(rules: RuleSet, events: Sequence[bytes]) -> Cost:
    """Return what judging costs after it has settled."""
    before = psutil.Process().memory_info().rss
    gc.collect()
    collect_rarely()
    detector = Detector(rules)
    batches = [Batch.of_values(_FILE, events[at : at + BATCH], at) for at in range(0, len(events), BATCH)]
    settling, measured = batches[: SETTLING // BATCH], batches[SETTLING // BATCH :]
    started = time.process_time()
    for batch in settling[:1]:
        detector.judge(batch)
    first = time.process_time() - started
    for batch in [*settling[1:], *settling]:
        detector.judge(batch)
    gc.collect()
    collect_rarely()
    plain = judging = 0.0
    matches = 0
    for batch in measured:
        started = time.process_time()
        for value in batch.values:
            orjson.loads(value)  # type: ignore[arg-type]
        between = time.process_time()
        verdicts = detector.judge(batch).verdicts
        judging += time.process_time() - between
        plain += between - started
        matches += sum(1 for verdict in verdicts if verdict.detections)
    count = sum(map(len, measured))
    memory = (psutil.Process().memory_info().rss - before) / 1e6
    return Cost(first, plain / count * 1e6, judging / count * 1e6, matches / count, memory)


def _two_processes(rules: RuleSet, events: Sequence[bytes]) -> None:
    """Print how much more two processes judge in the same time than one.

    By the clock it only means something where nothing else wants the cores. By the processes' own time it
    tells what they cost each other (caches, memory, the processor's clock), whatever else is going on. Of
    some turns each the shortest counts.
    """
    turns = [(_together(1, rules, events), _together(2, rules, events)) for _ in range(TURNS)]
    alone, both = (
        Spent(min(one.clock for one in found), min(one.working for one in found))
        for found in zip(*turns, strict=True)
    )
    _say(
        f"\ntwo processes judge {2 * alone.working / both.working:.2f} times as many events a second as one, "
        f"if each has a core to itself; by the clock it was {2 * alone.clock / both.clock:.2f}"
    )


@dataclass(frozen=True)
class Spent:
    """Seconds that processes took for the same events each: the longest on the clock, the mean of work."""

    clock: float
    working: float


def _together(count: int, rules: RuleSet, events: Sequence[bytes]) -> Spent:
    """Return what this many processes take for the same events each, begun at the same moment."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(count)
    results = context.SimpleQueue()
    workers = [context.Process(target=_work, args=(ready, results, rules, events)) for _ in range(count)]
    for worker in workers:
        worker.start()
    times = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    return Spent(max(clock for clock, _ in times), sum(work for _, work in times) / count)


def _work(ready: Any, results: Any, rules: RuleSet, events: Sequence[bytes]) -> None:  # noqa: ANN401 - no public types
    detector = Detector(rules)
    batches = [Batch.of_values(_FILE, events[at : at + BATCH], at) for at in range(0, len(events), BATCH)]
    for batch in batches[: SETTLING // BATCH] * 2:
        detector.judge(batch)
    ready.wait()
    clock, work = time.perf_counter(), time.process_time()
    for batch in batches[SETTLING // BATCH :]:
        detector.judge(batch)
    results.put((time.perf_counter() - clock, time.process_time() - work))


def _say(text: str, end: str = "\n", *, flush: bool = False) -> None:
    sys.stdout.write(text + end)
    if flush:
        sys.stdout.flush()


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as told:  # noqa: PTH123 - one line of it
            return next(line.partition(":")[2].strip() for line in told if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main(sys.argv[1:])
