"""What the console looks at, and whether it can: the first thing that the front end asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter

from tocsin.app.console.context import Asked
from tocsin.app.console.live_record import KafkaNow
from tocsin.attack.catalogue import catalogue
from tocsin.version import __version__

router = APIRouter(prefix="/api", tags=["status"])


@dataclass(frozen=True, slots=True)
class RuleSetNow:
    """The rules that the console explains and tests with.

    Attributes:
        revision: of the rule set; None until it is loaded.
        count: rules that run; None until it is loaded.
        paths: where they come from.
    """

    revision: str | None
    count: int | None
    paths: list[str]


@dataclass(frozen=True, slots=True)
class Status:
    """What the console looks at.

    Attributes:
        topic, group: of the workers.
        results: where they keep what they find.
        catalogue_version: of ATT&CK.
        started: when the console did.
        time: now, by its clock.
    """

    version: str
    topic: str
    group: str
    results: str
    rules: RuleSetNow
    kafka: KafkaNow
    catalogue_version: str
    started: datetime
    time: datetime


@router.get("/status")
def status(console: Asked) -> Status:
    """Return what the console looks at, and whether it can."""
    settings, kafka = console.settings, console.sampler.kafka
    return Status(
        version=__version__,
        topic=settings.kafka.topic,
        group=settings.kafka.group,
        results=str(console.results),
        rules=_rules(console),
        kafka=KafkaNow(kafka.state, kafka.detail or settings.kafka.bootstrap_servers),
        catalogue_version=catalogue().version,
        started=console.started,
        time=datetime.now(UTC),
    )


def _rules(console: Asked) -> RuleSetNow:
    """Return what is known of the rules without waiting for them."""
    found, paths = console.rules.loaded, list(console.settings.rules.paths)
    return (
        RuleSetNow(None, None, paths)
        if found is None
        else RuleSetNow(found.revision, len(found.rules), paths)
    )
