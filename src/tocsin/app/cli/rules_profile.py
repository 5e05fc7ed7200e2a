"""`tocsin rules profile`: which rules cost what on recorded events."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from tocsin.app.cli.options import RULES, SHAPE, takes
from tocsin.app.cli.output import FORMATS, emit, is_table, notice
from tocsin.app.profiling import Profile, RuleCost
from tocsin.app.rule_sets import rules_of
from tocsin.app.settings import Loaded, limits_of
from tocsin.errors import SettingsError
from tocsin.rules.strain import strained
from tocsin.sources.files import RecordedFiles


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILES...")
@takes(*RULES)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Show only the dearest rules.  [default: 20 in a table, all in a pipe]",
)
@SHAPE
@FORMATS
def profile(
    loaded: Loaded, *, paths: tuple[str, ...], top: int | None, shape: str | None, format_: str | None
) -> None:
    """Tell what each rule costs on recorded events: candidates, tests, matches, seconds; the dearest first.

    Candidates, tests and matches are counted on all events: a worker tests a rule, by itself, only on events
    in which it found what the rule cannot do without, and where that does not decide. Seconds are not a
    worker's: they are those of a rule evaluated by itself, timed on some of the events and worked out for all
    candidates.
    """
    rules = rules_of(loaded.settings.rules, notice)
    limits = limits_of(loaded.settings)
    files = RecordedFiles(paths, sys.stdin.buffer, limits)
    if not files.names:
        raise SettingsError(f"{' '.join(paths)}: no file to read")
    found = Profile(rules, shape, time.thread_time_ns, limits)
    found.take(files.batches(lambda _read: None))
    costs = found.costs()
    shown = costs[: top or (20 if is_table(format_) else len(costs))]
    columns = ["title", "level", "candidates", "tests", "matches", "seconds", "microseconds"]
    emit(_rows(shown, as_text=is_table(format_)), format_, columns=columns)
    total = sum(cost.seconds for cost in costs)
    looked_at = f"{len(rules.rules):,} rules on {found.events:,} events"
    notice(f"{looked_at}: {total:,.1f} s if each were evaluated by itself")
    for strain in strained(rules.rules):
        notice(str(strain))


def _rows(costs: list[RuleCost], *, as_text: bool) -> Iterator[dict[str, Any]]:
    for cost in costs:
        yield {
            "rule_id": cost.rule.id,
            "title": cost.rule.title,
            "level": str(cost.rule.level),
            "candidates": cost.candidates,
            "tests": cost.tests,
            "matches": cost.matches,
            "evaluations": cost.evaluations,
            "seconds": f"{cost.seconds:.4f}" if as_text else cost.seconds,
            "microseconds": f"{cost.microseconds:.2f}" if as_text else cost.microseconds,
            "source": cost.rule.source,
        }
