"""A real Apache Kafka with TLS and passwords beside its plain listener, and the certificates for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import trustme
from confluent_kafka import admin as kafka_admin
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tocsin.broker.apache import prepare_apache
from tocsin.broker.loopback import answers, free_port
from tocsin.broker.process import spawn
from tocsin.broker.running import _until, _wait_until_ready

USER, PASSWORD, KEY_PASSWORD = "alice", "planted-secret-Pa55", "planted-secret-K3y"


@dataclass(frozen=True)
class Secured:
    """Addresses of the listeners, and files.

    Attributes:
        plain, tls, mutual, scram, plain_sasl: host:port of the listeners; `mutual` wants a certificate,
            `scram` is SASL_SSL, `plain_sasl` is SASL without TLS. The certificate is for `localhost`.
        ca, other_ca: who signed the server's certificate, and who did not.
        certificate, key, locked_key: of a client; the last is the same key, encrypted with `KEY_PASSWORD`.
        other_key: does not belong to the certificate.
    """

    plain: str
    tls: str
    mutual: str
    scram: str
    plain_sasl: str
    ca: str
    other_ca: str
    certificate: str
    key: str
    locked_key: str
    other_key: str

    def strange(self, listener: str) -> str:
        """Return the address of a listener by a name that its certificate does not have."""
        return listener.replace("localhost", "127.0.0.1")


@contextmanager
def secured(folder: Path) -> Iterator[Secured]:
    """Run the broker."""
    files = _files(folder)
    own = folder / "broker"
    own.mkdir()
    names = ("tls", "mutual", "scram", "plain_sasl")
    ports = {name: free_port() for name in ("plain", *names)}
    apache = prepare_apache(print)
    command = apache.command(own, ports["plain"])
    properties = own / "server.properties"
    properties.write_text(_secured(properties.read_text("ascii"), ports, files), "ascii")
    process = spawn(command, folder / "state.json")
    try:
        _wait_until_ready(process, ports["plain"], command)
        for name in names:
            _until(partial(answers, ports[name]), process, command.log, float("inf"))
        plain = f"127.0.0.1:{ports['plain']}"
        _add_user(plain)
        yield Secured(plain=plain, **{n: f"localhost:{ports[n]}" for n in names}, **files)
    finally:
        process.stop()


def _secured(text: str, ports: dict[str, int], files: dict[str, str]) -> str:
    kinds = {"tls": "SSL", "mutual": "SSL", "scram": "SASL_SSL", "plain_sasl": "SASL_PLAINTEXT"}
    listeners = "".join(f",{name.upper()}://localhost:{ports[name]}" for name in kinds)
    protocols = "".join(f",{name.upper()}:{kind}" for name, kind in kinds.items())
    jaas = "org.apache.kafka.common.security.{0} required"
    password = f'{jaas.format("plain.PlainLoginModule")} user_{USER}="{PASSWORD}";'
    lines = []
    for line in text.splitlines():
        name = line.partition("=")[0]
        more = {"advertised.listeners": listeners, "listener.security.protocol.map": protocols}
        lines.append(line + more.get(name, listeners if name == "listeners" else ""))
    lines += [
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={files['certificate'].replace('client', 'server')}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={files['ca']}",
        "listener.name.mutual.ssl.client.auth=required",
        "listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256",
        f"listener.name.scram.scram-sha-256.sasl.jaas.config={jaas.format('scram.ScramLoginModule')};",
        "listener.name.plain_sasl.sasl.enabled.mechanisms=PLAIN",
        f"listener.name.plain_sasl.plain.sasl.jaas.config={password}",
    ]
    return "\n".join(lines) + "\n"


def _files(folder: Path) -> dict[str, str]:
    ca, other = trustme.CA(), trustme.CA()
    server, client = ca.issue_cert("localhost"), ca.issue_cert("tocsin.example.org")
    stranger = other.issue_cert("tocsin.example.org")
    locked = BestAvailableEncryption(KEY_PASSWORD.encode())
    contents = {
        "ca.pem": ca.cert_pem.bytes(),
        "other-ca.pem": other.cert_pem.bytes(),
        "server.pem": _key(server) + _chain(server),
        "client.pem": _chain(client),
        "client.key": _key(client),
        "locked.key": _key(client, locked),
        "other.key": _key(stranger),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    kinds = {"ca": "ca.pem", "other_ca": "other-ca.pem", "certificate": "client.pem", "key": "client.key"}
    kinds |= {"locked_key": "locked.key", "other_key": "other.key"}
    return {kind: str(folder / name) for kind, name in kinds.items()}


def _key(leaf: trustme.LeafCert, encryption: KeySerializationEncryption | None = None) -> bytes:
    """Return the private key in PKCS #8, as Kafka takes it."""
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def _chain(leaf: trustme.LeafCert) -> bytes:
    return b"".join(pem.bytes() for pem in leaf.cert_chain_pems)


def _add_user(bootstrap: str) -> None:
    room: Any = kafka_admin  # ships no types for these
    admin = room.AdminClient({"bootstrap.servers": bootstrap})
    info = room.ScramCredentialInfo(room.ScramMechanism.SCRAM_SHA_256, 4096)
    change = room.UserScramCredentialUpsertion(USER, info, PASSWORD.encode())
    admin.alter_user_scram_credentials([change])[USER].result(20)
