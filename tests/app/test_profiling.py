"""What rules cost: counted exactly, timed by a clock that the test holds."""

import json
from collections.abc import Iterator

import pytest

from tests.rules.texts import rule_id, rule_of, rule_text
from tocsin.app.cli.rules import rules
from tocsin.app.profiling import EVERY, FIRST, Profile
from tocsin.model import Batch, Stream
from tocsin.rules import RuleSet

STREAM = Stream("file", "events.ndjson", "events")


def rule_set(*detections: dict[str, object]) -> RuleSet:
    windows = {"product": "windows", "category": "process_creation"}
    texts = [
        rule_text({"selection": detection}, id=rule_id(number)).replace(
            '{"product": "windows"}', json.dumps(windows)
        )
        for number, detection in enumerate(detections, 1)
    ]
    return RuleSet(tuple(map(rule_of, texts)), (), "revision")


def event(number: int, **fields: object) -> bytes:
    body = {
        "event_type": "process_start",
        "timestamp": "2026-11-21T10:00:00Z",
        "command_line": f"run {number}",
    }
    return json.dumps({**body, **fields}).encode()


def ticking(step: int) -> Iterator[int]:
    now = 0
    while True:
        yield now
        now += step


def test_candidates_and_matches_are_counted_on_all_events():
    """Of both rules every process is a candidate; other events and broken records are not."""
    found = Profile(rule_set({"command_line|contains": "run"}, {"command_line": "run 7"}), None, lambda: 0)
    lines = [event(number) for number in range(300)]
    login = event(0, event_type="user_login", logon_type="success")
    found.take([Batch.of_values(STREAM, [*lines[:200], login, b"{"]), Batch.of_values(STREAM, lines[200:])])
    costs = {cost.rule.id: (cost.candidates, cost.matches) for cost in found.costs()}
    assert costs == {rule_id(1): (300, 300), rule_id(2): (300, 1)}
    assert found.events == 301


def test_tests_are_those_of_the_matcher_that_workers_run():
    """A rule whose texts decide is never tested; one with an expression is, where its text was found."""
    decided: dict[str, object] = {"command_line|contains": "run"}
    expression: dict[str, object] = {"command_line|re": "run [0-9]*7$"}
    found = Profile(rule_set(decided, expression), None, lambda: 0)
    found.take([Batch.of_values(STREAM, [event(number) for number in range(100)])])
    costs = {cost.rule.id: (cost.tests, cost.matches) for cost in found.costs()}
    assert costs == {rule_id(1): (0, 100), rule_id(2): (100, 10)}


def test_seconds_are_worked_out_from_the_events_that_were_timed():
    """The first ones of a log source and one in a hundred after them, each counted as what it took."""
    ticks = ticking(3000)
    found = Profile(rule_set({"command_line|contains": "run"}), None, lambda: next(ticks))
    found.take([Batch.of_values(STREAM, [event(number) for number in range(1000)])])
    (cost,) = found.costs()
    assert cost.evaluations == FIRST + (1000 - 1) // EVERY
    assert cost.seconds == pytest.approx(1000 * 3e-6)
    assert cost.microseconds == pytest.approx(3.0)


def test_the_dearest_rule_comes_first():
    """And one that was never a candidate costs nothing."""
    ticks = iter([0, 10, 20, 50])
    rules = rule_set({"command_line|contains": "run"}, {"command_line|contains": "x"})
    found = Profile(rules, None, lambda: next(ticks))
    found.take([Batch.of_values(STREAM, [event(1)])])
    assert [cost.rule.id for cost in found.costs()] == [rule_id(2), rule_id(1)]
    nothing = Profile(rules, None, lambda: 0)
    nothing.take([])
    assert [(cost.candidates, cost.seconds, cost.microseconds) for cost in nothing.costs()] == [(0, 0, 0)] * 2


def test_the_command_prints_a_row_per_rule(capfd, tmp_path):
    """All in a pipe; on stderr what it would all cost."""
    (tmp_path / "events.ndjson").write_bytes(b"\n".join(event(number) for number in range(50)))
    arguments = ["profile", str(tmp_path / "events.ndjson"), "--rules", "builtin:lab"]
    rules.main(arguments, standalone_mode=False)
    said = capfd.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert len(rows) == 5
    assert sum(row["matches"] for row in rows) == 50
    assert {row["candidates"] for row in rows} == {50}
    assert "5 rules on 50 events" in said.err
    rules.main([*arguments, "--top", "2", "--format", "table"], standalone_mode=False)
    assert capfd.readouterr().out.count("Lab - ") == 2
