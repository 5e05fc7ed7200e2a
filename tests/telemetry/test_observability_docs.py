"""The page on metrics, the endpoint and the rules tell of the same things."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.app.settings import specs
from tocsin.telemetry.metric_names import METRICS
from tocsin.telemetry.metrics import Metrics
from tocsin.telemetry.producer_metrics import PRODUCER_METRICS, ProducerMetrics

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
RULES_FILE = ROOT / "deploy" / "prometheus" / "rules.yml"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]


def families() -> set[str]:
    """Return what the endpoints of a worker and of a producer say of themselves."""
    pages = [Metrics().page("")[1], ProducerMetrics("raw-events", "1", 0.0, []).page("")[1]]
    return {
        name for page in pages for name in re.findall(r"^# TYPE (tocsin_\S+)", page.decode(), re.MULTILINE)
    }


def test_the_page_describes_what_the_endpoint_shows():
    """Every metric with its type, labels and meaning, and none that is not there."""
    table = re.findall(r"^\| `(tocsin_\w+)` \| (\w+) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    every = [*METRICS, *PRODUCER_METRICS]
    assert [row[0] for row in table] == [metric.name for metric in every]
    for (_, kind, labels, meaning), metric in zip(table, every, strict=True):
        assert (kind, meaning) == (metric.type, metric.help)
        assert tuple(re.findall(r"`(\w+)`", labels)) == metric.labels
    assert families() == {metric.name for metric in every}


def test_every_metric_that_the_page_speaks_of_is_there():
    """In the text, too; `tocsin_sink_queue_*` stands for several."""
    known = families()
    for name in re.findall(r"`(tocsin_[a-z_]+)`", PAGE):
        assert name in known


def test_the_flags_for_logs_are_those_of_the_command():
    """All of them, and with values that they take."""
    known = {spec.flag: spec for spec in specs() if spec.section == "log"}
    shown = dict(re.findall(r"^\| `(--log-[a-z]+) ?([a-z]*)`", PAGE, re.MULTILINE))
    assert shown.keys() == known.keys()
    for flag, value in shown.items():
        assert not value or value in known[flag].choices


def test_the_page_lists_every_alarm():
    """And none that is not there."""
    listed = re.findall(r"^\| `(Tocsin\w+)` \|", PAGE, re.MULTILINE)
    assert listed == [rule["alert"] for rule in RULES if "alert" in rule]


def test_rules_ask_for_metrics_that_are_there():
    """A metric that was renamed fails here, not in silence."""
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    asked = {n for rule in RULES for n in re.findall(r"\btocsin[:_][a-z0-9_:]+", rule["expr"])}
    assert {name for name in asked if ":" in name} <= recorded
    for name in {name for name in asked if ":" not in name}:
        assert name.removesuffix("_bucket") in families()


def test_alarms_say_who_and_what_to_do():
    """The lag's names partition and worker; all have a severity and a description."""
    alarms = {rule["alert"]: rule for rule in RULES if "alert" in rule}
    for rule in alarms.values():
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}
    lag = " ".join(alarms["TocsinLagGrowing"]["annotations"].values())
    assert "$labels.partition" in lag
    assert "$labels.instance" in lag


def test_promtool_agrees():
    """The rules do what their tests say, and the configuration of the compose file is one."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: it comes with Debian's package prometheus")
    for command in (["test", "rules", "rules_test.yml"], ["check", "config", "prometheus.yml"]):
        done = subprocess.run(
            [promtool, *command], cwd=RULES_FILE.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
