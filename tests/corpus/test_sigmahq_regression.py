"""SigmaHQ's own regression tests: each rule fires on the event recorded for it, as JSON and as EVTX."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
import yaml

from tests.corpora import corpus
from tocsin import Detector, load_rules
from tocsin.sources.files import RecordedFiles

DATA = "sigmahq/regression-data.zip"


@dataclass(frozen=True)
class Case:
    """One of SigmaHQ's tests.

    Attributes:
        folder: of the archive, with the recorded event in two formats.
        wanted: how often the rule fires at least.
    """

    rule_id: str
    folder: PurePosixPath
    wanted: int

    def __str__(self) -> str:
        return self.folder.name


def cases() -> Iterator[Case]:
    """Yield the tests; none where the corpus is missing, which the test of their number then tells."""
    try:
        archive = zipfile.ZipFile(corpus(DATA))
    except pytest.skip.Exception:
        return
    with archive:
        for name in sorted(archive.namelist()):
            if name.endswith("/info.yml"):
                info = yaml.safe_load(archive.read(name))
                wanted = info["regression_tests_info"][0].get("match_count", 1)
                yield Case(info["rule_metadata"][0]["id"], PurePosixPath(name).parent, wanted)


@cache
def detector() -> Detector:
    """Return a detector with all rules of SigmaHQ; the engine sees them together, as in production."""
    return Detector(load_rules([corpus("sigmahq/sigmahq-rules.zip")]))


def test_all_tests_are_found() -> None:
    """None is passed over in silence."""
    assert corpus(DATA).exists()
    assert len(list(cases())) == 91


@pytest.mark.parametrize("kind", ["json", "evtx"])
@pytest.mark.parametrize("case", list(cases()), ids=str)
def test_the_rule_fires_on_its_event(case: Case, kind: str, tmp_path: Path) -> None:
    """At least as often as the test says."""
    entry = case.folder / f"{case.rule_id}.{kind}"
    with zipfile.ZipFile(corpus(DATA)) as archive:
        path = tmp_path / entry.name
        path.write_bytes(archive.read(str(entry)))
    verdicts = [v for batch in RecordedFiles([str(path)]).batches() for v in detector().judge(batch).verdicts]
    assert verdicts
    assert not [verdict.rejected for verdict in verdicts if verdict.rejected]
    fired = [d.rule_id for verdict in verdicts for d in verdict.detections]
    assert fired.count(case.rule_id) >= case.wanted
