"""The tables of the report, with bars in them where a length tells more than a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tocsin.app.report.drawing import tactic_class
from tocsin.app.report.markup import Child, Markup, joined, tag, visible
from tocsin.stats.chain import KillChain
from tocsin.stats.entities import Concerned
from tocsin.stats.questions import Count, Summary
from tocsin.stats.wording import percent, plural


def table(columns: Sequence[str], rows: Iterable[Sequence[Child]], caption: str = "") -> Markup:
    """Return a table; columns whose name begins with `#` hold numbers, and are set to the right."""
    kinds = ["number" if column.startswith("#") else None for column in columns]
    head = [
        tag("th", column.lstrip("#"), scope="col", class_=kind)
        for column, kind in zip(columns, kinds, strict=True)
    ]
    body = [
        tag("tr", *(tag("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)))
        for row in rows
    ]
    return tag(
        "table",
        tag("caption", caption) if caption else None,
        tag("thead", tag("tr", *head)),
        tag("tbody", *body),
    )


def behind(figure: Markup, numbers: Markup) -> Markup:
    """Return a figure with the table behind it, which opens on demand and is not printed."""
    return tag("figure", figure, tag("details", tag("summary", "The numbers as a table"), numbers))


def value(text: str) -> Markup:
    """Return a value out of an event, kept apart from the text around it."""
    return tag("bdi", visible(text))


def level(name: str) -> Markup:
    """Return a level in its colour, and in words."""
    return tag("span", name, class_=f"level {name}") if name else Markup()


def when(time: datetime | None) -> Markup | None:
    """Return a time to the second; nothing where there is none."""
    return tag("time", f"{time:%Y-%m-%d %H:%M:%S}") if time else None


def bar(count: int, most: int, class_: str = "plain") -> Markup:
    """Return a bar that is as long as a number is large."""
    length = max(1.0, 100 * count / most) if count else 0.0
    return tag(
        "svg",
        tag("rect", class_="track", width="100%", height="100%"),
        tag("rect", class_=class_, width=f"{length:.1f}%", height="100%"),
        class_="bar",
        aria_hidden="true",
    )


def rules_table(found: Summary) -> Markup:
    """Return the rules that fired most, with when they did first and last."""
    most = max((rule.count for rule in found.rules.rows), default=1)
    rows = [
        (
            level(rule.level),
            value(rule.title),
            bar(rule.count, most, rule.level),
            rule.count,
            percent(rule.share),
            when(rule.first),
            when(rule.last),
        )
        for rule in found.rules.rows
    ]
    columns = ["Level", "Rule", "", "#Events", "#Share", "First seen", "Last seen"]
    return table(columns, rows)


def techniques_table(found: Summary) -> Markup:
    """Return the techniques, with when they were seen first and last."""
    shown = [row for row in found.techniques.rows if row.tactic and tactic_class(row.tactic) != "none"]
    most = max((row.count for row in shown), default=1)
    rows = [
        (
            value(row.value),
            value(row.name),
            bar(row.count, most, tactic_class(row.tactic)),
            row.count,
            percent(row.share),
            when(row.first),
            when(row.last),
        )
        for row in shown
    ]
    return table(["Technique", "Name", "", "#Events", "#Share", "First seen", "Last seen"], rows)


def concerned_table(what: str, concerned: Concerned, *, levels: bool) -> Markup:
    """Return hosts, users or addresses, the worst first.

    Args:
        what: they are, in the singular.
        concerned: they.
        levels: whether the store knows levels.
    """
    most = max((entity.detected for entity in concerned.rows), default=1)
    rows = [
        (
            value(entity.value),
            *((level(entity.level),) if levels else ()),
            bar(entity.detected, most, entity.level or "plain"),
            entity.detected,
            *((entity.alarming,) if levels else ()),
            entity.count,
            when(entity.first),
            when(entity.last),
        )
        for entity in concerned.rows
    ]
    shown = f"{len(concerned.rows):,} of {plural(concerned.distinct, what)} with detections"
    worst, alarming = (["Worst"], ["#High or above"]) if levels else ([], [])
    columns = [what.capitalize(), *worst, "", "#Detected", *alarming, "#Events", "First seen", "Last seen"]
    return table(columns, rows, shown)


def chain_table(chain: KillChain) -> Markup:
    """Return the kill chains in numbers."""
    rows = [
        (
            value(host.host),
            value(step.name),
            level(step.level),
            step.count,
            when(step.first),
            when(step.last),
        )
        for host in chain.rows
        for step in host.steps
    ]
    return table(["Host", "Tactic", "Worst", "#Events", "First seen", "Last seen"], rows)


def tactics_table(tactics: Sequence[Count]) -> Markup:
    """Return the tactics in numbers."""
    rows = [
        (value(row.value), value(row.name), row.count, percent(row.share), when(row.first), when(row.last))
        for row in tactics
    ]
    return table(["Id", "Tactic", "#Events", "#Share", "First seen", "Last seen"], rows)


def over_time_table(found: Summary) -> Markup:
    """Return the counts over time."""
    counts = found.over_time
    rows = [(when(row.start), value(row.name), row.count) for row in counts.rows]
    return table(["From (UTC)", "Tactic", "#Events"], rows, f"Events by tactic per {counts.bucket.name}")


def facts(rows: Iterable[tuple[str, Child]]) -> Markup:
    """Return names and what they stand for, one below the other."""
    return tag("dl", joined(tag("div", tag("dt", name), tag("dd", said)) for name, said in rows))
