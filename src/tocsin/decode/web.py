"""Access logs of web servers and proxies, under the names of the W3C's extended log format that rules use."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tocsin.decode.paths import at, text_at
from tocsin.decode.reshaped import Reshaped
from tocsin.model import LogSource

_OF_PROXIES = frozenset(
    {"s-action", "cs-categories", "r-ip", "r-host", "rs(Content-Type)", "sc-filter-result", "x-virus-id"}
)
_OF_SERVERS = frozenset({"s-sitename", "s-port", "s-computername", "server_name", "upstream_addr", "vhost"})
_PROXY_DATASETS = frozenset({"squid.log", "bluecoat.director", "zscaler.zia"})

_SERVICES = {"nginx.access": "nginx", "apache.access": "apache", "iis.access": "iis"}

_REQUEST = re.compile(r"([A-Z]{3,16}) (\S+)(?: HTTP/[\d.]+)?")
"""The first line of a request, as servers log it."""

_URIS = ("request_uri", "RequestPath", "uri", "c-uri", "cs-uri", "url", "path")


_CLOCK = re.compile(r"(\d\d)/([A-Za-z]{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def reshaped(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of a request.

    Rules for web servers look for paths in `cs-uri-query`, which by its definition is only what comes after
    the question mark: it has both.
    """
    fields = dict(found)
    request = at(found, "request")
    line = _REQUEST.fullmatch(request) if isinstance(request, str) else None
    uri = text_at(found, _URIS) or (line[2] if line else request if isinstance(request, str) else "")
    stem, query = text_at(found, ("cs-uri-stem",)), text_at(found, ("cs-uri-query",))
    if not uri and stem:
        uri = f"{stem}?{query}" if query and query != "-" else stem
    if line:
        fields.setdefault("cs-method", line[1])
    if uri:
        path, _, rest = uri.partition("?")
        fields.setdefault("c-uri", uri)
        fields.setdefault("cs-uri", uri)
        fields.setdefault("cs-uri-stem", path)
        fields.setdefault("c-uri-query", rest)
        fields["cs-uri-query"] = [query, uri] if query and query != uri else uri
        name = path.rpartition("/")[2]
        if "." in name:
            fields.setdefault("c-uri-extension", name.rpartition(".")[2])
    return Reshaped(fields, _source(found), _time(found))


def _time(found: Mapping[str, object]) -> str | None:
    """Return the time where it is written as Apache does it, which is not ISO 8601."""
    for name in ("timestamp", "time_local", "time", "@timestamp"):
        value = found.get(name)
        parts = _CLOCK.fullmatch(value.strip("[]")) if isinstance(value, str) and len(value) < 40 else None
        if parts and parts[2].lower() in _MONTHS:
            day, month, year, clock, hours, minutes = parts.groups()
            return f"{year}-{_MONTHS.index(month.lower()) + 1:02d}-{day}T{clock}{hours}:{minutes}"
    return None


def _source(found: Mapping[str, object]) -> LogSource:
    """Return whether it was a server's or a proxy's; where nothing tells, rules for both are candidates."""
    dataset = text_at(found, ("event.dataset",))
    if dataset in _PROXY_DATASETS or not _OF_PROXIES.isdisjoint(found):
        return LogSource(None, "proxy", "http")
    if dataset in _SERVICES or not _OF_SERVERS.isdisjoint(found):
        return LogSource(None, "webserver", _SERVICES.get(dataset, "http"))
    return LogSource(None, "http", "http")
