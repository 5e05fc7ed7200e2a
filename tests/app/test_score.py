"""`tocsin score` from the command line: simulated logs through Kafka and a worker, then the comparison."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MakeTopic = Callable[..., str]

RULE = """
title: Shadow Copies Deleted
id: 2c7d2f0e-5f34-4b3c-9a55-9d0a4f1f7c11
status: test
description: Deletes the copies from which files could be restored.
logsource: {product: windows, category: process_creation}
detection:
  selection:
    CommandLine|contains: ['delete shadows', 'shadowcopy delete', 'win32_shadowcopy', 'shadowstorage',
      'delete catalog']
  condition: selection
level: high
tags: [attack.t1490]
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    command = [sys.executable, "-m", "tocsin", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=clean, timeout=120, check=False)


@pytest.mark.kafka
@pytest.mark.slow
def test_end_to_end(kafka: str, make_topic: MakeTopic, unique_name: str, tmp_path: Path) -> None:
    """Events that carry no id are found again by their header's, through topic and table, and scored."""
    topic = ("--bootstrap-servers", kafka, "--topic", make_topic(kafka, 2))
    truth, results = str(tmp_path / "truth.ndjson"), str(tmp_path / "results")
    rule = tmp_path / "rule.yml"
    rule.write_text(RULE, encoding="utf-8")
    made = ("--shape", "windows", "--seed", "4", "--count", "8000", "--rate", "0", "--truth", truth)
    assert run("produce", *topic, *made).returncode == 0
    store = ("--results", results, "--csv", str(tmp_path / "out.csv"), "--rules", str(rule))
    detected = run("detect", *topic, "--group", unique_name, *store, "--once")
    assert detected.returncode == 0, detected.stderr
    scored = run("score", "--results", results, "--truth", truth)
    assert scored.returncode == 0, scored.stderr
    rows = [json.loads(line) for line in scored.stdout.splitlines()]
    scenarios = {row["scenario"]: row for row in rows if "scenario" in row}
    assert scenarios["ransomware"]["found"] >= 1
    assert sum(row["found"] for name, row in scenarios.items() if name != "ransomware") == 0
    assert next(row for row in rows if row.get("technique") == "T1490")["name"] == "Inhibit System Recovery"
    total = next(row for row in rows if "all" in row)
    assert (total["false_positives"], total["absent_events"]) == (0, 0)
    assert total["normal_events"] == 8_000 - len(Path(truth).read_text(encoding="utf-8").splitlines())
    assert run("score", "--results", results, "--truth", truth, "--min-recall", "0.9").returncode == 1
    assert run("score", "--results", results, "--truth", truth, "--level", "critical").returncode == 0


def test_no_truth(tmp_path: Path) -> None:
    """Without a truth file there is nothing to compare with: exit 3."""
    ended = run("score", "--results", str(tmp_path), "--truth", str(tmp_path / "truth.ndjson"))
    assert ended.returncode == 3
    assert "truth.ndjson" in ended.stderr
