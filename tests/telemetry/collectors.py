"""Collectors on loopback that take, delay or refuse what they are sent."""

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Collector:
    """What was taken, and what is answered: `answers` one after the other, then 200."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        self.rejected = 0
        self.gate = threading.Event()
        self.gate.set()
        self.url = ""

    def spans(self):
        return [
            (resource.resource.attributes[0].value.string_value, span)
            for request in list(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Say nothing of whoever goes away: that is what some tests are about."""


@contextmanager
def collector(secured: ssl.SSLContext | None = None) -> Iterator[Collector]:
    """Run one; behind TLS, by the name `localhost`, if it is given a context."""
    taken = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            taken.gate.wait(60)
            status = taken.answers.pop(0) if taken.answers else 200
            answer = b""
            if status == 200:
                taken.requests.append(ExportTraceServiceRequest.FromString(body))
                taken.headers.append(dict(self.headers))
                taken.paths.append(self.path)
                response = ExportTraceServiceResponse()
                response.partial_success.rejected_spans = taken.rejected
                answer = response.SerializeToString()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    taken.url = f"http://127.0.0.1:{server.server_port}"
    if secured is not None:
        server.socket = secured.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        taken.url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield taken
    finally:
        taken.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
