"""The table in docs/log-sources.md: which rules of SigmaHQ are for which log, and who writes that log.

`python -m tests.decode.log_sources` prints it anew from the rules and from the events in product_events.yml.
"""

from __future__ import annotations

import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.corpora import corpus
from tests.decode.product_events import CASES
from tocsin.decode.logsources import categories, is_what_rules_call, services
from tocsin.model import LogSource

UNKNOWN_ONLY = "unknown objects"
"""No shape is for such a log: its events are taken as they are, and every rule is tried."""

BY_REQUEST = {("cisco", "duo"): "`json`, when told so"}
"""Logs whose events have a key by which they would be taken for another shape."""

_UNSURE = {"azure", "cisco", "m365"}


def counts(rules: Path) -> Counter[LogSource]:
    """Return how many rules there are for each log source."""
    found: Counter[LogSource] = Counter()
    with zipfile.ZipFile(rules) as archive:
        for name in archive.namelist():
            if name.endswith(".yml"):
                for rule in yaml.load_all(archive.read(name), yaml.CSafeLoader):
                    given = rule.get("logsource")
                    if given:
                        found[
                            LogSource(*(given.get(part) for part in ("product", "category", "service")))
                        ] += 1
    return found


def shapes_for(rule: LogSource) -> list[str]:
    """Return the shapes of which some event is surely from the log of a rule, in the order of the events."""
    return list(dict.fromkeys(case.shape for case in CASES if is_from(case.source, rule)))


def is_from(event: LogSource, rule: LogSource) -> bool:
    """Say whether an event's log source says everything that a rule's says."""
    pairs = [(getattr(event, part), getattr(rule, part)) for part in ("product", "category", "service")]
    if all(own and is_what_rules_call(own, wanted) for own, wanted in pairs if wanted):
        return True
    # Of these one cannot always tell which of several services it was: rules for all of them are tried.
    product, category, service = pairs
    unsure = event.product in _UNSURE and (rule.product, rule.service) not in BY_REQUEST
    return bool(unsure and product[0] == product[1] and service[1] and not service[0] and not category[1])


def lines(found: Counter[LogSource]) -> Iterator[str]:
    """Yield the table, the products in alphabetical order, the most rules first."""
    yield "| product | category | service | rules | shapes |"
    yield "|---|---|---|---:|---|"
    ranked = sorted(found, key=lambda s: (s.product or "~", -found[s], s.category or "", s.service or ""))
    for rule in ranked:
        if rule.product == "windows":
            continue
        shapes = ", ".join(f"`{shape}`" for shape in shapes_for(rule))
        shapes = shapes or BY_REQUEST.get((rule.product or "", rule.service or ""), UNKNOWN_ONLY)
        cells = " | ".join(part or "" for part in (rule.product, rule.category, rule.service))
        yield f"| {cells} | {found[rule]} | {shapes} |"


def windows(found: Counter[LogSource]) -> tuple[int, int]:
    """Return how many rules there are for Windows, and for how many of them the table has the log."""
    all_, known = 0, 0
    for rule, count in found.items():
        if rule.product == "windows":
            all_ += count
            service = not rule.service or any(is_what_rules_call(s, rule.service) for s in services())
            category = not rule.category or any(is_what_rules_call(c, rule.category) for c in categories())
            known += count * (service and category)
    return all_, known


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines(counts(corpus("sigmahq/sigmahq-rules.zip"))))
