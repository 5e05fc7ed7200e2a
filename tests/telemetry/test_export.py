"""The exporter never makes anybody wait, and every span is either taken or counted as dropped."""

import socket
import threading
import time

import numpy as np
import pytest

from tests.telemetry.collectors import collector
from tocsin.errors import SettingsError
from tocsin.telemetry.endpoint import endpoint_of, resource_of
from tocsin.telemetry.export import Exporter
from tocsin.telemetry.otlp import Encoder
from tocsin.telemetry.spans import Attributes, Kind, Shared, Spans
from tocsin.telemetry.transport import transport_of


def block(count: int = 1) -> tuple[int, bytes]:
    random = np.random.default_rng(count)
    traces = random.integers(1, 255, (count, 16), np.uint8)
    ids = random.integers(1, 255, (count, 8), np.uint8)
    times = np.full(count, 5, np.int64)
    said = [Shared([Attributes(("event.id", "x"))] * count)]
    parents = np.zeros_like(ids)
    spans = Spans("s", "n", Kind.INTERNAL, traces, ids, parents, times, times, said)
    ((number, made),) = Encoder({}).blocks([spans])
    return number, made


def exporter(
    url: str, told: list[str] | None = None, queue_bytes: int = 1_000_000, **environment: str
) -> Exporter:
    said = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environment.items()}
    endpoint = endpoint_of({"OTEL_EXPORTER_OTLP_ENDPOINT": url, **said})
    assert endpoint is not None
    return Exporter(
        transport_of(endpoint), endpoint.name, (told if told is not None else []).append, queue_bytes
    )


def wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_what_is_given_arrives_before_close_returns(compression):
    """With the headers that the environment names, at the path that OTLP names."""
    with collector() as taken:
        out = exporter(taken.url, COMPRESSION=compression, HEADERS="x-key=a%20b, y=2")
        for _ in range(3):
            out.give(*block(10))
        out.close()
    assert (len(taken.spans()), out.exported, out.dropped) == (30, 30, 0)
    assert set(taken.paths) == {"/v1/traces"}
    assert (taken.headers[0]["x-key"], taken.headers[0]["y"]) == ("a b", "2")


def test_a_collector_that_is_away_costs_spans_and_no_time():
    """From the start: what fits waits, the rest is counted at once; it is told once."""
    told: list[str] = []
    number, made = block(100)
    out = exporter(f"http://127.0.0.1:{free_port()}", told, queue_bytes=3 * len(made))
    began = time.monotonic()
    for _ in range(1_000):
        out.give(number, made)
    assert time.monotonic() - began < 5
    assert out.dropped >= 900 * number
    wait_until(lambda: told)
    began = time.monotonic()
    out.close(0.5)
    assert time.monotonic() - began < 10
    assert (out.exported, out.dropped) == (0, 1_000 * number)
    assert len(told) == 2


def test_a_collector_that_dies_and_comes_back_gets_what_waited():
    """Tried again with growing waits; told when it goes and when it is back."""
    told: list[str] = []
    with collector() as taken:
        taken.answers = [503, 502]
        out = exporter(taken.url, told)
        out.give(*block(10))
        wait_until(lambda: len(taken.spans()) == 10)
        wait_until(lambda: len(told) == 2)
        out.close()
    assert (out.exported, out.dropped) == (10, 0)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_is_refused_for_good_is_dropped(status):
    """A wrong path or a wrong key: sending it again would not help."""
    with collector() as taken:
        taken.answers = [status]
        out = exporter(taken.url)
        out.give(*block(10))
        wait_until(lambda: out.dropped)
        out.give(*block(7))
        out.close()
    assert (out.exported, out.dropped) == (7, 10)


def test_what_a_collector_says_that_it_refused_is_dropped():
    """It took the request, but not all of its spans."""
    with collector() as taken:
        taken.rejected = 200
        out = exporter(taken.url)
        out.give(*block(300))
        out.close()
    assert (out.exported, out.dropped) == (100, 200)


def test_a_slow_collector_is_not_waited_for_at_the_end():
    """Longer than the deadline; what is on its way counts as dropped, once."""
    with collector() as taken:
        taken.gate.clear()
        out = exporter(taken.url)
        out.give(*block(10))
        began = time.monotonic()
        out.close(0.3)
        assert time.monotonic() - began < 10, "the collector takes its time: 60 s"
        assert (out.exported, out.dropped) == (0, 10)
        taken.gate.set()
        wait_until(lambda: "traces" not in {thread.name for thread in threading.enumerate()})
    assert (out.exported, out.dropped) == (0, 10)


def test_nothing_is_built_unless_a_collector_is_named():
    """Nor when traces are switched off."""
    assert endpoint_of({}) is None
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}
    assert endpoint_of({**named, "OTEL_TRACES_EXPORTER": "none"}) is None
    assert endpoint_of({**named, "OTEL_SDK_DISABLED": "true"}) is None


@pytest.mark.parametrize(
    ("environment", "protocol", "url"),
    [
        ({"ENDPOINT": "http://c:4318"}, "http/protobuf", "http://c:4318/v1/traces"),
        ({"ENDPOINT": "http://c:4318/base/"}, "http/protobuf", "http://c:4318/base/v1/traces"),
        ({"ENDPOINT": "http://c:4317"}, "grpc", "http://c:4317"),
        (
            {"ENDPOINT": "http://c:4317", "PROTOCOL": "http/protobuf"},
            "http/protobuf",
            "http://c:4317/v1/traces",
        ),
        ({"TRACES_ENDPOINT": "https://c/t", "ENDPOINT": "http://d"}, "http/protobuf", "https://c/t"),
        ({"ENDPOINT": "http://c:1", "TRACES_PROTOCOL": "grpc"}, "grpc", "http://c:1"),
    ],
)
def test_the_address_is_that_of_the_specification(environment, protocol, url):
    """An endpoint of traces is taken as it is; the shared one gets a path."""
    found = endpoint_of({f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environment.items()})
    assert found is not None
    assert (found.protocol, found.url) == (protocol, url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENDPOINT", "localhost:4318"),
        ("PROTOCOL", "http/json"),
        ("TIMEOUT", "0"),
        ("COMPRESSION", "zstd"),
        ("HEADERS", "s3cret"),
        ("CERTIFICATE", "/no/such/file"),
    ],
)
def test_a_wrong_value_is_told_before_anything_starts(name, value):
    """With the variable's name, and never with what may be a secret."""
    said = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:4318", f"OTEL_EXPORTER_OTLP_{name}": value}
    with pytest.raises(SettingsError) as told:
        transport_of(endpoint_of(said))  # type: ignore[arg-type]  # it raises before that
    assert "s3cret" not in str(told.value)


def test_the_resource_is_what_the_environment_says():
    """The name of the service has a variable of its own, which wins."""
    said = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,deployment.environment.name=lab%2C1"}
    assert resource_of(said) == {"service.name": "a", "deployment.environment.name": "lab,1"}
    assert resource_of({**said, "OTEL_SERVICE_NAME": "b"})["service.name"] == "b"
