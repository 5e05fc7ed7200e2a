"""The sections of the report, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.app.report import tables
from tocsin.app.report.chain_chart import chain_chart
from tocsin.app.report.markup import Child, Markup, joined, tag
from tocsin.app.report.time_chart import time_chart
from tocsin.stats.chain import SERIOUS
from tocsin.stats.headline import headline
from tocsin.stats.health import LIMITS, Latency
from tocsin.stats.palette import has_tactic
from tocsin.stats.questions import Summary
from tocsin.stats.timeline import timeline
from tocsin.stats.wording import percent, plural, seconds


def sections(found: Summary) -> Markup:
    """Return all sections of a summary; of an empty one, what there is to say."""
    told: list[Markup] = [_headline(found)]
    if found.processing.events:
        told += [_cards(found), _over_time(found), _chain(found), *_rules(found), _techniques(found)]
        told.append(_entities(found))
    return joined([*told, _health(found), _how_to_read(found)])


def _section(name: str, title: str, *parts: Child) -> Markup:
    return tag("section", tag("h2", title, id=name), *parts, class_=name, aria_labelledby=name)


def _said(text: str) -> Markup:
    return tag("p", text, class_="note")


def _headline(found: Summary) -> Markup:
    said = headline(found)
    points = tag("ul", *(tag("li", point) for point in said.points))
    kind = "headline alarming" if said.alarming else "headline"
    return tag("section", tag("h2", said.title), points, class_=kind, aria_label="In short")


def _cards(found: Summary) -> Markup:
    return tag("ul", *(_card(name, count, note) for name, count, note in _numbers(found)), class_="cards")


def _card(name: str, count: Child, note: str) -> Markup:
    return tag("li", tag("b", count), tag("span", name), tag("small", note) if note else None)


def _numbers(found: Summary) -> Iterator[tuple[str, Child, str]]:
    done, who = found.processing, found.entities
    yield "events", done.events, ""
    if done.detected is None:
        yield "with a tactic", done.labelled, percent(done.labelled / done.events)
    else:
        yield "with a detection", done.detected, percent(done.detected / done.events)
        yield "critical", done.levels["critical"], ""
        yield "high", done.levels["high"], ""
    if who.alarming_hosts is not None:
        yield "hosts with high or above", who.alarming_hosts, f"of {found.hosts.distinct:,}"
    yield "tactics seen", sum(has_tactic(tactic.value) for tactic in found.tactics), ""
    if found.processing.detected is not None:
        yield "rules that fired", found.rules.distinct, ""
    yield "records not readable", sum(found.health.rejected.values()) - found.health.gap_count, ""


def _over_time(found: Summary) -> Markup:
    line = timeline(found)
    totals = tables.tactics_table(found.tactics)
    if line is None:
        return _section("time", "Tactics over time", _said("No event has a time that can be read."), totals)
    notes = [
        "Above, all events on top of each other; below, a strip for each tactic, shaded by its own peak.",
    ]
    if line.hidden is not None:
        notes.append(f"The {percent(line.hidden)} of events without a tactic are in the last strip only.")
    if line.outside:
        notes.append(
            f"{plural(line.outside, 'event')} of clocks years off, or of tactics unknown, are not drawn."
        )
    numbers = joined([totals, tables.over_time_table(found)])
    note = f"Per {line.bucket.name}, in UTC. {' '.join(notes)}"
    return _section("time", "Tactics over time", _said(note), tables.behind(time_chart(found, line), numbers))


def _chain(found: Summary) -> Markup:
    chain = found.kill_chain
    title = "Kill chain per host"
    if not chain.rows:
        return _section("chain", title, _said("No host has an event with a tactic."))
    note = (
        f"{len(chain.rows):,} of {plural(chain.distinct, 'host')} with a tactic, furthest first. The circles"
        " are numbered in the order in which the tactics were first seen; below is when, beside it how many"
        f" events. Hollow: only detections below {SERIOUS}, which do not count as a step."
    )
    return _section("chain", title, _said(note), tables.behind(chain_chart(chain), tables.chain_table(chain)))


def _rules(found: Summary) -> Iterator[Markup]:
    if found.processing.detected is not None:
        note = (
            f"{len(found.rules.rows):,} of the {plural(found.rules.distinct, 'rule')} that fired, by events."
        )
        yield _section("rules", "Rules that fired", _said(note), tables.rules_table(found))


def _techniques(found: Summary) -> Markup:
    return _section("techniques", "ATT&CK techniques", tables.techniques_table(found))


def _entities(found: Summary) -> Markup:
    levels = found.processing.detected is not None
    who = found.entities
    note = (
        "Worst first: by critical events, then by high ones, and so on down."
        if levels
        else "By events with a tactic."
    )
    return _section(
        "entities",
        "Who is concerned",
        _said(note),
        tables.concerned_table("host", who.hosts, levels=levels),
        tables.concerned_table("user", who.users, levels=levels),
        tables.concerned_table("source address", who.source_ips, levels=levels),
    )


def _health(found: Summary) -> Markup:
    did = found.health
    parts: list[Markup] = [tables.facts(_facts(found))]
    if did.latency:
        parts.append(_latency(did.latency))
    if did.rejected:
        rows = [(tables.value(reason), count) for reason, count in did.rejected.items()]
        parts.append(tables.table(["Why records could not be read", "#Records"], rows))
    if did.gaps:
        gaps = [(gap.partition, gap.offset, tables.value(gap.detail)) for gap in did.gaps]
        parts.append(tables.table(["#Partition", "#Offset", "Records that were lost"], gaps))
    if did.rule_sets:
        used = [
            (
                tables.value(use.revision),
                use.events,
                tables.when(use.first_stored),
                tables.when(use.last_stored),
            )
            for use in did.rule_sets
        ]
        parts.append(tables.table(["Rule set", "#Events judged", "First used", "Last used"], used))
    return _section("health", "How the pipeline did", *parts)


def _facts(found: Summary) -> Iterator[tuple[str, Child]]:
    did, done = found.health, found.processing
    if done.first_stored and done.last_stored:
        yield "stored from", tables.when(done.first_stored)
        yield "stored until", tables.when(done.last_stored)
    if did.stored_per_second is not None:
        yield "events per second, pauses included", f"{did.stored_per_second:,.1f}"
    if did.busiest:
        yield "busiest minute", f"{plural(did.busiest.events, 'event')} ({did.busiest.start:%Y-%m-%d %H:%M})"
    if done.untimed:
        yield "events without a readable time", done.untimed
    yield "records that could not be read", sum(did.rejected.values()) - did.gap_count
    if done.detected is not None:
        yield "gaps: records lost before they were read", did.gap_count


def _latency(late: Latency) -> Markup:
    """Return how long events took from the topic to their row."""
    names = [f"up to {seconds(limit)}" for limit in LIMITS] + [f"more than {seconds(LIMITS[-1])}"]
    most = max(late.up_to)
    rows = [
        (name, tables.bar(count, most), count, percent(count / late.count))
        for name, count in zip(names, late.up_to, strict=True)
    ]
    said = (
        f"From a record's time in Kafka to its row: half within {seconds(late.p50)}, 95 % within"
        f" {seconds(late.p95)}, 99 % within {seconds(late.p99)}; the longest took {seconds(late.most)}."
    )
    return joined([_said(said), tables.table(["Latency", "", "#Events", "#Share"], rows)])


_WORDS: tuple[tuple[str, str], ...] = (
    ("Event", "One thing that happened on a machine, as its log tells it. Each is counted once."),
    ("Detection", "A rule fired on an event. That is a reason to look, not proof of an attack."),
    ("Level", "How bad it would be, says the rule's author: informational, low, medium, high or critical."),
    ("Tactic", "What an adversary is after, as MITRE ATT&CK names it. An event counts for one tactic only."),
    (
        "Technique",
        "How an adversary goes about it. It is that of the event's gravest detection, like the tactic.",
    ),
    (
        "Kill chain",
        "The order in which attacks tend to go. Look first at hosts on which many tactics were seen.",
    ),
    ("First, last seen", "When the events themselves say that they happened, in UTC."),
    ("Not in here", "What no log told, and what no rule looks for. No detection does not mean no attack."),
)
_OF_CSV = ("A CSV", "It tells labels only. Levels, rules and how the pipeline did are in the results table.")


def _how_to_read(found: Summary) -> Markup:
    words = _WORDS if found.processing.detected is not None else (*_WORDS, _OF_CSV)
    return _section("reading", "How to read this", tables.facts(words))
