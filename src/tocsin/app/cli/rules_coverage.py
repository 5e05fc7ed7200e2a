"""`tocsin rules coverage`: what of ATT&CK the rules look for, as tables and as a layer of the Navigator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.app.cli.options import RULES, takes
from tocsin.app.cli.output import FORMATS, emit, notice
from tocsin.app.rule_sets import rules_of
from tocsin.app.settings import Loaded
from tocsin.attack import catalogue
from tocsin.errors import SettingsError
from tocsin.rules.coverage import TacticCoverage, TechniqueCoverage, tactic_coverage, technique_coverage
from tocsin.rules.layers import coverage_layer, observed_layer

_EVERY_TECHNIQUE = 100_000


@click.command()
@takes(*RULES)
@click.option(
    "--by",
    type=click.Choice(["tactic", "technique", "gap"]),
    default="tactic",
    show_default=True,
    help="Count per tactic or technique, or list the techniques that no rule looks for.",
)
@click.option(
    "--observed",
    metavar="RESULTS",
    type=click.Path(path_type=Path),
    help="A results folder or CSV: also count the events that were labelled with each.",
)
@click.option(
    "--navigator",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a layer for the ATT&CK Navigator: of the rules, or with --observed of the events.",
)
@FORMATS
def coverage(
    loaded: Loaded, format_: str | None, *, by: str, observed: Path | None, navigator: Path | None
) -> None:
    """Tell which techniques of ATT&CK the rules look for."""
    rules = rules_of(loaded.settings.rules, notice)
    seen = {} if observed is None else _seen_in(observed)
    techniques = technique_coverage(rules.rules, seen)
    if navigator is not None:
        _write(navigator, _layer(techniques, loaded.settings.rules.paths, observed))
        notice(f"layer written: {navigator}")
    shown = [] if observed is None else ["events"]
    if by == "tactic":
        columns = ["tactic", "name", "rules", "covered", "techniques", *shown]
        emit(map(_tactic_row, tactic_coverage(rules.rules, techniques)), format_, columns=columns)
    else:
        columns = ["technique", "name", "tactics", "rules", "below", "level", *shown]
        wanted = [t for t in techniques if t.is_gap == (by == "gap") and (by == "gap" or t.rules)]
        emit(map(_technique_row, wanted), format_, columns=columns)
    notice(_summary(techniques))


def _seen_in(path: Path) -> dict[str, int]:
    # a database is opened only for whoever asks about results
    from tocsin.stats.events import events_of  # noqa: PLC0415
    from tocsin.stats.questions import techniques  # noqa: PLC0415

    with events_of(path) as events:
        return {count.value: count.count for count in techniques(events, _EVERY_TECHNIQUE).rows}


def _tactic_row(covered: TacticCoverage) -> dict[str, Any]:
    return {
        "tactic": covered.tactic.id,
        "name": covered.tactic.name,
        "rules": covered.rules,
        "covered": covered.covered,
        "techniques": covered.techniques,
        "events": covered.seen,
    }


def _technique_row(covered: TechniqueCoverage) -> dict[str, Any]:
    return {
        "technique": covered.technique.id,
        "name": covered.technique.name,
        "tactics": covered.technique.tactics,
        "rules": len(covered.rules),
        "below": covered.below,
        "level": None if covered.level is None else str(covered.level),
        "events": covered.seen,
        "rule_ids": [rule.id for rule in covered.rules],
    }


def _summary(techniques: Sequence[TechniqueCoverage]) -> str:
    whole = [t for t in techniques if t.technique.parent is None]
    parts = [t for t in techniques if t.technique.parent is not None]
    return (
        f"{sum(not t.is_gap for t in whole):,} of {len(whole):,} techniques and"
        f" {sum(not t.is_gap for t in parts):,} of {len(parts):,} sub-techniques"
        f" of Enterprise ATT&CK v{catalogue().version}"
    )


def _layer(
    techniques: Sequence[TechniqueCoverage], paths: Sequence[str], observed: Path | None
) -> dict[str, Any]:
    if observed is not None:
        return observed_layer(techniques, observed.name)
    return coverage_layer(techniques, ", ".join(Path(path).name for path in paths))


def _write(path: Path, made: dict[str, Any]) -> None:
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror}") from error
