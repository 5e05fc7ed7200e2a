"""The compose file: valid, what the documents describe, and nothing in it that a laptop would regret."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.deploy.stack import ROOT, compose, services, variables
from tocsin.app import cli
from tocsin.app.settings import NOT_SETTINGS, Settings, load, specs
from tocsin.broker.kafka_jars import VERSION

EACH = pytest.mark.parametrize(("name", "service"), services().items(), ids=services())

OURS = {name: service for name, service in services().items() if "build" in service}
"""The services that run an image of ours."""

EACH_OF_OURS = pytest.mark.parametrize(("name", "service"), OURS.items(), ids=OURS)


def environment(service: dict[str, Any]) -> dict[str, str]:
    """Return what a service's process finds set; a name without a value is handed on, here nothing."""
    return {key: value for key, value in service.get("environment", {}).items() if value is not None}


def settings_of(service: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that Tocsin has in a service, with no file to add to them."""
    monkeypatch.chdir(folder)
    return load(None, environment(service), {}).settings


def parse(arguments: list[str]) -> click.Context:
    """Parse a command line as `tocsin` would; a mistake raises."""
    command: click.Command = cli.tocsin
    context = command.make_context("tocsin", list(arguments))
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        command, context = found, found.make_context(name, rest, parent=context)
    return context


def test_it_is_what_the_compose_specification_allows():
    """The specification's schema comes with check-jsonschema."""
    schema = ["--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(ROOT / "compose.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_that_the_documents_name_is_there():
    """Kafka, its console, Jaeger, metrics with their dashboard, JupyterLab, producers and workers."""
    assert services().keys() >= {
        *("kafka", "console", "jaeger", "prometheus", "grafana"),
        *("lab", "producer", "worker"),
    }


@pytest.mark.parametrize(
    ("name", "port"),
    [
        *[("console", 8080), ("jaeger", 16686), ("lab", 8888), ("prometheus", 9090), ("grafana", 3000)],
        ("tocsin-console", 8600),
    ],
)
def test_pages_are_where_the_documents_say(name, port):
    """At the ports that the documents print."""
    assert services()[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


@EACH
def test_only_this_machine_sees_a_port(name, service):
    """No port is open to the network that a laptop happens to be in."""
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@EACH
def test_an_image_is_one_version(name, service):
    """A service is built here, or its image has a full version."""
    assert ("build" in service) != ("image" in service)
    assert re.search(r":v?\d+\.\d+\.\d+$", service.get("image", "built:0.0.0"))


def test_kafka_is_the_version_that_the_embedded_broker_is():
    """What the tests prove on one is true of the other."""
    assert services()["kafka"]["image"] == f"apache/kafka:{VERSION}"


@EACH
def test_a_container_is_confined(name, service):
    """No rights beyond those of an ordinary process, and none to be had."""
    assert "privileged" not in service
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("network_mode") in (None, "none")
    assert service["read_only"] is not bool(service.get("x-writable-root"))


@EACH
def test_nobody_is_root(name, service):
    """Except the one that gives the data folder away, which can do nothing else."""
    rights = service.get("cap_add", [])
    assert service["user"].startswith("0:") == (name == "data-folder") == bool(rights)
    assert set(rights) <= {"CHOWN"}


@EACH
def test_a_service_tells_its_health_or_why_it_cannot(name, service):
    """A health check, or a reason why there is none."""
    assert bool(service.get("healthcheck")) != bool(service.get("x-no-healthcheck"))


@EACH
def test_a_service_has_its_share_of_the_machine(name, service):
    """Processors, memory and processes are bounded."""
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}


@EACH
def test_what_a_service_waits_for_can_happen(name, service):
    """Health is waited for where it is checked, an end where there is one."""
    for other, wanted in service.get("depends_on", {}).items():
        if wanted["condition"] == "service_healthy":
            assert "healthcheck" in services()[other]
        else:
            assert wanted["condition"] == "service_completed_successfully"
            assert services()[other]["restart"] == "no"


def test_every_volume_is_declared_or_a_folder_of_this_repository():
    """Nothing else of the machine is mounted; data/ need not be there, as it is not kept in git."""
    used = {volume.split(":")[0] for s in services().values() for volume in s.get("volumes", [])}
    folders = {source for source in used if source.startswith("./")}
    assert used - folders == compose()["volumes"].keys()
    assert all((ROOT / folder).is_dir() for folder in folders - {"./data"})


@EACH
def test_no_secret_is_written_down(name, service):
    """What may be a secret is handed on from outside."""
    for key, value in service.get("environment", {}).items():
        assert value is None or not re.search("password|secret|token", key, re.IGNORECASE)


def test_workers_can_be_many():
    """Nothing of a worker can be there only once."""
    assert not services()["worker"].keys() & {"container_name", "hostname", "ports"}


@pytest.mark.parametrize("name", [n for n, s in OURS.items() if "entrypoint" not in s and "command" in s])
def test_a_command_is_one_that_tocsin_has(name):
    """It is parsed by the command line itself."""
    assert parse(services()[name]["command"]).command.name == services()[name]["command"][0]


@EACH_OF_OURS
def test_a_variable_is_a_setting(name, service):
    """Every TOCSIN_ variable is known, those that are handed on too."""
    ours = {key for key in service.get("environment", {}) if key.startswith("TOCSIN_")}
    assert ours <= {spec.variable for spec in specs()} | NOT_SETTINGS


@pytest.mark.parametrize("name", ["producer", "worker", "lab"])
def test_all_mean_the_documents_topic_and_group(name, tmp_path, monkeypatch):
    """The names by which the documents' notebooks find each other."""
    kafka = settings_of(services()[name], tmp_path, monkeypatch).kafka
    assert (kafka.bootstrap_servers, kafka.topic, kafka.group) == (
        "kafka:9092",
        "raw-events",
        "packet-classifier",
    )


def test_the_lab_reads_what_the_workers_write(tmp_path, monkeypatch):
    """The same results and the same CSV, in the folder that all of them mount."""
    found = {name: settings_of(services()[name], tmp_path, monkeypatch).results for name in ("worker", "lab")}
    assert found["worker"] == found["lab"]
    for name, results in found.items():
        (mount,) = (v.split(":")[1] for v in services()[name]["volumes"] if v.startswith("./data:"))
        assert Path(results.dir).is_relative_to(mount)
        assert results.csv == f"{mount}/classified_packets.csv"


def test_the_console_looks_at_the_same_pipeline(tmp_path, monkeypatch):
    """Topic, group and results of the workers, their metrics, and Jaeger where a browser finds it."""
    ours, worker = (
        settings_of(services()[name], tmp_path, monkeypatch) for name in ("tocsin-console", "worker")
    )
    assert (ours.kafka, ours.results) == (worker.kafka, worker.results)
    assert ours.console.listen.endswith(":8600")
    port = worker.metrics.listen.rpartition(":")[2]
    assert ours.console.metrics == [f"http://worker:{port}/metrics"]
    assert ours.console.jaeger_url == "http://127.0.0.1:16686"


def test_kafka_answers_containers_by_name_and_this_machine_at_loopback():
    """The address that a listener advertises is one that its clients can reach."""
    kafka = services()["kafka"]
    advertised = kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert set(advertised) == {"LAB://kafka:9092", "HOST://127.0.0.1:29092"}
    assert kafka["ports"] == ["127.0.0.1:29092:29092"]


def test_traces_go_to_jaeger():
    """By the address and the service name of the documents."""
    worker = environment(services()["worker"])
    assert worker["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://jaeger:4318"
    assert worker["OTEL_SERVICE_NAME"] == "packet-classifier"
    assert "4318" in services()["jaeger"]["expose"]


def test_prometheus_finds_the_producer():
    """At the port where it answers, under a job of its own: the alarms are about workers."""
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = (job for job in scraped["scrape_configs"] if job["job_name"] == "tocsin-producer")
    (found,) = job["dns_sd_configs"]
    producer = services()["producer"]
    listen = producer["command"][producer["command"].index("--metrics-listen") + 1]
    assert (found["names"], listen) == (["producer"], f"0.0.0.0:{found['port']}")
    assert producer["expose"] == [str(found["port"])]


def test_prometheus_finds_every_worker(tmp_path, monkeypatch):
    """By the service's name, at the port where workers answer, under the job that the alarms speak of."""
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = (job for job in scraped["scrape_configs"] if job["job_name"] == "tocsin")
    (found,) = job["dns_sd_configs"]
    host, _, port = settings_of(services()["worker"], tmp_path, monkeypatch).metrics.listen.rpartition(":")
    assert (job["job_name"], found["names"], host) == ("tocsin", ["worker"], "0.0.0.0")
    assert services()["worker"]["expose"] == [port] == [str(found["port"])]


def test_what_is_configured_is_mounted_where_it_is_read():
    """Prometheus by its arguments, Grafana by its variables and by the provider of dashboards."""
    prometheus, grafana = services()["prometheus"], services()["grafana"]
    mounts = dict(v.split(":")[:2] for s in (prometheus, grafana) for v in s["volumes"])
    (config,) = (a.partition("=")[2] for a in prometheus["command"] if a.startswith("--config.file="))
    assert mounts["./deploy/prometheus"] == str(Path(config).parent)
    at = Path(mounts["./deploy/grafana"])
    told = environment(grafana)
    assert told["GF_PATHS_PROVISIONING"] == str(at / "provisioning")
    home = Path(told["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (ROOT / "deploy" / "grafana" / home.relative_to(at)).is_file()
    provider = ROOT / "deploy" / "grafana" / "provisioning" / "dashboards" / "tocsin.yml"
    (found,) = yaml.safe_load(provider.read_text(encoding="utf-8"))["providers"]
    assert found["options"]["path"] == str(home.parent)


def test_grafana_asks_services_that_are_there():
    """The host of each datasource is a service, at the port where it listens."""
    sources = ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "tocsin.yml"
    for source in yaml.safe_load(sources.read_text(encoding="utf-8"))["datasources"]:
        found = re.fullmatch(r"http://(\w+):(\d+)", source["url"])
        assert found
        assert services()[found[1]]["ports"] == [f"127.0.0.1:{found[2]}:{found[2]}"]


@pytest.mark.parametrize(
    ("owner", "inside", "mode", "said", "given"),
    [
        (0, [], 0o755, "", "1000:1000"),  # Docker has just made it
        (1000, ["results"], 0o755, "", ""),
        (0, ["results"], 0o755, "", ""),  # a machine whose files all seem to be root's
        (1001, [], 0o777, "", ""),
        (1001, [], 0o755, "HOST_UID=1001", ""),
    ],
)
def test_the_data_folder_is_given_away_only_when_docker_made_it(tmp_path, owner, inside, mode, said, given):
    """A folder of somebody else's is left alone, and what to do is said."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    for name in inside:
        (tmp_path / "data" / name).mkdir()
    stand_in(tmp_path / "bin" / "stat", f"echo {owner}")
    stand_in(tmp_path / "bin" / "chown", 'echo "$1" > given')
    service = services()["data-folder"]
    done = subprocess.run(
        [*service["entrypoint"], *service["command"]],
        cwd=tmp_path,
        env={**environment(service), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stderr
    assert bool(done.returncode) == bool(said)
    assert (tmp_path / "given").exists() == bool(given)
    assert not given or (tmp_path / "given").read_text().strip() == given


def stand_in(path: Path, script: str) -> None:
    """Put a program in the place of one that needs root."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


DOCUMENT = (ROOT / "docs" / "compose.md").read_text(encoding="utf-8")


def test_every_service_and_variable_is_documented():
    """In the document about the compose file, as code."""
    missing = {name for name in {*services(), *variables()} if f"`{name}`" not in DOCUMENT}
    assert not missing


@pytest.mark.parametrize("line", re.findall(r"docker compose run --rm (?:-\S+ )*(\w+ .+)", DOCUMENT))
def test_a_documented_command_is_one_that_tocsin_has(line):
    """What follows the service's name is parsed by the command line itself."""
    name, *arguments = line.split()
    assert name in OURS
    assert parse(arguments).command.name
