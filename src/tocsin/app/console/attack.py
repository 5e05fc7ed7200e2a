"""The matrix of ATT&CK: what was detected beside what rules look for, and both as layers of the Navigator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked, Console
from tocsin.attack import catalogue
from tocsin.rules.coverage import TechniqueCoverage, technique_coverage
from tocsin.rules.layers import coverage_layer, observed_layer
from tocsin.stats.detections.counts import Group, groups, labels
from tocsin.stats.detections.narrowing import Narrowing

router = APIRouter(prefix="/api/attack", tags=["attack"])


@dataclass(frozen=True, slots=True)
class SubtechniqueCell:
    """A technique or sub-technique. A technique counts what names it or one of its sub-techniques, each once.

    Attributes:
        rules: that name it.
        detections: of rules that name it.
        hosts: with such detections.
        events: labelled with it itself, as `tocsin rules coverage --observed` counts them.
        last_seen: when the last detection happened; null without one.
    """

    id: str
    name: str
    url: str
    rules: int
    detections: int
    hosts: int
    events: int
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class TechniqueCell(SubtechniqueCell):
    """A technique with its sub-techniques."""

    subtechniques: list[SubtechniqueCell]


@dataclass(frozen=True, slots=True)
class TacticColumn:
    """A tactic, and the techniques that serve it."""

    id: str
    name: str
    url: str
    techniques: list[TechniqueCell]


@dataclass(frozen=True, slots=True)
class MatrixTotals:
    """The matrix in numbers; sub-techniques count for themselves.

    Attributes:
        rules: that judge.
        detections: in all, with and without a technique.
        techniques, subtechniques: in the catalogue.
        covered, covered_subtechniques: of which a rule looks for.
        observed, observed_subtechniques: of which there are detections.
    """

    rules: int
    detections: int
    techniques: int
    subtechniques: int
    covered: int
    covered_subtechniques: int
    observed: int
    observed_subtechniques: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Enterprise ATT&CK of one version.

    Attributes:
        unlabelled_rules: that name no technique.
    """

    version: str
    tactics: list[TacticColumn]
    unlabelled_rules: int
    totals: MatrixTotals


@router.get("", response_model=Matrix)
def matrix(console: Asked) -> Response:
    """Return the tactics in kill-chain order, each with its techniques."""
    rules = console.rules.rules().rules
    found = _coverage(console)
    cells = _cells(console, found)
    whole = [cell for cell in cells.values() if "." not in cell.id]
    parts = [cell for cell in cells.values() if "." in cell.id]
    by_technique = {covered.technique.id: covered.technique for covered in found}
    columns = [
        TacticColumn(
            tactic.id,
            tactic.name,
            tactic.url,
            [_with_parts(cell, parts) for cell in whole if tactic.id in by_technique[cell.id].tactics],
        )
        for tactic in catalogue().tactics
    ]
    totals = MatrixTotals(
        rules=len(rules),
        detections=console.detections.store.ask("SELECT count(*) FROM detections")[0][0],
        techniques=len(whole),
        subtechniques=len(parts),
        covered=sum(cell.rules > 0 for cell in whole),
        covered_subtechniques=sum(cell.rules > 0 for cell in parts),
        observed=sum(cell.detections > 0 for cell in whole),
        observed_subtechniques=sum(cell.detections > 0 for cell in parts),
    )
    return answered(Matrix(catalogue().version, columns, sum(not rule.techniques for rule in rules), totals))


@router.get("/layer")
def navigator_layer(console: Asked, kind: Literal["coverage", "observed"]) -> Response:
    """Return a layer to open in the ATT&CK Navigator: of the rules, or of the events that were labelled."""
    found = _coverage(console)
    if kind == "coverage":
        made = coverage_layer(found, ", ".join(Path(path).name for path in console.rules.paths))
    else:
        made = observed_layer(found, console.results.name)
    return Response(
        msgspec.json.format(msgspec.json.encode(made), indent=2),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="tocsin-{kind}.json"'},
    )


def _coverage(console: Console) -> Sequence[TechniqueCoverage]:
    return technique_coverage(console.rules.rules().rules, labels(console.detections.store))


def _cells(console: Console, found: Iterable[TechniqueCoverage]) -> Mapping[str, SubtechniqueCell]:
    store = console.detections.store
    seen = {
        **_current(groups(store, Narrowing(), "technique", None)),
        **_current(groups(store, Narrowing(), "family", None)),  # of a technique this has its parts too
    }
    return {covered.technique.id: _cell(covered, seen.get(covered.technique.id, [])) for covered in found}


def _current(found: Iterable[Group]) -> dict[str, list[Group]]:
    """Return groups by the ids of this version: a withdrawn one counts for its successor."""
    named: dict[str, list[Group]] = {}
    for group in found:
        named.setdefault(catalogue().current(group.key) or group.key, []).append(group)
    return named


def _cell(covered: TechniqueCoverage, seen: Sequence[Group]) -> SubtechniqueCell:
    technique = covered.technique
    return SubtechniqueCell(
        id=technique.id,
        name=technique.name,
        url=technique.url,
        rules=len(covered.rules) + covered.below,
        detections=sum(group.count for group in seen),
        hosts=max((group.hosts for group in seen), default=0),
        events=covered.seen,
        last_seen=max((group.last_seen for group in seen), default=None),
    )


def _with_parts(cell: SubtechniqueCell, parts: Iterable[SubtechniqueCell]) -> TechniqueCell:
    own = {name: getattr(cell, name) for name in SubtechniqueCell.__dataclass_fields__}
    return TechniqueCell(**own, subtechniques=[part for part in parts if part.id.startswith(f"{cell.id}.")])
