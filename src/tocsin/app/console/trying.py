"""Tries rules on one pasted event and keeps nothing; a pasted rule in a process that can be ended.

Reading a rule that somebody pasted may take for ever: the grammar of conditions allows it. So that is done by
a child, with bounds of time and memory.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from tocsin.app.sections import Settings, limits_of
from tocsin.attack import catalogue
from tocsin.decode import decode
from tocsin.decode.limits import Limits
from tocsin.detect import Detector
from tocsin.detect.explain import Explanation, explain, survey
from tocsin.detect.explanation_record import explanation_record
from tocsin.detect.scan import PythonMatching
from tocsin.errors import RuleError, SettingsError, StreamError
from tocsin.model import NO_LABEL, Batch, Event, Rejected, Stream
from tocsin.model.detection_record import detection_records
from tocsin.rules import Rule, RuleSet, Status
from tocsin.rules.load import rules_in

SECONDS = 10.0
"""For one try."""

RULE_BYTES = 256 * 1024
"""Of a pasted rule; the largest of SigmaHQ's has 60 KB."""

_MEMORY = 4 * 2**30
"""Bytes of address space for a child; libraries map a good part of it without using it."""

_AT_ONCE = 100
"""Rules between two looks at the clock."""

_SHOWN = 20
"""Rules that fire of which the explanation is sent."""

_NEAREST = 3

_PASTED = Stream("file", "pasted", "pasted")

Outcome = Mapping[str, Any]
"""What became of a try: see `Tried` in `rules.py`."""


def tried(rules: RuleSet, chosen: Sequence[Rule], text: str, limits: Limits) -> Outcome:
    """Return what rules make of an event, and why.

    Args:
        rules: the set that they are of.
        chosen: one of them, which is explained in any case, or all.
        text: the event: one JSON object of any shape.
        limits: of what an event may be.
    """
    batch = Batch.of_values(_PASTED, [text.encode("utf-8", "replace")], 1)
    event = decode(batch, None, limits)[0]
    if isinstance(event, Rejected):
        return _outcome(rejected={"reason": event.reason.value, "detail": event.detail})
    notices: list[str] = []
    explained = _explained(chosen, event, notices.append)
    fired = tuple(one.rule for one in explained if one.fires)
    detector = Detector(replace(rules, rules=fired), None, limits, matching=PythonMatching())
    judged = detector.judge(batch)
    label = judged.verdicts[0].label
    tactic, technique = catalogue().names(label)
    if len(fired) > _SHOWN:
        notices.append(f"{len(fired):,} rules fire; {_SHOWN} of them are explained")
    return _outcome(
        label={
            "tactic": label.tactic,
            "technique": label.technique,
            "tactic_name": tactic,
            "technique_name": technique,
        },
        detections=list(detection_records(judged)),
        explanations=[explanation_record(one, event) for one in _shown(explained)],
        notices=notices,
    )


def tried_apart(settings: Settings, rule: str, text: str) -> Outcome:
    """Return what a pasted rule makes of an event.

    Raises:
        RuleError: there is no rule in it, or it takes too long or too much to read.
        SettingsError: a pipeline of the settings is not what it should be.
    """
    if len(rule.encode("utf-8", "replace")) > RULE_BYTES:
        raise RuleError(f"the rule is larger than {RULE_BYTES:,} bytes")
    task = msgspec.json.encode({"settings": settings, "rule": _clean(rule), "text": _clean(text)})
    command = [sys.executable, "-P", "-m", "tocsin.app.console.trying"]
    try:
        done = subprocess.run(command, input=task, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuleError(f"the rule takes longer than {SECONDS:.0f} s to read and to try") from error
    except OSError as error:
        raise StreamError(f"no process can be started: {error.strerror}") from error
    if done.returncode != 0:
        raise RuleError("the rule takes too much to read", "is it one that a person wrote?")
    answer: dict[str, Any] = msgspec.json.decode(done.stdout)
    if "problem" in answer:
        kind = RuleError if answer["is_rule"] else SettingsError
        raise kind(answer["problem"], answer["hint"])
    return answer


def _explained(rules: Sequence[Rule], event: Event, notice: Callable[[str], None]) -> list[Explanation]:
    """Return the rules that fire, highest level first, and those that come nearest; a single one always."""
    if len(rules) == 1:
        return [explain(rules[0], event)]
    until = time.monotonic() + SECONDS
    fired: list[Explanation] = []
    near: list[Explanation] = []
    for first in range(0, len(rules), _AT_ONCE):
        if time.monotonic() > until:
            notice(f"stopped after {SECONDS:.0f} s: {first:,} of {len(rules):,} rules were tried")
            break
        found = survey(rules[first : first + _AT_ONCE], event, _NEAREST)
        fired += found.fired
        near = sorted([*near, *found.nearest], key=lambda one: (one.gap.rank(), -one.rule.level))[:_NEAREST]
    return [*sorted(fired, key=lambda one: (-one.rule.level, one.rule.title)), *near]


def _shown(explained: Sequence[Explanation]) -> list[Explanation]:
    """Return what is explained: not all of too many that fire, and what came near."""
    fired = [one for one in explained if one.fires]
    return [*fired[:_SHOWN], *(one for one in explained if not one.fires)]


def _outcome(
    rejected: Mapping[str, str] | None = None,
    label: Mapping[str, str] | None = None,
    detections: Sequence[Mapping[str, object]] = (),
    explanations: Sequence[Mapping[str, object]] = (),
    notices: Sequence[str] = (),
) -> Outcome:
    nothing = {"tactic": NO_LABEL.tactic, "technique": NO_LABEL.technique}
    return {
        "rejected": rejected,
        "label": label or (None if rejected else nothing),
        "detections": detections,
        "explanations": explanations,
        "notices": notices,
    }


def _clean(text: str) -> str:
    """Return a text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


class _Task(msgspec.Struct):
    """What a child is asked."""

    settings: Settings
    rule: str
    text: str


def _answer(task: _Task) -> Outcome:
    rules_settings = task.settings.rules
    try:
        rules = rules_in(
            task.rule, placeholders=rules_settings.placeholders, pipelines=rules_settings.pipelines
        )
    except SettingsError as error:
        return {"problem": error.problem, "hint": error.hint, "is_rule": False}
    said = [f"line {entry.line}: {entry.reason}" for entry in rules.report if entry.reason]
    if not rules.rules:
        wrong = next((entry.status for entry in rules.report if entry.status is not Status.OK), "empty")
        return {"problem": f"the rule is {wrong}: {'; '.join(said)}", "hint": "", "is_rule": True}
    made = tried(rules, rules.rules, task.text, limits_of(task.settings))
    return {**made, "notices": [*said, *made["notices"]]}


def _bounded() -> None:
    """Bound what this process may take, where the system can."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":  # what `tried_apart` starts
    _bounded()
    sys.stdout.buffer.write(
        msgspec.json.encode(_answer(msgspec.json.decode(sys.stdin.buffer.read(), type=_Task)))
    )
