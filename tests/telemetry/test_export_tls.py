"""Spans reach a collector over TLS when it is who it says it is, and no other."""

import ssl
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import trustme

from tests.telemetry.collectors import Collector, collector
from tests.telemetry.test_export import block, wait_until
from tocsin.errors import SettingsError
from tocsin.telemetry.endpoint import endpoint_of
from tocsin.telemetry.export import Exporter
from tocsin.telemetry.transport import transport_of


@dataclass(frozen=True)
class Files:
    """Certificates: whom to trust and whom not, the collector's for `localhost`, and ours with its key."""

    ca: str
    other_ca: str
    server: str
    server_key: str
    client: str
    client_key: str


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Files:
    folder: Path = tmp_path_factory.mktemp("certificates")
    ours, others = trustme.CA(), trustme.CA()
    server, client = ours.issue_cert("localhost"), ours.issue_cert("tocsin")
    blobs = {
        "ca": ours.cert_pem,
        "other_ca": others.cert_pem,
        "server": server.cert_chain_pems[0],
        "server_key": server.private_key_pem,
        "client": client.cert_chain_pems[0],
        "client_key": client.private_key_pem,
    }
    for name, blob in blobs.items():
        blob.write_to_path(str(folder / f"{name}.pem"))
    return Files(**{name: str(folder / f"{name}.pem") for name in blobs})


@contextmanager
def secured(files: Files, *, mutual: bool = False) -> Iterator[Collector]:
    """Run a collector behind TLS; `mutual` wants a certificate of whoever sends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server, files.server_key)
    if mutual:
        context.load_verify_locations(files.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    with collector(context) as taken:
        yield taken


def sent(url: str, **environment: str) -> tuple[int, int, list[str]]:
    """Give ten spans, and return how many were exported and dropped, and what was told."""
    told: list[str] = []
    said = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environment.items()}
    endpoint = endpoint_of({"OTEL_EXPORTER_OTLP_ENDPOINT": url, **said})
    assert endpoint is not None
    out = Exporter(transport_of(endpoint), endpoint.name, told.append)
    out.give(*block(10))
    wait_until(lambda: out.exported or told)
    out.close(0.5)
    return out.exported, out.dropped, told


def test_a_collector_that_is_trusted_gets_them(files):
    """With the authority that the environment names."""
    with secured(files) as taken:
        exported, dropped, told = sent(taken.url, CERTIFICATE=files.ca)
    assert (exported, dropped, told, len(taken.spans())) == (10, 0, [], 10)


def test_a_collector_that_nobody_vouches_for_gets_none(files):
    """They are counted as dropped, and why is told."""
    with secured(files) as taken:
        exported, dropped, told = sent(taken.url, CERTIFICATE=files.other_ca)
    assert (exported, dropped, taken.spans()) == (0, 10, [])
    assert "certificate" in told[0].lower()


def test_a_certificate_for_another_name_is_refused(files):
    """The authority is right, the collector is not who was asked for."""
    with secured(files) as taken:
        exported, dropped, _ = sent(taken.url.replace("localhost", "127.0.0.1"), CERTIFICATE=files.ca)
    assert (exported, dropped, taken.spans()) == (0, 10, [])


def test_a_collector_may_want_to_know_who_sends(files):
    """With our certificate it takes them, without it does not."""
    ours = {"CLIENT_CERTIFICATE": files.client, "CLIENT_KEY": files.client_key}
    with secured(files, mutual=True) as taken:
        assert sent(taken.url, CERTIFICATE=files.ca, **ours)[:2] == (10, 0)
        assert sent(taken.url, CERTIFICATE=files.ca)[:2] == (0, 10)
    assert len(taken.spans()) == 10


def test_files_that_are_no_certificates_are_told_before_anything_starts(files, tmp_path):
    """Where it can still be mended."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(SettingsError, match="certificates"):
        sent("https://localhost:1", CERTIFICATE=str(broken))


@pytest.mark.parametrize(("authority", "arrived"), [("ca", 10), ("other_ca", 0)])
def test_over_grpc_as_well(files, authority, arrived):
    """The same promise for the other protocol."""
    got: list[bytes] = []
    done = threading.Event()

    def export(request: bytes, _: grpc.ServicerContext) -> bytes:
        got.append(request)
        done.set()
        return b""

    handler = grpc.unary_unary_rpc_method_handler(export)
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    with futures.ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"Export": handler})])
        key, certificate = (Path(name).read_bytes() for name in (files.server_key, files.server))
        port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([(key, certificate)]))
        server.start()
        try:
            trusted = getattr(files, authority)
            exported, dropped, _ = sent(f"https://localhost:{port}", PROTOCOL="grpc", CERTIFICATE=trusted)
        finally:
            server.stop(None).wait()
    assert (exported, dropped, done.is_set()) == (arrived, 10 - arrived, arrived > 0)
