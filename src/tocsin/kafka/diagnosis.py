"""Why no broker of a cluster lets us in: asked of its listeners when librdkafka only knows that none did."""

from __future__ import annotations

import re
import socket
import ssl
import struct
from collections.abc import Iterable, Mapping
from typing import Final

from confluent_kafka import KafkaError

from tocsin.errors import SettingsError

_PATIENCE = 3.0
"""Seconds that a listener has for each question."""

_API_VERSIONS: Final = struct.pack(">ihhih6s", 16, 18, 0, 1, 6, b"tocsin")
"""Kafka's request ApiVersions, version 0: a listener answers it before anyone has logged in."""

_METADATA: Final = struct.pack(">ihhih6si", 20, 3, 1, 2, 6, b"tocsin", 0)
"""Kafka's request Metadata, version 1, for no topic: a listener hangs up on it where a login comes first."""


def security_fault(
    servers: str, options: Mapping[str, str], told: Iterable[KafkaError]
) -> SettingsError | None:
    """Return what keeps us out, if it is a setting of TLS or SASL, and None if it is something else.

    Args:
        servers: the bootstrap servers.
        options: librdkafka's properties.
        told: what librdkafka said of its tries.
    """
    for fault in told:
        found = _of_login(fault, options) or _of_certificate(fault)
        if found:
            return found
    return next(filter(None, (_of_listener(server, options) for server in servers.split(","))), None)


def _of_login(fault: KafkaError, options: Mapping[str, str]) -> SettingsError | None:
    if fault.code() != KafkaError._AUTHENTICATION:  # noqa: SLF001 - librdkafka's name
        return None
    text, place = fault.str(), fault.str().partition(": ")[0].removesuffix("/bootstrap")
    mechanism = options.get("sasl.mechanism") or options.get("sasl.mechanisms", "GSSAPI")
    handshake = re.search(r"mechanism handshake failed.*supported mechanisms: *([^(]*?) *\(", text)
    if handshake and handshake[1]:
        return SettingsError(
            f"kafka.client: sasl.mechanism = {mechanism!r}: the broker at {place} does not offer it",
            f"it offers: {handshake[1]}",
        )
    if handshake:
        protocol = options.get("security.protocol", "").upper().removeprefix("SASL_")
        return SettingsError(
            f"kafka.client: the listener at {place} knows no SASL, which security.protocol asks for",
            f"set security.protocol to {protocol}, or use the port of a listener with SASL",
        )
    if "uthentication failed" in text:
        user = options.get("sasl.username", "")
        return SettingsError(
            f"kafka.client: the broker at {place} does not accept sasl.password for sasl.username {user!r}"
            f" ({mechanism})",
            "check both; a password in a file is given as sasl.password.file",
        )
    return SettingsError(f"kafka.client: {text}", "check the sasl properties")


def _of_certificate(fault: KafkaError) -> SettingsError | None:
    """Tell a broker that wants to know who we are, or does not know our certificate."""
    if not re.search(
        "alert (bad certificate|certificate required|unknown ca|handshake failure)", fault.str()
    ):
        return None
    place = fault.str().partition(": ")[0].removesuffix("/bootstrap")
    return SettingsError(
        f"kafka.client: the broker at {place} wants a client's certificate that it knows",
        "set ssl.certificate.location and ssl.key.location to yours, signed by whom it trusts",
    )


def _of_listener(server: str, options: Mapping[str, str]) -> SettingsError | None:
    """Ask one listener what it speaks."""
    host, _, port = server.strip().removeprefix("//").rpartition(":")
    place = (host.strip("[]"), int(port)) if port.isdecimal() else (server.strip(), 9092)
    protocol = options.get("security.protocol", "PLAINTEXT").upper()
    try:
        socket.create_connection(place, _PATIENCE).close()
        speaks_tls = _handshake(place, _trusting_anyone()) is None
        if protocol.endswith("SSL"):
            return _of_tls(server, place, options, protocol) if speaks_tls else _is_plain(server, protocol)
        if speaks_tls:
            wanted = "SASL_SSL" if protocol.startswith("SASL") else "SSL"
            return SettingsError(
                f"kafka.client: the listener at {server} speaks TLS, and security.protocol is {protocol}",
                f"set security.protocol to {wanted} (and ssl.ca.location, if its certificate needs it)",
            )
        return _wants_login(server, protocol) if _hangs_up(place, None) else None
    except OSError:  # nobody listens, or stopped to while we asked
        return None


def _is_plain(server: str, protocol: str) -> SettingsError:
    return SettingsError(
        f"kafka.client: the listener at {server} does not speak TLS, and security.protocol is {protocol}",
        f"set security.protocol to {'SASL_PLAINTEXT' if protocol.startswith('SASL') else 'PLAINTEXT'},"
        " or use the port of a listener with TLS",
    )


def _of_tls(
    server: str, place: tuple[str, int], options: Mapping[str, str], protocol: str
) -> SettingsError | None:
    """Find out whether it is the certificate that we refuse, for the reason librdkafka has."""
    if options.get("enable.ssl.certificate.verification", "true").lower() == "false":
        return _wants_login(server, protocol) if _hangs_up(place, _trusting_anyone()) else None
    try:
        context = _trusting(options)
    except (OSError, ssl.SSLError):
        return None
    fault = _handshake(place, context)
    if fault is None:
        return _wants_login(server, protocol) if _hangs_up(place, context) else None
    if not isinstance(fault, ssl.SSLCertVerificationError):
        return None
    if fault.verify_code in _OTHER_NAME:
        return SettingsError(
            f"kafka.client: the certificate of the broker at {server} is not for {place[0]!r}:"
            f" {fault.verify_message}",
            "use a name that it is for in --bootstrap-servers (the broker's advertised.listeners too), or set"
            " ssl.endpoint.identification.algorithm=none where the network is trusted",
        )
    return SettingsError(
        f"kafka.client: the certificate of the broker at {server} cannot be verified: {fault.verify_message}",
        "set ssl.ca.location to the certificate of the authority that signed it",
    )


_OTHER_NAME = {62, 64}
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""


def _wants_login(server: str, protocol: str) -> SettingsError | None:
    """Tell a listener that speaks Kafka with us, and nothing else, until we have logged in."""
    if protocol.startswith("SASL"):
        return None
    wanted = "SASL_SSL" if protocol == "SSL" else "SASL_PLAINTEXT"
    return SettingsError(
        f"kafka.client: the listener at {server} answers to nobody who has not logged in,"
        f" and security.protocol is {protocol}",
        f"set security.protocol to {wanted}, with sasl.mechanism, sasl.username and sasl.password",
    )


def _trusting_anyone() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(options: Mapping[str, str]) -> ssl.SSLContext:
    authority = options.get("ssl.ca.location")
    context = ssl.create_default_context(cafile=authority if authority != "probe" else None)
    context.check_hostname = options.get("ssl.endpoint.identification.algorithm", "https").lower() != "none"
    if "ssl.certificate.location" in options:
        password = options.get("ssl.key.password")
        context.load_cert_chain(
            options["ssl.certificate.location"], options.get("ssl.key.location"), lambda: password or ""
        )
    return context


def _handshake(place: tuple[str, int], context: ssl.SSLContext) -> OSError | None:
    """Return why TLS cannot be spoken there, or None if it can."""
    try:
        with (
            socket.create_connection(place, _PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=place[0]),
        ):
            return None
    except OSError as error:  # ssl.SSLError is one
        return error


def _hangs_up(place: tuple[str, int], context: ssl.SSLContext | None) -> bool:
    """Say whether a listener speaks Kafka with who has not logged in, and hangs up on what needs a login.

    A broker that is just starting, or too busy, answers neither in time: that is no matter of logging in.
    """
    try:
        with socket.create_connection(place, _PATIENCE) as plain:
            asked = context.wrap_socket(plain, server_hostname=place[0]) if context else plain
            with asked:
                asked.sendall(_API_VERSIONS)
                (size,) = struct.unpack(">i", _received(asked, 4))
                if not 4 <= size <= _LONGEST or _received(asked, size)[:4] != struct.pack(">i", 1):
                    return False
                asked.sendall(_METADATA)
                try:
                    return not asked.recv(1)
                except ConnectionError:
                    return True
    except OSError:
        return False


_LONGEST = 65_536
"""Bytes that an answer to ApiVersions may have; Kafka's has some 400."""


def _received(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise ConnectionError("the listener hung up")
        found += part
    return found
