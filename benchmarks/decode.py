"""What decoding costs: the time of `orjson.loads` alone, of events one by one, and of columns, in one run.

    python benchmarks/decode.py [RULES.zip EVENTS...]

Without arguments the rules are the built-in packs and the events those of the lab's simulator. Events are
NDJSON, plain or zipped; they are shuffled, so that kinds are mixed as badly as can be. Times are those of
the process, the best of several rounds that take turns; only the ratios compare between machines.
"""

from __future__ import annotations

import gc
import random
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson

from tocsin.decode import ColumnDecoder, decode
from tocsin.detect.conclusions import Conclusions
from tocsin.detect.engine import Engine
from tocsin.detect.scan import PythonMatching
from tocsin.model import Batch, Stream
from tocsin.rules import load_rules
from tocsin.simulate.weave import Simulator

BATCH = 5_000
LEARNING = 4
"""Batches from which the decoder learns before the others are timed; it never sees those before."""
MOST = 60_000
ROUNDS = 3
_FILE = Stream("file", "benchmark", "benchmark")


def main(arguments: Sequence[str]) -> None:
    """Print a table for the rules and events named."""
    rules = load_rules(arguments[:1] or ["builtin:lab", "builtin:windows"])
    lines = [line for path in arguments[1:] for line in _lines(Path(path))] or list(_simulated(MOST))
    random.Random(1).shuffle(lines)  # noqa: S311 - to be repeatable, not secret
    lines = lines[:MOST]
    batches = [
        Batch.of_values(_FILE, lines[start : start + BATCH], start) for start in range(0, len(lines), BATCH)
    ]
    wanted = Engine(rules, Conclusions(rules.rules), PythonMatching()).wanted
    gc.freeze()
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        decoder = ColumnDecoder(wanted)
        for batch in batches[:LEARNING]:
            decoder.decode(batch)
        ways: dict[str, Callable[[Batch], object]] = {
            "orjson.loads": _parsed,
            "event by event": decode,
            "columns": decoder.decode,
        }
        for name, way in ways.items():
            seconds = _timed(way, batches[LEARNING:])
            best[name] = min(best.get(name, seconds), seconds)
    count = sum(map(len, batches[LEARNING:]))
    report = [f"{count:,} events of {sum(map(len, lines)) / len(lines):,.0f} bytes"]
    for name, seconds in best.items():
        report.append(
            f"{name:15} {seconds / count * 1e6:6.2f} us/event {seconds / best['orjson.loads']:6.2f}"
        )
    sys.stdout.write("\n".join([*report, ""]))


def _timed(way: Callable[[Batch], object], batches: Sequence[Batch]) -> float:
    started = time.process_time()
    for batch in batches:
        way(batch)
    return time.process_time() - started


def _parsed(batch: Batch) -> None:
    for value in batch.values:
        orjson.loads(value or b"")


def _lines(path: Path) -> Iterator[bytes]:
    if path.suffix != ".zip":
        yield from path.read_bytes().splitlines()
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("__MACOSX"):
                yield from archive.read(name).splitlines()


def _simulated(count: int) -> Iterator[bytes]:
    happenings = Simulator(seed=1, shape="lab", attack_ratio=0.01).take(range(0, 10 * count, 10))
    return (happening.value for happening in happenings)


if __name__ == "__main__":
    main(sys.argv[1:])
