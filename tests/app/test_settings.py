"""Settings come from four layers, and a mistake in any of them is named with its place."""

from pathlib import Path

import pytest

from tocsin.app.settings import Settings, load, shown, spec, specs
from tocsin.errors import SettingsError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tocsin.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_layer_the_defaults_are_the_documents():
    """Topic and group are those of the lab's notebook."""
    loaded = load(None, {}, {})
    assert loaded.settings == Settings()
    assert (loaded.settings.kafka.topic, loaded.settings.kafka.group) == ("raw-events", "packet-classifier")
    assert loaded.origins == {}


def test_later_layers_win_and_say_so(tmp_path):
    """Defaults < file < environment < flags, per key."""
    file = write(tmp_path, "[kafka]\ntopic = 'file'\ngroup = 'file'\npartitions = 2\n")
    environment = {"TOCSIN_KAFKA_TOPIC": "env", "TOCSIN_KAFKA_GROUP": "env", "PATH": "/bin"}
    loaded = load(file, environment, {"kafka.topic": "flag"})
    kafka = loaded.settings.kafka
    assert (kafka.topic, kafka.group, kafka.partitions) == ("flag", "env", 2)
    assert loaded.origins["kafka.topic"] == ("flag", "--topic")
    assert loaded.origins["kafka.group"] == ("environment", "TOCSIN_KAFKA_GROUP")
    assert loaded.origins["kafka.partitions"] == ("file", f"{file}:4")


def test_tables_add_up_over_the_layers(tmp_path):
    """A password from the environment joins the mechanism in the file."""
    file = write(tmp_path, '[kafka.client]\n"sasl.mechanism" = "PLAIN"\n')
    environment = {"TOCSIN_KAFKA_CLIENT_SASL_PASSWORD": "hush"}
    client = load(file, environment, {"kafka.client": {"linger.ms": "5"}}).settings.kafka.client
    assert client == {"sasl.mechanism": "PLAIN", "sasl.password": "hush", "linger.ms": "5"}


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("[kafka]\ntopc = 'x'", "tocsin.toml:2: unknown setting 'kafka.topc'", "did you mean 'kafka.topic'?"),
        ("[kafak]\ntopic = 'x'", "unknown section [kafak]", "did you mean 'kafka'?"),
        ("kafka = 3", "[kafka] must be a table", ""),
        ("[kafka]\npartitions = 'many'", "tocsin.toml:2: kafka.partitions = 'many'", ""),
        ("[kafka]\npartitions = 0", "`int` >= 1", ""),
        ("[results]\nkeep_events = 'some'", "results.keep_events = 'some'", "one of: detected, all, none"),
        ("[kafka\n", "not valid TOML", ""),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path, text, problem, hint):
    """The reader learns where, what, and the nearest right thing."""
    with pytest.raises(SettingsError) as error:
        load(write(tmp_path, text), {}, {})
    assert problem in error.value.problem
    assert error.value.hint == hint


def test_an_unknown_variable_is_an_error():
    """A misspelt variable must not be ignored in silence."""
    with pytest.raises(SettingsError) as error:
        load(None, {"TOCSIN_KAFKA_TOPICS": "x"}, {})
    assert error.value.hint == "did you mean 'TOCSIN_KAFKA_TOPIC'?"


def test_a_named_file_must_be_there(tmp_path):
    """The default file may be missing; one that was asked for may not."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "none.toml", {}, {})


def test_secrets_are_named_never_printed():
    """Every property that may hold a secret shows as one."""
    table = {"sasl.password": "hush", "ssl.key.pem": "hush", "sasl.mechanism": "PLAIN"}
    text = shown(spec("kafka.client"), table)
    assert "hush" not in text
    assert "sasl.mechanism=PLAIN" in text


def test_flags_and_variables_are_unique():
    """One name for one setting, everywhere."""
    found = list(specs())
    for attribute in ("key", "variable", "flag"):
        names = [getattr(s, attribute) for s in found]
        assert len(set(names)) == len(names)
    assert all(s.description.endswith((".", "...")) for s in found)


def test_placeholders_have_several_values_in_every_layer(tmp_path):
    """A list in the file, JSON in the variable (names may have any letters), the flag again and again."""
    file = write(tmp_path, '[rules.placeholders]\nadmins = ["root"]\nDC-NAMES = ["dc1"]\n')
    environment = {"TOCSIN_RULES_PLACEHOLDERS": '{"DC-NAMES": ["dc2", "dc3"]}'}
    rules = load(file, environment, {"rules.placeholders": {"hosts": ["a", "b"]}}).settings.rules
    assert rules.placeholders == {"admins": ["root"], "DC-NAMES": ["dc2", "dc3"], "hosts": ["a", "b"]}
    assert shown(spec("rules.placeholders"), {"b": ["1"], "a": ["2", "3"]}) == "a=2, a=3, b=1"


@pytest.mark.parametrize("text", ["root", '["root"]', '{"admins": "root"}', '{"admins": [1]}'])
def test_a_variable_with_other_placeholders_is_refused(text):
    """It names the variable."""
    with pytest.raises(SettingsError, match="TOCSIN_RULES_PLACEHOLDERS"):
        load(None, {"TOCSIN_RULES_PLACEHOLDERS": text}, {})
