"""Loading rules with a store: the same set as without, at once, and never one of other rules."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.texts import rule_id, rule_text
from tocsin import load_rules
from tocsin.errors import RuleError
from tocsin.rules import RuleSet, Status, read_rules
from tocsin.rules import load as load_room
from tocsin.rules.store import Store

SELECTION = {"selection": {"a|expand": "%x%"}}
GOOD = rule_text({"selection": {"a": 1}}, id=rule_id(1))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with a rule in order, one that needs a placeholder, and one that is wrong."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "good.yml").write_text(GOOD)
    (folder / "expand.yml").write_text(rule_text(SELECTION, id=rule_id(2)))
    (folder / "wrong.yml").write_text("title: [")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", pytest.fail)


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[RuleSet]:
    """The sets that were compiled, as they come."""
    done: list[RuleSet] = []
    compile_ = load_room._compiled

    def compiled(*inputs):
        done.append(compile_(*inputs))
        return done[-1]

    monkeypatch.setattr(load_room, "_compiled", compiled)
    return done


def test_the_second_start_compiles_nothing(rules, store, compilations):
    """Rules, revision and report, also of what cannot be evaluated, come from the store."""
    first = read_rules(rules, store=store)
    second = read_rules(rules, store=store)
    assert first == second
    assert len(compilations) == 1
    assert second.counts()[Status.INVALID] == second.counts()[Status.UNSUPPORTED] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "good.yml").write_text(GOOD + "level: high\n"),
        lambda folder: (folder / "good.yml").rename(folder / "other.yml"),
        lambda folder: (folder / "new.yml").write_text(rule_text({"selection": {"b": 1}})),
        lambda folder: (folder / "wrong.yml").unlink(),
    ],
)
def test_a_change_of_the_rules_is_compiled(rules, store, compilations, change):
    """What a file says, what it is called, one more, one less."""
    read_rules(rules, store=store)
    change(rules)
    assert read_rules(rules, store=store) == read_rules(rules)
    assert len(compilations) == 3


def test_other_settings_are_another_set(rules, store):
    """Values of placeholders are part of what a set is."""
    without = read_rules(rules, store=store)
    one = read_rules(rules, store=store, placeholders={"x": ["one"]})
    other = read_rules(rules, store=store, placeholders={"x": ["other"]})
    assert len(without.rules) == 1
    assert len(one.rules) == len(other.rules) == 2
    assert len({found.revision for found in (without, one, other)}) == 3


def test_other_code_is_another_set(rules, store, compilations, monkeypatch):
    """What an older Tocsin made of the same rules is not used."""
    read_rules(rules, store=store)
    monkeypatch.setattr(load_room, "_own_code", lambda: b"other")
    read_rules(rules, store=store)
    assert len(compilations) == 2


def test_a_damaged_entry_is_compiled_anew(rules, store, compilations):
    """One byte on the disk has changed: noticed, dropped, mended."""
    whole = read_rules(rules, store=store)
    (kept,) = [path for path in store.folder.iterdir() if path.name.startswith("rules-")]
    raw = bytearray(kept.read_bytes())
    raw[len(raw) // 2] ^= 1
    kept.write_bytes(raw)
    assert read_rules(rules, store=store) == whole
    assert len(compilations) == 2
    assert read_rules(rules, store=store) == whole
    assert len(compilations) == 2


def test_a_set_that_is_refused_is_refused_from_the_store_too(rules, store):
    """--strict and the refusal of an empty set look at the report, wherever it comes from."""
    for _ in range(2):
        with pytest.raises(RuleError, match="2 of 3 rules must be mended"):
            load_rules(rules, strict=True, store=store)
        with pytest.raises(RuleError, match="no rule could be loaded"):
            load_rules(rules / "wrong.yml", store=store)


WARM = """
import sys
from pathlib import Path
from tocsin.rules import load_rules
from tocsin.rules.store import Store
found = load_rules(sys.argv[1], store=Store(Path(sys.argv[2]), sys.exit))
print(len(found.rules), "sigma" in sys.modules, "yaml" in sys.modules)
"""


def test_a_warm_start_does_not_import_the_compiler(rules, store):
    """pySigma alone would take longer than all the rest."""
    command = [sys.executable, "-c", WARM, str(rules), str(store.folder)]
    said = [subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(2)]
    assert said == ["1 True True\n", "1 False False\n"]
