"""Settings of TLS and SASL are passed through; what is wrong with them is told before anything is read."""

from pathlib import Path

import pytest

from tests.secured import KEY_PASSWORD, PASSWORD, USER, Secured
from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import Cluster, topic_of
from tocsin.kafka.diagnosis import security_fault
from tocsin.secret import revealed

pytestmark = pytest.mark.kafka

Options = dict[str, str]


def tls(at: Secured, **more: str) -> Options:
    return {"security.protocol": "SSL", "ssl.ca.location": at.ca, **more}


def known(at: Secured, key: str, **more: str) -> Options:
    files = {"ssl.certificate.location": at.certificate, "ssl.key.location": key}
    return {**tls(at), **files, **more}


def scram(at: Secured, password: str = PASSWORD, **more: str) -> Options:
    login = {"sasl.mechanism": "SCRAM-SHA-256", "sasl.username": USER, "sasl.password": password}
    return {**tls(at), "security.protocol": "SASL_SSL", **login, **more}


def plain_sasl(password: str = PASSWORD) -> Options:
    login = {"sasl.mechanism": "PLAIN", "sasl.username": USER, "sasl.password": password}
    return {"security.protocol": "SASL_PLAINTEXT", **login}


LETS_IN = {
    "TLS": lambda at: (at.tls, tls(at)),
    "a certificate of our own": lambda at: (at.mutual, known(at, at.key)),
    "an encrypted key": lambda at: (
        at.mutual,
        known(at, at.locked_key, **{"ssl.key.password": KEY_PASSWORD}),
    ),
    "SCRAM over TLS": lambda at: (at.scram, scram(at)),
    "PLAIN": lambda at: (at.plain_sasl, plain_sasl()),
    "another name, unchecked": lambda at: (
        at.strange(at.tls),
        tls(at, **{"ssl.endpoint.identification.algorithm": "none"}),
    ),
}


@pytest.mark.parametrize("kind", LETS_IN)
def test_every_kind_of_listener_lets_us_in_with_the_right_settings(guarded, unique_name, kind):
    """librdkafka's properties pass through as they are."""
    servers, options = LETS_IN[kind](guarded)
    assert topic_of(Cluster(servers, options), unique_name, 1).partitions == 1


WRONG = {
    "missing CA file": (
        lambda at: (at.tls, tls(at, **{"ssl.ca.location": "nowhere/ca.pem"})),
        r"ssl\.ca\.location = 'nowhere/ca\.pem': cannot be read: No such file",
    ),
    "CA file with something else": (
        lambda at: (at.tls, tls(at, **{"ssl.ca.location": at.key})),
        r"ssl\.ca\.location: holds no certificate",
    ),
    "another authority": (
        lambda at: (at.tls, tls(at, **{"ssl.ca.location": at.other_ca})),
        r"certificate of the broker .* cannot be verified.*\(set ssl\.ca\.location",
    ),
    "no authority": (
        lambda at: (at.tls, {"security.protocol": "SSL"}),
        r"certificate of the broker .* cannot be verified.*\(set ssl\.ca\.location",
    ),
    "a key of another certificate": (
        lambda at: (at.mutual, known(at, at.other_key)),
        r"ssl\.key\.location: the key does not belong to the certificate in ssl\.certificate\.location",
    ),
    "an encrypted key without its password": (
        lambda at: (at.mutual, known(at, at.locked_key)),
        r"ssl\.key\.location: the key cannot be read .*ssl\.key\.password",
    ),
    "an encrypted key with another password": (
        lambda at: (at.mutual, known(at, at.locked_key, **{"ssl.key.password": "planted-secret-wrong"})),
        r"ssl\.key\.location: the key cannot be read .*ssl\.key\.password",
    ),
    "no certificate where one is wanted": (
        lambda at: (at.mutual, tls(at)),
        r"wants a client's certificate.*\(set ssl\.certificate\.location",
    ),
    "plaintext to TLS": (
        lambda at: (at.tls, {}),
        r"speaks TLS, and security\.protocol is PLAINTEXT \(set security\.protocol to SSL",
    ),
    "plaintext to SASL over TLS": (
        lambda at: (at.scram, {}),
        r"speaks TLS, and security\.protocol is PLAINTEXT",
    ),
    "plaintext to SASL": (
        lambda at: (at.plain_sasl, {}),
        r"answers to nobody who has not logged in.*\(set security\.protocol to SASL_PLAINTEXT",
    ),
    "TLS to SASL over TLS": (
        lambda at: (at.scram, tls(at)),
        r"answers to nobody who has not logged in.*\(set security\.protocol to SASL_SSL",
    ),
    "SASL without TLS to SASL over TLS": (
        lambda at: (at.scram, {**scram(at), "security.protocol": "SASL_PLAINTEXT"}),
        r"speaks TLS, and security\.protocol is SASL_PLAINTEXT \(set security\.protocol to SASL_SSL",
    ),
    "TLS to plaintext": (
        lambda at: (at.plain, tls(at)),
        r"does not speak TLS, and security\.protocol is SSL \(set security\.protocol to PLAINTEXT",
    ),
    "SASL to TLS alone": (
        lambda at: (at.tls, scram(at)),
        r"knows no SASL, which security\.protocol asks for \(set security\.protocol to SSL",
    ),
    "SASL to plaintext": (
        lambda at: (at.plain, plain_sasl()),
        r"knows no SASL, which security\.protocol asks for \(set security\.protocol to PLAINTEXT",
    ),
    "wrong password for SCRAM": (
        lambda at: (at.scram, scram(at, "planted-secret-wrong")),
        r"does not accept sasl\.password for sasl\.username 'alice'",
    ),
    "wrong password for PLAIN": (
        lambda at: (at.plain_sasl, plain_sasl("planted-secret-wrong")),
        r"does not accept sasl\.password for sasl\.username 'alice'",
    ),
    "another host name": (
        lambda at: (at.strange(at.tls), tls(at)),
        r"certificate .* is not for '127\.0\.0\.1'.*\(use a name that it is for in --bootstrap-servers",
    ),
    "a mechanism that the broker does not offer": (
        lambda at: (at.scram, scram(at, **{"sasl.mechanism": "PLAIN"})),
        r"sasl\.mechanism = 'PLAIN': the broker .* does not offer it \(it offers: SCRAM-SHA-256\)",
    ),
    "a mechanism that nobody has": (
        lambda at: (at.scram, scram(at, **{"sasl.mechanism": "MAGIC"})),
        r"sasl\.mechanism = 'MAGIC': not known \(one of: PLAIN",
    ),
    "no user": (
        lambda at: (
            at.scram,
            {**tls(at), "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-256"},
        ),
        r"sasl\.username and sasl\.password must both be set",
    ),
    "a mechanism without SASL": (
        lambda at: (at.plain, {"sasl.mechanism": "PLAIN"}),
        r"sasl\.mechanism is set, and security\.protocol = 'PLAINTEXT' has no SASL",
    ),
    "a protocol that nobody has": (
        lambda at: (at.plain, {"security.protocol": "SASL_TLS"}),
        r"security\.protocol = 'SASL_TLS': not known \(did you mean 'SASL_SSL'\?\)",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_setting_that_keeps_us_out_is_named_with_how_to_mend_it(guarded, unique_name, kind, monkeypatch):
    """Within seconds, in one sentence, and never with a secret in it."""
    monkeypatch.setattr("tocsin.kafka.cluster._TRY", 0.5)
    where, said = WRONG[kind]
    servers, options = where(guarded)
    with pytest.raises(SettingsError, match=said) as caught:
        topic_of(Cluster(servers, options), unique_name, 1)
    assert "planted-secret" not in str(caught.value)


def test_a_broker_that_is_away_is_no_fault_of_the_settings(guarded, unique_name, monkeypatch):
    """Nobody listens there: that may pass, and is exit 4, not 3."""
    monkeypatch.setattr("tocsin.kafka.cluster._TIMEOUT", 1.0)
    with pytest.raises(StreamError, match="no Kafka broker answers"):
        topic_of(Cluster("127.0.0.1:1", tls(guarded)), unique_name, 1)


def test_a_password_may_be_in_a_file(guarded, unique_name, tmp_path: Path):
    """As a secret that a container is given: with a line feed at its end."""
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    options = {**scram(guarded), "sasl.password.file": str(file)}
    del options["sasl.password"]
    assert topic_of(Cluster(guarded.scram, revealed(options)), unique_name, 1).partitions == 1


@pytest.mark.kafka
def test_a_broker_that_asks_for_no_login_is_not_said_to(kafka):
    """It may have been too slow, as when it has just started: that is no fault of a setting."""
    assert security_fault(kafka, {}, []) is None
