"""Puts the report together: one HTML file that needs nothing else, runs nothing, and loads nothing."""

from __future__ import annotations

import pkgutil
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from tocsin.app.report.markup import Markup, joined, tag
from tocsin.app.report.sections import sections
from tocsin.attack import catalogue
from tocsin.stats.headline import between
from tocsin.stats.palette import NO_DETECTION, TACTICS, UNKNOWN
from tocsin.stats.questions import Summary
from tocsin.version import __version__

TITLE = "What the detections say"


def page(found: Summary, title: str, made: datetime) -> str:
    """Return the report as HTML.

    Args:
        found: the numbers.
        title: what it is called.
        made: when, in UTC.
    """
    style = _style()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"Tocsin {__version__}"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    body = tag("body", _header(found, title), tag("main", sections(found)), _footer(found, made))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _header(found: Summary, title: str) -> Markup:
    done = found.processing
    when = between(done.first_event, done.last_event) if done.first_event and done.last_event else ""
    meant = str(found.meant)
    lines = [text for text in (when[:1].upper() + when[1:], f"Only events {meant}" if meant else "") if text]
    return tag("header", tag("h1", title), *(tag("p", line) for line in lines))


def _footer(found: Summary, made: datetime) -> Markup:
    known = catalogue()
    revisions = ", ".join(use.revision for use in found.health.rule_sets) or "not known"
    return tag(
        "footer",
        tag(
            "p",
            f"Made by Tocsin {__version__} on {made:%Y-%m-%d %H:%M} UTC from ",
            tag("bdi", "/".join(Path(found.name).parts[-2:])),
            ".",
        ),
        tag("p", f"Rule sets: {revisions}. ATT&CK catalogue: Enterprise {known.version}."),
        tag("p", known.notice),
    )


def _style() -> str:
    sheet = pkgutil.get_data(__package__, "report.css")
    assert sheet is not None, "every loader that can import this package can read its data"
    colours = {tactic.lower(): rgb for tactic, rgb in TACTICS.items()}
    colours |= {"none": NO_DETECTION, "unknown": UNKNOWN}
    fills = joined(Markup(f".{name}{{fill:{rgb};stroke:{rgb}}}") for name, rgb in colours.items())
    return sheet.decode() + fills


def _policy(style: str) -> str:
    """Return a policy that lets nothing in but this very style sheet."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
