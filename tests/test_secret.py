"""Secrets come from files or variables, and what is not a secret is shown."""

from pathlib import Path

import pytest

from tocsin.errors import SettingsError
from tocsin.kafka import Cluster
from tocsin.secret import is_secret, revealed


@pytest.mark.parametrize(
    "name",
    [
        "sasl.password",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.keystore.password",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config",
        "sasl.oauthbearer.assertion.private.key.passphrase",
        "sasl.oauthbearer.assertion.private.key.pem",
        "sasl.jaas.config",
    ],
)
def test_what_may_be_a_secret_is_one(name):
    """Rather one name too many than one too few."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["sasl.username", "sasl.password.file", "ssl.key.location", "ssl.ca.location", "security.protocol"],
)
def test_where_a_secret_is_and_who_one_is_may_be_shown(name):
    """`config show` is there to find mistakes with."""
    assert not is_secret(name)


def test_values_are_read_from_files(tmp_path: Path):
    """Only the line feed at the end is taken off: blanks may be part of a password."""
    file = tmp_path / "password"
    file.write_text(" hush \r\n", encoding="utf-8", newline="")
    assert revealed({"sasl.password.file": str(file), "linger.ms": "5"}) == {
        "sasl.password": " hush ",
        "linger.ms": "5",
    }


def test_librdkafkas_own_files_stay_its_own():
    """It has two properties of such names, and reads those files itself."""
    options = {"sasl.oauthbearer.assertion.private.key.file": "key.pem"}
    assert revealed(options) == options


@pytest.mark.parametrize(
    ("options", "content", "said"),
    [
        ({}, None, "sasl.password.file = .*: cannot be read: No such file"),
        ({}, b"\n", "is empty"),
        ({}, b"\xff", "is not text in UTF-8"),
        ({"sasl.password": "hush"}, b"hush", "both sasl.password and sasl.password.file"),
    ],
)
def test_a_file_that_has_no_secret_is_told(tmp_path: Path, options, content, said):
    """And not what is in it."""
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as caught:
        revealed({**options, "sasl.password.file": str(file)})
    assert "hush" not in str(caught.value)


def test_a_cluster_does_not_show_its_properties():
    """It stands in tracebacks and debuggers' views."""
    assert "hush" not in repr(Cluster("broker:9092", {"sasl.password": "hush"}))
