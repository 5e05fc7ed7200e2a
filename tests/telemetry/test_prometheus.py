"""A real Prometheus scrapes a real worker on a real Kafka: figures, alarms, the whole dashboard."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.run.test_pipeline import Pipeline
from tests.telemetry.prometheus import PROGRAM, ROOT, WINDOW, Prometheus, free_port, prometheus, wait_for
from tocsin.telemetry.metric_names import METRICS
from tocsin.telemetry.producer_metrics import PRODUCER_METRICS

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]

DASHBOARD: dict[str, Any] = json.loads(
    (ROOT / "deploy" / "grafana" / "dashboards" / "tocsin.json").read_text(encoding="utf-8")
)
QUERIES = [(panel["title"], t["expr"]) for panel in DASHBOARD["panels"] for t in panel["targets"]]

NOT_ALWAYS = {"tocsin_rule_tests_total"}
"""Has series only when a rule's index was not enough to decide."""


@dataclass(frozen=True)
class Observed:
    """A worker that cannot follow, and who looks at it.

    Attributes:
        address: of its endpoint.
        bad: records that are no events.
    """

    prometheus: Prometheus
    address: str
    bad: int


@pytest.fixture(scope="module")
def observed(kafka, tmp_path_factory) -> Iterator[Observed]:
    """Four seconds a flush and small batches, while more events keep coming than it can store."""
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("Prometheus is not installed")
        pytest.skip("Prometheus is not installed: apt-get install prometheus")
    folder = tmp_path_factory.mktemp("observed")
    pipeline = Pipeline(kafka, folder)
    pipeline.produce("--count", "300")
    bad = spoil(kafka, pipeline.topic)
    arguments = pipeline.command("--rules", "builtin:windows", "--metrics-listen", "127.0.0.1:0")[3:]
    arguments += ["--detections-topic", f"{pipeline.topic}-detections", "--queue-megabytes", "1"]
    arguments += ["--queue-rows", "200", "--commit-rows", "100"]
    slow = [sys.executable, "-m", "tests.telemetry.slow_worker", "4", *arguments]
    with (folder / "said").open("wb") as said:
        worker = subprocess.Popen(slow, cwd=ROOT, stderr=said)
    try:
        address = wait_for(lambda: endpoint(folder / "said"), "the worker")
        producing = f"127.0.0.1:{free_port()}"
        with prometheus(folder, [address], [producing]) as server:
            server.wait(f"sum(tocsin_records_total) == {300 + bad}")
            with flood(pipeline, producing):
                yield Observed(server, address, bad)
    finally:
        worker.kill()
        worker.wait()


@contextmanager
def flood(pipeline: Pipeline, listen: str) -> Iterator[None]:
    """Produce more than the worker can store, and answer Prometheus."""
    command = pipeline.produce_command("--count", "1000000", "--rate", "1500", "--metrics-listen", listen)
    producer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        producer.kill()
        producer.wait()


def spoil(bootstrap: str, topic: str) -> int:
    """Produce records that are no events; return how many."""
    producer = Producer({"bootstrap.servers": bootstrap})
    for _ in range(25):
        producer.produce(topic, b"no JSON")
    producer.flush()
    return 25


def endpoint(said: Path) -> str:
    """Return where the worker says that it answers; empty when it has not said so yet."""
    found = re.search(r"metrics: http://(\S+)/metrics", said.read_text(encoding="utf-8"))
    return found[1] if found else ""


def test_the_scrape_works(observed):
    """The worker is up, and its records are counted."""
    (up,) = observed.prometheus.wait('up{job="tocsin"} == 1')
    assert up["metric"]["instance"] == observed.address
    rejected = 'sum(tocsin_rejected_total{reason="not_json"})'
    (sample,) = observed.prometheus.wait(f"{rejected} >= {observed.bad}")
    assert float(sample["value"][1]) == observed.bad


def test_every_metric_is_there(observed):
    """As the documentation promises, with its type."""
    observed.prometheus.wait("tocsin_sink_commit_age_seconds")
    every = (*METRICS, *PRODUCER_METRICS)
    wait_for(lambda: names(observed) >= {m.name for m in every} - NOT_ALWAYS, "all metrics")
    told = observed.prometheus.get("metadata")
    for metric in every:
        name = metric.name.removesuffix("_total")  # OpenMetrics names a counter's family without it
        assert told[name if name in told else metric.name][0]["type"] == metric.type


def names(observed: Observed) -> set[str]:
    found = observed.prometheus.get("label/__name__/values")
    return {re.sub("_bucket$", "", name) for name in found}


def test_latency_has_exemplars_with_traces(observed):
    """Of events with a detection of level medium or above."""
    observed.prometheus.wait("tocsin_latency_seconds_count > 0")
    found = wait_for(
        lambda: observed.prometheus.get(
            "query_exemplars", query="tocsin_latency_seconds_bucket", start="0", end="9999999999"
        ),
        "exemplars",
    )
    assert re.fullmatch("[0-9a-f]{32}", found[0]["exemplars"][0]["labels"]["trace_id"])


def test_a_lag_that_grows_rings_and_names_partition_and_worker(observed):
    """The alarm of the repository, with seconds in the place of minutes."""
    alarm, *_ = wait_for(
        lambda: [a for a in observed.prometheus.alerts() if a["labels"]["alertname"] == "TocsinLagGrowing"],
        "the alarm",
        seconds=120,
    )
    assert alarm["labels"]["instance"] == observed.address
    assert f"Partition {alarm['labels']['partition']} is " in alarm["annotations"]["summary"]
    assert observed.address in alarm["annotations"]["description"]


def test_all_rules_are_evaluated(observed):
    """None has an error."""
    wait_for(
        lambda: all(
            rule["health"] == "ok"
            for group in observed.prometheus.get("rules")["groups"]
            for rule in group["rules"]
        ),
        "healthy rules",
    )


@pytest.mark.parametrize(
    ("panel", "expression"), QUERIES, ids=[f"{t}-{n}" for n, (t, _) in enumerate(QUERIES)]
)
def test_a_panel_shows_something(observed, panel, expression):
    """Its query, over the dashboard's time, gives data."""
    if any(name in expression for name in NOT_ALWAYS):
        observed.prometheus.query(resolved(expression))  # it is understood
        return
    assert observed.prometheus.wait(resolved(expression))


def resolved(expression: str) -> str:
    """Return a panel's query as Grafana sends it."""
    return expression.replace("$__rate_interval", WINDOW)
