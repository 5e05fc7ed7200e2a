"""How often each of SigmaHQ's rules fires on the recorded events: a change of the engine shows as a diff.

After a change that is meant, `python -m tests.corpus.test_golden` writes the counts anew; read the diff.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.corpora import corpus
from tocsin import Detector, load_rules
from tocsin.sources.files import RecordedFiles

COUNTS = Path(__file__).with_name("detections.tsv")
"""Recording, rule id, level, number of detections."""


def counted() -> list[str]:
    """Judge every recorded event by every rule, and return the lines of `COUNTS`."""
    detector = Detector(load_rules([corpus("sigmahq/sigmahq-rules.zip")]))
    lines = []
    for recording in sorted(corpus("windows-events").glob("*.zip")):
        found: Counter[tuple[str, str]] = Counter()
        for batch in RecordedFiles([str(recording)]).batches():
            judged = detector.judge(batch)
            found.update((d.rule_id, str(d.level)) for v in judged.verdicts for d in v.detections)
        lines += [
            f"{recording.stem}\t{rule}\t{level}\t{count}" for (rule, level), count in sorted(found.items())
        ]
    return lines


def test_the_rules_fire_as_often_as_they_did() -> None:
    """No more and no less, recording by recording."""
    known = COUNTS.read_text(encoding="ascii").splitlines()
    assert len(known) > 100
    assert counted() == known


if __name__ == "__main__":
    COUNTS.write_text("\n".join(counted()) + "\n", encoding="ascii")
