"""How often each rule of the pack fires on the recorded attacks; run as a program, writes the counts anew."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tests.corpora import corpus
from tocsin.detect import Detector
from tocsin.model import Level
from tocsin.rules import load_rules

COUNTS = Path(__file__).parent / "recorded-counts.json"


def counted(folder: Path) -> dict[str, object]:
    """Return the number of events, of those with a detection at medium or above, and of each rule's hits.

    Args:
        folder: of zip archives with NDJSON inside.
    """
    rules = load_rules(["builtin:windows"])
    detector = Detector(rules)
    names = {rule.id: Path(rule.path).stem for rule in rules.rules}
    hits: Counter[str] = Counter()
    events = alerts = 0
    left = _lines(folder)
    while lines := list(islice(left, 10_000)):
        for verdict in detector.judge_lines(lines):
            events += 1
            alerts += any(detection.level >= Level.MEDIUM for detection in verdict.detections)
            hits.update(names[detection.rule_id] for detection in verdict.detections)
    return {"events": events, "events with an alert": alerts, "hits": dict(sorted(hits.items()))}


def _lines(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json") and not name.startswith("__MACOSX"):
                    with archive.open(name) as file:
                        yield from (line for line in file if line.strip())


if __name__ == "__main__":
    text = json.dumps(counted(corpus("windows-events")), indent=4)
    COUNTS.write_text(text + "\n", encoding="utf-8")
