"""Reads the spans of a trace from Jaeger's query API."""

from __future__ import annotations

import http.client
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tocsin.errors import SettingsError, StreamError
from tocsin.telemetry.store import StoredSpan

_SECONDS = 10.0


def jaeger_spans(url: str, trace_id: str) -> list[StoredSpan]:
    """Return the spans of a trace, in the order in which they began; none when Jaeger does not have it.

    Args:
        url: of Jaeger's query service, such as http://localhost:16686.
        trace_id: 32 hex digits.

    Raises:
        SettingsError: the URL is none.
        StreamError: Jaeger does not answer, or not like Jaeger.
    """
    status, body = _got(url, f"/api/traces/{trace_id}")
    if status == http.HTTPStatus.NOT_FOUND:
        return []
    try:
        traces = msgspec.json.decode(body)["data"] if status == http.HTTPStatus.OK else None
        spans = [_span(span, trace["processes"]) for trace in traces or () for span in trace["spans"]]
    except (msgspec.DecodeError, KeyError, TypeError, IndexError) as error:
        raise StreamError(
            f"{url}: does not answer like Jaeger", "is it the query service's address?"
        ) from error
    if traces is None:
        raise StreamError(f"{url}: answers {status}", "is it the query service's address?")
    return sorted(spans, key=lambda span: (span.begin, -span.end))


def _got(url: str, path: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{url}: is no address of Jaeger", "such as http://localhost:16686")
    secured = ssl.create_default_context() if parts.scheme == "https" else None
    connection = (
        http.client.HTTPConnection(parts.hostname, parts.port, timeout=_SECONDS)
        if secured is None
        else http.client.HTTPSConnection(parts.hostname, parts.port, timeout=_SECONDS, context=secured)
    )
    try:
        connection.request("GET", parts.path.rstrip("/") + path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise StreamError(f"{url}: does not answer: {error}", "is Jaeger running there?") from error
    finally:
        connection.close()


def _span(said: dict[str, Any], services: dict[str, Any]) -> StoredSpan:
    parents = [r["spanID"] for r in said["references"] if r["refType"] == "CHILD_OF"]
    begin = said["startTime"] * 1_000
    return StoredSpan(
        trace_id=said["traceID"],
        span_id=said["spanID"],
        parent_id=parents[0] if parents else "",
        service=services[said["processID"]]["serviceName"],
        name=said["operationName"],
        begin=begin,
        end=begin + said["duration"] * 1_000,
        attributes={tag["key"]: tag["value"] for tag in said["tags"]},
    )
