"""What decoding costs: the time of `orjson.loads` alone, of events one by one, and of columns, in one run.

    python benchmarks/decode.py [RULES.zip EVENTS...]

Without arguments the rules are the built-in packs and the events those of the lab's simulator. Events are NDJSON,
plain or zipped; they are shuffled, so that kinds are mixed as badly as they can be. Times are those of the
process, the best of several rounds that take turns; the ratio to `orjson.loads` is what compares between machines.
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
MOST = 40_000
ROUNDS = 5
_FILE = Stream("file", "benchmark", "benchmark")


def main(arguments: Sequence[str]) -> None:
    """Print a table for the rules and events named."""
    rules = load_rules(arguments[:1] or ["builtin:lab", "builtin:windows"])
    lines = [line for path in arguments[1:] for line in _lines(Path(path))] or list(_simulated(MOST))
    random.Random(1).shuffle(lines)
    batches = [Batch.of_values(_FILE, lines[start : start + BATCH], start) for start in range(0, MOST, BATCH)]
    batches = [batch for batch in batches if len(batch)]
    decoder = ColumnDecoder(Engine(rules, Conclusions(rules.rules), PythonMatching()).wanted)
    for batch in batches:
        decoder.decode(batch)
    gc.freeze()
    _report(
        batches,
        {
            "orjson.loads": lambda batch: [orjson.loads(value) for value in batch.values],  # type: ignore[arg-type]
            "event by event": decode,
            "columns": decoder.decode,
        },
    )


def _report(batches: Sequence[Batch], ways: dict[str, Callable[[Batch], object]]) -> None:
    best = dict.fromkeys(ways, float("inf"))
    count = sum(map(len, batches))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.process_time()
            for batch in batches:
                way(batch)
            best[name] = min(best[name], time.process_time() - started)
    size = sum(len(value or b"") for batch in batches for value in batch.values) / count
    print(f"{count:,} events of {size:,.0f} bytes")
    for name, seconds in best.items():
        print(f"{name:15} {seconds / count * 1e6:6.2f} us/event {seconds / best['orjson.loads']:6.2f}")


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
