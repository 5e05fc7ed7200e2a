"""What librdkafka refuses or cannot reach, told as a sentence that names the setting to mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException

from tocsin.errors import SettingsError, StreamError, nearest
from tocsin.secret import is_secret

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

_FILES = (
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.crl.location",
    "sasl.kerberos.keytab",
)
"""Properties that name a file; the first may name a folder too, or be `probe`."""

_AWAY = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE}  # noqa: SLF001 - librdkafka's names

_REFUSED = {
    "ssl.key.location failed: .*key values mismatch": (
        "ssl.key.location: the key does not belong to the certificate in ssl.certificate.location",
        "name the key that the certificate was made for",
    ),
    "ssl.key.location failed": (
        "ssl.key.location: the key cannot be read",
        "is it PEM? one that is encrypted needs the right ssl.key.password",
    ),
    "ssl.ca.location failed": (
        "ssl.ca.location: holds no certificate in PEM",
        "name the certificate of the authority that signed the broker's",
    ),
    "ssl.certificate.location failed": ("ssl.certificate.location: holds no certificate in PEM", ""),
    "ssl.keystore.location failed": (
        "ssl.keystore.location: cannot be read",
        "librdkafka takes PKCS#12, with the right ssl.keystore.password",
    ),
    "Unsupported SASL mechanism: (.*)": (
        "sasl.mechanism = {0!r}: not known",
        "one of: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI, OAUTHBEARER",
    ),
    "sasl.username and sasl.password must be set": (
        "sasl.username and sasl.password must both be set for this sasl.mechanism",
        "a password is best given as sasl.password.file or as TOCSIN_KAFKA_CLIENT_SASL_PASSWORD",
    ),
}
"""How librdkafka refuses a property -> what is wrong with it, and the hint."""


def check_options(options: Mapping[str, str]) -> None:
    """Look at what can be known without a broker.

    Raises:
        SettingsError: a file that is named is not there, or properties contradict each other.
    """
    for name in _FILES:
        value = options.get(name)
        if value is not None and not (name == _FILES[0] and (value == "probe" or Path(value).is_dir())):
            _check_file(name, Path(value))
    protocol = options.get("security.protocol", PROTOCOLS[0]).upper()
    if protocol not in PROTOCOLS:
        raise SettingsError(
            f"kafka.client: security.protocol = {protocol!r}: not known",
            nearest(protocol, PROTOCOLS) or f"one of: {', '.join(PROTOCOLS)}",
        )
    if not protocol.startswith("SASL") and any(name.startswith("sasl.mechanism") for name in options):
        raise SettingsError(
            f"kafka.client: sasl.mechanism is set, and security.protocol = {protocol!r} has no SASL",
            "set security.protocol to SASL_SSL, or SASL_PLAINTEXT where the network is trusted",
        )


def unreachable(servers: str, error: KafkaException | TimeoutError) -> StreamError | SettingsError:
    """Return what to tell the user about a cluster that does not answer, not in time, or refuses."""
    if isinstance(error, TimeoutError):
        return StreamError(f"Kafka at {servers} does not answer in time", "is it just starting, or too busy?")
    fault: KafkaError = error.args[0]
    if fault.code() in _AWAY:
        return StreamError(
            f"no Kafka broker answers at {servers}",
            "start one with 'tocsin broker start', or point to yours with --bootstrap-servers",
        )
    if fault.code() == KafkaError._INVALID_ARG:  # noqa: SLF001
        return bad_option(error)
    return StreamError(f"Kafka at {servers} refuses: {fault.str()}")


def bad_option(error: KafkaException) -> SettingsError:
    """Return what to tell the user about a client property that librdkafka refuses."""
    text = re.sub(r"^Failed to create .*?: ", "", error.args[0].str())
    for pattern, (problem, hint) in _REFUSED.items():
        found = re.match(pattern, text)
        if found:
            return SettingsError("kafka.client: " + problem.format(*found.groups()), hint)
    name = re.search(r'property "([^"]+)"', text)
    if name and is_secret(name[1]):
        text = f"{name[1]} has a value that is not allowed"
    return SettingsError(f"kafka.client: {text}", "properties are librdkafka's: see its CONFIGURATION.md")


def _check_file(name: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise SettingsError(
            f"kafka.client: {name} = {str(path)!r}: cannot be read: {error.strerror}", "name a file in PEM"
        ) from error
