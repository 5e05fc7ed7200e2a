"""What an engine tells about its work is what it has done."""

import itertools
import json

from tocsin import Detector, load_rules

RULES = """
title: A
id: 7a8b0f5e-0000-4000-8000-000000000001
status: test
logsource: {category: process_creation, product: windows}
detection:
  selection: {CommandLine|contains: secret}
  long: {CommandLine|re: '^.{30,}$'}
  condition: selection and long
level: high
"""


def line(text: str) -> bytes:
    event = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "CommandLine": text}
    return json.dumps(event).encode()


def test_lookups_are_events_and_misses_are_different_values(tmp_path):
    """So their quotient is the share of values that had to be searched."""
    (tmp_path / "a.yml").write_text(RULES)
    detector = Detector(load_rules([str(tmp_path / "a.yml")]))
    detector.judge_lines([line("one secret")])
    before = detector.figures()
    detector.judge_lines([line("one secret")] * 500 + [line(f"{n} secret") for n in range(20)])
    after = detector.figures()
    assert after.lookups - before.lookups == 520
    assert after.misses - before.misses == 20


def test_sums_survive_a_review(tmp_path):
    """When a program looks for more than at first, what it did before still counts."""
    (tmp_path / "a.yml").write_text(RULES)
    detector = Detector(load_rules([str(tmp_path / "a.yml")]))
    lines = [line(f"secret {n}") for n in range(400)]
    tests, lookups = [], []
    for _ in range(12):
        detector.judge_lines(lines)
        found = detector.figures()
        tests.append(found.tests[0])
        lookups.append(found.lookups)
    assert all(later - earlier >= 400 for earlier, later in itertools.pairwise(lookups))
    assert tests == sorted(tests)
    assert tests[0] > 0
