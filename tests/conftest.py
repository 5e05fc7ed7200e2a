"""What tests of several rooms share: real brokers, each started when a test first asks, once a run."""

from __future__ import annotations

import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser

from tests.browser import launched
from tests.telemetry.jaeger import Jaeger, NoJaegerError
from tests.telemetry.jaeger import program as jaeger_program
from tests.telemetry.jaeger import running as running_jaeger
from tocsin.broker import UnavailableError, start
from tocsin.broker.apache import prepare_apache
from tocsin.broker.tansu import prepare_tansu
from tocsin.kafka import cluster

MakeTopic = Callable[..., str]

settings.register_profile(
    "tocsin", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a machine with much else to do is no fault of what it tests
settings.load_profile("tocsin")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    # jobs in the background ignore SIGINT, under nohup SIGHUP; children inherit that, and tests send both
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    """A test that leaves another handler behind takes the next one's Ctrl-C away: it is to fail itself."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    yield
    left = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert left == before


@pytest.fixture(scope="session")
def needs_apache() -> None:
    """Skip where Apache Kafka cannot run, saying why."""
    _need(lambda: prepare_apache(print))


@pytest.fixture(scope="session")
def needs_tansu() -> None:
    """Skip where Tansu cannot run, saying why."""
    _need(prepare_tansu)


@pytest.fixture(scope="session")
def kafka(needs_apache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real Apache Kafka. Tests share it: take names from `unique_name` or `make_topic`."""
    with start("apache", tmp_path_factory.mktemp("kafka"), 0, print) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def tansu(needs_tansu: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Tansu. Its consumers need the settings in `Running.consumer`."""
    with start("tansu", tmp_path_factory.mktemp("tansu"), 0, print) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    """A running Jaeger; the first one on a machine is built, which takes minutes."""
    try:
        program = jaeger_program()
    except NoJaegerError as reason:
        if os.environ.get("CI") and not os.environ.get("TOCSIN_WITHOUT_JAEGER"):
            raise
        pytest.skip(str(reason))
    with running_jaeger(program, tmp_path_factory.mktemp("jaeger")) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser; it holds the thread's event loop, so it goes before other tests want theirs."""
    with launched() as browser:
        yield browser


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a cluster up after a second instead of ten. That ten are meant is tested with commands."""
    monkeypatch.setattr(cluster, "_TIMEOUT", 1.0)


@pytest.fixture
def unique_name(request: pytest.FixtureRequest) -> str:
    """A name for a topic or a group that no other test uses."""
    return f"{re.sub('[^a-zA-Z0-9]+', '-', request.node.name)[:60].strip('-')}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def make_topic(unique_name: str) -> MakeTopic:
    """A function `make_topic(bootstrap, partitions=1, **config) -> name` that makes a topic of this test."""
    made: list[str] = []

    def make(bootstrap: str, partitions: int = 1, **config: str) -> str:
        name = f"{unique_name}-{len(made)}"
        topic = NewTopic(name, partitions, 1, config={k.replace("_", "."): v for k, v in config.items()})
        admin = AdminClient({"bootstrap.servers": bootstrap})  # named: dropping it would cancel the request
        admin.create_topics([topic])[name].result(20)
        _wait_for_leaders(admin, name, partitions)
        made.append(name)
        return name

    return make


def _wait_for_leaders(admin: AdminClient, name: str, partitions: int) -> None:
    """Return when brokers list the topic and who leads each partition: they say that it is made before."""
    deadline = time.monotonic() + 60
    while True:
        found = admin.list_topics(timeout=10).topics.get(name)
        if found and sum(partition.leader >= 0 for partition in found.partitions.values()) == partitions:
            return
        assert time.monotonic() < deadline, f"{name} is not led by any broker"
        time.sleep(0.01)


def _need(prepare: Callable[[], object]) -> None:
    """Skip where an engine cannot run; in CI that is a failure."""
    try:
        prepare()
    except UnavailableError as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(reason))
