"""The ways to a collector: one request at a time, over HTTP or gRPC."""

from __future__ import annotations

import gzip
import http.client
import ssl
from typing import Any, Protocol
from urllib.parse import urlsplit

from tocsin.errors import SettingsError
from tocsin.telemetry.endpoint import Endpoint

_AGAIN = {429, 502, 503, 504}
"""Answers of HTTP after which OTLP wants a request to be sent again."""

_AGAIN_GRPC = {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


class NotSentError(Exception):
    """A request was not taken.

    Args:
        reason: for humans.
        again: whether it may be sent again.
        after: seconds after which the collector wants that; None when it does not say.
    """

    def __init__(self, reason: str, *, again: bool, after: float | None = None) -> None:
        super().__init__(reason)
        self.again = again
        self.after = after


class Transport(Protocol):
    """Sends export requests; used by one thread."""

    def send(self, request: bytes) -> bytes:
        """Send one and return the answer's message.

        Raises:
            NotSentError: it was not taken.
        """

    def close(self) -> None:
        """Let go of the connection."""


def transport_of(endpoint: Endpoint) -> Transport:
    """Return the way to a collector; nothing is sent yet.

    Raises:
        SettingsError: gRPC is wanted and not installed, or a certificate cannot be read.
    """
    return GrpcTransport(endpoint) if endpoint.protocol == "grpc" else HttpTransport(endpoint)


class HttpTransport:
    """OTLP/HTTP with binary messages, over a connection that is kept.

    Raises:
        SettingsError: a certificate cannot be read.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        parts = urlsplit(endpoint.url)
        self._path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        self._gzip = endpoint.gzip
        self._headers = {**endpoint.headers, "Content-Type": "application/x-protobuf"}
        if self._gzip:
            self._headers["Content-Encoding"] = "gzip"
        host = parts.hostname or ""
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            secured = _secured(endpoint)
            self._connection = http.client.HTTPSConnection(
                host, parts.port, timeout=endpoint.timeout, context=secured
            )
        else:
            self._connection = http.client.HTTPConnection(host, parts.port, timeout=endpoint.timeout)

    def send(self, request: bytes) -> bytes:
        """Post a request; see `Transport`."""
        body = gzip.compress(request, 1) if self._gzip else request
        try:
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NotSentError(str(error) or type(error).__name__, again=True) from error
        if response.status // 100 == 2:  # 200 is what OTLP says, 202 what some proxies make of it
            return answer
        after = response.headers.get("Retry-After", "")
        seconds = float(after) if after.isdecimal() else None
        reason = f"it answers {response.status} {response.reason}"
        raise NotSentError(reason, again=response.status in _AGAIN, after=seconds)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class GrpcTransport:
    """OTLP/gRPC; messages go as the bytes that they are.

    Raises:
        SettingsError: gRPC is not installed, or a certificate cannot be read.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        try:
            import grpc  # noqa: PLC0415 - an extra: HTTP needs nothing
        except ImportError as error:
            raise SettingsError(
                f"traces to {endpoint.name} over gRPC need the package grpcio",
                "pip install 'tocsin[grpc]', or use the collector's HTTP port, usually 4318",
            ) from error
        self._errors: type[Exception] = grpc.RpcError
        parts = urlsplit(endpoint.url)
        target = f"{parts.hostname}:{parts.port or _default_port(parts.scheme)}"
        kind = grpc.Compression.Gzip if endpoint.gzip else grpc.Compression.NoCompression
        if parts.scheme == "https":
            root, key, chain = (_read(p) for p in (endpoint.authority, endpoint.key, endpoint.certificate))
            secured = grpc.ssl_channel_credentials(root, key, chain)
            self._channel = grpc.secure_channel(target, secured, compression=kind)
        else:
            self._channel = grpc.insecure_channel(target, compression=kind)
        self._call: Any = self._channel.unary_unary(_METHOD)  # without serializers: bytes in, bytes out
        self._timeout = endpoint.timeout
        self._metadata = tuple((name.lower(), value) for name, value in endpoint.headers.items())

    def send(self, request: bytes) -> bytes:
        """Call the collector; see `Transport`."""
        try:
            answer: bytes = self._call(request, timeout=self._timeout, metadata=self._metadata)
        except self._errors as error:
            status: Any = error
            code = status.code().name
            reason = f"it answers {code}: {status.details()}"
            raise NotSentError(reason, again=code in _AGAIN_GRPC) from error
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _secured(endpoint: Endpoint) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=endpoint.authority or None)
        if endpoint.certificate:
            context.load_cert_chain(endpoint.certificate, endpoint.key or None)
    except OSError as error:
        raise SettingsError(f"the certificates for {endpoint.name} cannot be read: {error}") from error
    return context


def _read(path: str) -> bytes | None:
    if not path:
        return None
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - one read of a path that is a text already
            return file.read()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
