"""An explanation on a terminal: the conclusion, the reasons, and how every part of the condition held."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from tocsin.app.cli.output import printable
from tocsin.detect.explain import Explanation, Kind, Outcome, Seen
from tocsin.detect.reasons import headline, reasons, routed, why_not
from tocsin.model import NO_CATEGORY, LogSource

_MOST = 6
"""Values of a list, or values that a test looked at, shown before the rest are only counted."""

_LONGEST = 160
"""Characters shown of a value."""

_BEFORE = 40
"""Of them before the match."""

Line = tuple[int, Text]
"""How deep a line is indented, and the line."""

Marks = tuple[Text, Text]
"""By whether something holds."""


def show_explanation(console: Console, explained: Explanation, *, in_full: bool) -> None:
    """Print an explanation.

    Args:
        console: where to.
        explained: what to print.
        in_full: with both log sources and every part of the condition.
    """
    rule = explained.rule
    title = Text(_shown(rule.title), style="bold").append(f"  {rule.level}  {rule.id}", style="not bold dim")
    _print(console, 0, title)
    style = "bold green" if explained.fires else "bold red"
    _print(console, 1, Text(_shown(headline(explained)), style=style))
    if explained.routing.candidate or not in_full:
        for reason in reasons(explained):
            name = Text(_shown(reason.selection or "condition"), style="cyan")
            _print(console, 2, name.append(f"  {_shown(reason.text)}", style="default"))
    if in_full:
        _routing(console, explained)
        _print(console, 1, Text("condition", style="bold"))
        for depth, line in _lines(explained.outcome, 2, _marks(console)):
            _print(console, depth, line)
    console.print()


def _routing(console: Console, explained: Explanation) -> None:
    decision = explained.routing
    candidate = "a candidate" if decision.candidate else "not a candidate"
    line = Text("log source", style="bold").append(f"  {candidate}: ", style="not bold")
    _print(console, 1, line.append(_shown(routed(decision)), style="not bold"))
    _print(console, 2, Text(f"rule   {_source(decision.rule)}", style="dim"))
    _print(console, 2, Text(f"event  {_shown(_source(decision.event))}", style="dim"))


def _source(source: LogSource) -> str:
    parts = (("product", source.product), ("category", source.category), ("service", source.service))
    said = (f"{name}={'none' if value == NO_CATEGORY else value}" for name, value in parts if value)
    return ", ".join(said) or "unknown"


def _marks(console: Console) -> Marks:
    """Return what marks a part that does not hold, and one that does."""
    no, yes = ("\u2717 ", "\u2713 ") if console.encoding.lower().startswith("utf") else ("- ", "+ ")
    return Text(no, style="red"), Text(yes, style="green")


def _lines(outcome: Outcome, depth: int, marks: Marks) -> Iterator[Line]:
    mark = marks[outcome.held].copy()
    if outcome.kind is Kind.TEST:
        yield depth, mark.append(_shown(outcome.words), style="default")
        yield from _values(outcome, depth + 2)
    elif outcome.kind is Kind.NOT and outcome.held:
        yield depth, mark.append("not", style="dim")
        yield from _excluded(outcome.outcomes[0], depth + 1, marks)
    elif outcome.is_list:
        yield from _list(outcome, depth, marks)
    else:
        style = "bold" if outcome.kind is Kind.SELECTION else "dim"
        yield depth, mark.append(_shown(outcome.words), style=style)
        yield from _parts(outcome, depth + 1, marks)


def _parts(outcome: Outcome, depth: int, marks: Marks) -> Iterator[Line]:
    """Yield the parts; of alternatives only those that hold, if any does."""
    shown = outcome.outcomes
    if outcome.kind is Kind.ANY and outcome.held:
        shown = tuple(part for part in shown if part.held)
    for part in shown:
        yield from _lines(part, depth, marks)
    if len(shown) < len(outcome.outcomes):
        yield depth, _rest(len(outcome.outcomes) - len(shown), "alternative")


def _excluded(outcome: Outcome, depth: int, marks: Marks) -> Iterator[Line]:
    """Yield what does not hold, as it should be: in one line each, with the first thing that it lacks."""
    parts = outcome.outcomes if outcome.kind is Kind.ANY and not outcome.is_list else (outcome,)
    for part in parts:
        line = marks[False].copy().append(_shown(part.name), style="bold")
        reasons_ = list(why_not(part))
        text = reasons_[0].text if reasons_ else part.words
        if len(reasons_) > 1:
            text += f" (and {len(reasons_) - 1:,} more)"
        yield depth, line.append(("  " if part.name else "") + _shown(text), style="dim")


def _list(outcome: Outcome, depth: int, marks: Marks) -> Iterator[Line]:
    """Yield a list of values for one field: those that hold, else some of them and what the event has."""
    parts = outcome.outcomes
    line = marks[outcome.held].copy().append(_shown(outcome.words), style="default")
    yield depth, line.append(f" ({len(parts):,} values)", style="dim")
    held = tuple(part for part in parts if part.held)
    shown = (held if outcome.kind is Kind.ANY and held else parts)[:_MOST]
    for part in shown:
        style = "default" if part.held else "dim"
        yield depth + 1, marks[part.held].copy().append(_shown(part.words), style=style)
        if part.held:
            yield from _values(part, depth + 3)
    if len(shown) < len(parts):
        yield depth + 1, _rest(len(parts) - len(shown), "value")
    if not held:
        yield from _values(parts[0], depth + 2)


def _rest(count: int, noun: str) -> Text:
    return Text(f"  and {count:,} more {noun}" + ("" if count == 1 else "s"), style="dim")


def _values(outcome: Outcome, depth: int) -> Iterator[Line]:
    seen = [one for one in outcome.seen if one.held] or list(outcome.seen)
    if not seen:
        missing = "no value has it" if outcome.field is None else f"the event has no {outcome.field}"
        yield depth, Text(_shown(missing), style="dim italic")
    for one in seen[:_MOST]:
        name = f"{one.field}: " if one.field != outcome.field else ""
        yield depth, Text(_shown(name), style="dim").append_text(_value(one))
    if len(seen) > _MOST:
        yield depth, Text(f"and {len(seen) - _MOST:,} more values", style="dim")


def _value(seen: Seen) -> Text:
    """Return a value with what matched made bold; of a long one what is around the first match."""
    text = seen.text
    start = 0
    if len(text) > _LONGEST and seen.spans:
        start = max(0, min(seen.spans[0][0] - _BEFORE, len(text) - _LONGEST))
    cut = Text(_shown(text[start : start + _LONGEST]), style="yellow")
    for begin, end in seen.spans:
        cut.stylize("bold reverse", max(0, begin - start), max(0, end - start))
    before, after = "..." if start else "", "..." if start + _LONGEST < len(text) else ""
    return Text(before, style="dim").append_text(cut).append(after, style="dim")


def _print(console: Console, depth: int, line: Text) -> None:
    line.overflow = "fold"
    console.print(Padding(line, (0, 0, 0, 2 * depth), expand=False), highlight=False)


_BREAKS = str.maketrans("\t\n\r", "\u2409\u240a\u240d")
"""Signs for what would tear a line apart; one for one, so that spans stay where they are."""


def _shown(text: str) -> str:
    """Return a text in one line that cannot command the terminal."""
    return printable(text.translate(_BREAKS))
