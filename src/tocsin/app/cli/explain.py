"""`tocsin explain`: why a rule fires on an event, or why it does not."""

from __future__ import annotations

import sys

import click
import msgspec
from rich.console import Console

from tocsin.app.cli.explanation import show_explanation
from tocsin.app.cli.options import RULES, SHAPE, takes
from tocsin.app.cli.output import notice
from tocsin.app.explaining import Found, event_at, rule_called, stored_event
from tocsin.app.rule_sets import rules_of
from tocsin.app.settings import Loaded
from tocsin.detect.explain import Survey, explain, survey
from tocsin.detect.explanation_record import explanation_record
from tocsin.errors import SettingsError
from tocsin.model import Event
from tocsin.rules import RuleSet

FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    help="How to print.  [default: text on a terminal, JSON in a pipe]",
)


@click.command("explain")
@takes(*RULES, "results.dir")
@click.option("--rule", "rule_id", help="The rule's id, or its beginning; all rules unless given.")
@click.option("--event", "place", metavar="FILE[:LINE]", help="Where the event is; - is standard input.")
@click.option("--detection", "detection_id", metavar="ID", help="A stored detection: its event and its rule.")
@click.option(
    "--nearest",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Without --rule: how many rules to show that almost fire.",
)
@SHAPE
@FORMAT
def explain_command(  # noqa: PLR0913 - one argument per flag is click's way
    loaded: Loaded,
    *,
    rule_id: str | None,
    place: str | None,
    detection_id: str | None,
    nearest: int,
    shape: str | None,
    format_: str | None,
) -> None:
    """Say why a rule fires on an event, or what keeps it from firing.

    The event is a record of a file, of standard input, or of a stored detection. Without --rule, all rules
    that fire on it are explained, and those that come nearest to it.
    """
    if (place is None) == (detection_id is None):
        raise SettingsError("name one event", "--event FILE:LINE, or --detection ID")
    rules = rules_of(loaded.settings.rules, notice)
    if detection_id is not None:
        found, stored = stored_event(loaded.settings.results.dir, detection_id, shape)
        rule_id = rule_id or stored.rule_id
        _tell_changes(rules, stored.rule_id, stored.rule_revision)
    else:
        found = event_at(str(place), shape, sys.stdin.buffer)
    if not found.alone:
        notice(f"{found.place}: the first of several events; FILE:LINE names another")
    as_text = format_ == "text" or (format_ is None and sys.stdout.isatty())
    if rule_id is not None:
        _one(rules, rule_id, found, as_text=as_text)
    else:
        _all(survey(rules.rules, found.event, nearest), rules, found, as_text=as_text)


def _one(rules: RuleSet, rule_id: str, found: Found, *, as_text: bool) -> None:
    explained = explain(rule_called(rules, rule_id), found.event)
    if as_text:
        show_explanation(Console(), explained, in_full=True)
    else:
        _print_json(explanation_record(explained, found.event))


def _all(made: Survey, rules: RuleSet, found: Found, *, as_text: bool) -> None:
    if not as_text:
        _print_json(
            {
                "event": _described(found),
                "rules": len(rules.rules),
                "candidates": made.candidates,
                "fired": [explanation_record(one, found.event) for one in made.fired],
                "nearest": [explanation_record(one, found.event) for one in made.nearest],
            }
        )
        return
    console = Console()
    for one in sorted(made.fired, key=lambda one: -one.rule.level):
        show_explanation(console, one, in_full=False)
    if made.nearest:
        console.print("Nearest of those that do not fire:\n", style="bold", highlight=False)
    for one in made.nearest:
        show_explanation(console, one, in_full=False)
    notice(
        f"{found.place} ({found.event.event_type}): of {len(rules.rules):,} rules {made.candidates:,} were"
        f" candidates, {len(made.fired):,} fired; --rule ID shows every test of one"
    )


def _described(found: Found) -> dict[str, object]:
    event: Event = found.event
    return {
        "place": found.place,
        "event_id": event.event_id,
        "timestamp": event.timestamp,
        "event_type": event.event_type,
        "host": event.host,
        "user": event.user,
    }


def _tell_changes(rules: RuleSet, rule_id: str, revision: str) -> None:
    """Say when the rule is no longer what it was when it fired."""
    rule = rules.by_id.get(rule_id)
    if rule is not None and rule.revision != revision:
        notice(f"the rule has changed since: it was revision {revision}, and is {rule.revision} now")


def _print_json(record: object) -> None:
    click.echo(msgspec.json.encode(record))
