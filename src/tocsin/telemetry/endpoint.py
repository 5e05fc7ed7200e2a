"""Where traces go, as OpenTelemetry's own environment variables say it; without them, nowhere.

Names, defaults and units are those of OpenTelemetry's specification of OTLP exporters; timeouts are in
milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from tocsin.errors import SettingsError, nearest

Protocol = Literal["grpc", "http/protobuf"]

_PREFIX = "OTEL_EXPORTER_OTLP_"
_TIMEOUT = "10000"
_PATH = "/v1/traces"
_GRPC_PORT = 4317


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A collector.

    Attributes:
        protocol: how it is spoken to.
        url: `http://` or `https://`, host, port, and over HTTP the path.
        headers: sent with every request; they may hold secrets.
        timeout: seconds for one request.
        gzip: compress requests.
        authority: file with certificates to trust; empty for the system's.
        certificate, key: files with our own; empty for none.
    """

    protocol: Protocol
    url: str
    headers: Mapping[str, str]
    timeout: float
    gzip: bool
    authority: str = ""
    certificate: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """Return host and port, for humans."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def endpoint_of(environment: Mapping[str, str]) -> Endpoint | None:
    """Return the collector that the environment names; None when it names none, or wants no traces.

    Raises:
        SettingsError: a value is none of those that it may be.
    """
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if _chosen(environment, "OTEL_TRACES_EXPORTER", "otlp", ("otlp", "none")) == "none":
        return None
    own, shared = environment.get(f"{_PREFIX}TRACES_ENDPOINT"), environment.get(f"{_PREFIX}ENDPOINT")
    if not own and not shared:
        return None
    url = _checked_url(own or shared or "", "TRACES_ENDPOINT" if own else "ENDPOINT")
    protocol = _protocol(environment, url)
    if protocol != "grpc" and not own:
        url = url.rstrip("/") + _PATH
    return Endpoint(
        protocol=protocol,
        url=url,
        headers=dict(_pairs(_said(environment, "HEADERS"), f"{_PREFIX}HEADERS")),
        timeout=_milliseconds(_said(environment, "TIMEOUT") or _TIMEOUT),
        gzip=_compression(environment) == "gzip",
        authority=_said(environment, "CERTIFICATE"),
        certificate=_said(environment, "CLIENT_CERTIFICATE"),
        key=_said(environment, "CLIENT_KEY"),
    )


def resource_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of this process that the environment names, `service.name` among them if it does.

    Raises:
        SettingsError: they are not pairs.
    """
    variable = "OTEL_RESOURCE_ATTRIBUTES"
    found = dict(_pairs(environment.get(variable, ""), variable))
    if environment.get("OTEL_SERVICE_NAME"):
        found["service.name"] = environment["OTEL_SERVICE_NAME"]
    return found


def _said(environment: Mapping[str, str], name: str) -> str:
    return environment.get(f"{_PREFIX}TRACES_{name}") or environment.get(f"{_PREFIX}{name}") or ""


def _chosen(environment: Mapping[str, str], variable: str, default: str, choices: tuple[str, ...]) -> str:
    value = environment.get(variable) or default
    if value not in choices:
        hint = nearest(value, choices) or f"one of: {', '.join(choices)}"
        raise SettingsError(f"{variable} = {value!r}: is not supported for traces", hint)
    return value


def _protocol(environment: Mapping[str, str], url: str) -> Protocol:
    """Return what is said; else what the port is for, because many name 4317 and no protocol."""
    said = _said(environment, "PROTOCOL")
    if not said:
        return "grpc" if urlsplit(url).port == _GRPC_PORT else "http/protobuf"
    variable, choices = f"{_PREFIX}PROTOCOL", ("grpc", "http/protobuf")
    return "grpc" if _chosen({variable: said}, variable, "", choices) == "grpc" else "http/protobuf"


def _compression(environment: Mapping[str, str]) -> str:
    variable = f"{_PREFIX}COMPRESSION"
    said = {variable: _said(environment, "COMPRESSION")}
    return _chosen(said, variable, "none", ("none", "gzip"))


def _checked_url(text: str, name: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{_PREFIX}{name}: is no address of a collector", "such as http://localhost:4318")
    return text


def _milliseconds(text: str) -> float:
    try:
        found = int(text) / 1_000
    except ValueError:
        found = 0.0
    if found <= 0:
        raise SettingsError(f"{_PREFIX}TIMEOUT = {text!r}: must be milliseconds, at least 1")
    return found


def _pairs(text: str, variable: str) -> list[tuple[str, str]]:
    """Return `name=value,name=value`, values percent-decoded."""
    found = []
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():  # it may be a secret: it is not told
            raise SettingsError(f"{variable}: expected NAME=VALUE, separated by commas")
        found.append((name.strip(), unquote(value.strip())))
    return found
