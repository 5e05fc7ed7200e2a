"""Rules as the settings name them: from the cache, compiled by this process or by another."""

from pathlib import Path

import pytest

from tests.rules.texts import rule_id, rule_text
from tocsin.app.rule_sets import all_rules_of, compile_apart, rules_of
from tocsin.app.settings import Rules
from tocsin.errors import SettingsError
from tocsin.rules import load as load_room


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rules:
    """Rules that need a placeholder and a pipeline, and a cache of their own."""
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "rule.yml").write_text(rule_text({"selection": {"a|expand": "%x%"}}, id=rule_id(1)))
    (tmp_path / "pipeline.yml").write_text(
        "name: p\npriority: 1\ntransformations:\n  - {id: a, type: field_name_mapping, mapping: {a: b}}\n"
    )
    return Rules(
        paths=[str(tmp_path / "rule.yml")],
        pipelines=[str(tmp_path / "pipeline.yml")],
        placeholders={"x": ["é"]},
    )


def test_everything_that_the_settings_say_of_rules_is_used(settings):
    """Paths, placeholders and pipelines."""
    (rule,) = rules_of(settings, pytest.fail).rules
    assert rule.id == rule_id(1)
    assert getattr(rule.condition, "node", None) is not None
    assert "b" in str(rule.condition)
    assert all_rules_of(settings, pytest.fail).rules == (rule,)


def test_another_process_compiles_what_this_one_finds(settings, monkeypatch):
    """With the same settings: here nothing is left to compile."""

    def compiled(*_inputs):
        pytest.fail("compiled here")

    compile_apart(settings)
    monkeypatch.setattr(load_room, "_compiled", compiled)
    assert len(rules_of(settings, pytest.fail).rules) == 1


def test_mistakes_are_left_to_whoever_loads(settings, tmp_path, capfd):
    """The other process says nothing, whatever is wrong; this one says it."""
    (tmp_path / "pipeline.yml").write_text("- no pipeline")
    compile_apart(settings)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(SettingsError, match=r"pipeline\.yml"):
        rules_of(settings, pytest.fail)
