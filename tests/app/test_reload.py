"""Reloading rules: a sound set takes the place of the old one, a broken one is told and left."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rules.texts import rule_id, rule_text
from tocsin import Detector, load_rules
from tocsin.app import reload as reload_room
from tocsin.app.reload import Reloader, Ways
from tocsin.rules.files import stamp
from tocsin.rules.regex import compiled

ONE = rule_text({"selection": {"a": 1}}, id=rule_id(1))
TWO = rule_text({"selection": {"a": 2}}, id=rule_id(2))


class Worker:
    """Stands for a worker: the detector that judges now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.detector = Detector(load_rules(folder))
        self.told: list[str] = []

    def reloader(self, seconds: float = 0.0, *, strict: bool = False) -> Reloader:
        ways = Ways(
            stamp=lambda: stamp([self.folder]),
            load=lambda: load_rules(self.folder, strict=strict),
            build=Detector,
            swap=lambda detector: setattr(self, "detector", detector),
            tell=self.told.append,
        )
        return Reloader(ways, self.detector.rules, seconds)

    @property
    def ids(self) -> list[str]:
        return [rule.id for rule in self.detector.rules.rules]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_room, "SETTLE_SECONDS", 0.01)


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.yml").write_text(ONE)
    return Worker(folder)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_changed_folder_is_swapped_in(worker):
    """With what is different, and both revisions."""
    before = worker.detector.rules.revision
    reloader = worker.reloader()
    (worker.folder / "two.yml").write_text(TWO)
    reloader.look()
    assert worker.ids == [rule_id(1), rule_id(2)]
    after = worker.detector.rules.revision
    assert worker.told == [f"rules reloaded: 2 rules (1 new), revision {before} is now {after}"]


def test_an_unchanged_folder_is_left(worker):
    """The very same detector goes on, and nothing is told."""
    detector = worker.detector
    reloader = worker.reloader()
    reloader.look()
    os.utime(worker.folder / "one.yml")
    reloader.look()
    assert worker.detector is detector
    assert worker.told == []


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda folder: (folder / "one.yml").write_text("title: ["), "one.yml"),
        (lambda folder: (folder / "one.yml").unlink(), "no rule could be loaded"),
        (lambda folder: (folder.joinpath("one.yml").unlink(), folder.rmdir()), "no such file or folder"),
    ],
)
def test_a_set_without_a_rule_is_not_swapped_in(worker, edit, why):
    """The old one goes on judging; why is told once, not at every look."""
    detector = worker.detector
    reloader = worker.reloader()
    edit(worker.folder)
    reloader.look()
    reloader.look()
    assert worker.detector is detector
    (told,) = worker.told
    assert told.startswith(f"rules not reloaded, revision {detector.rules.revision} goes on judging: ")
    assert why in told


def test_an_edit_that_breaks_a_running_rule_is_not_swapped_in(worker):
    """Even though others load: nobody edits a rule to switch it off. Mended, it is."""
    reloader = worker.reloader()
    (worker.folder / "two.yml").write_text(TWO)
    (worker.folder / "one.yml").write_text(ONE.replace('"selection": {', '"selection": ['))
    reloader.look()
    assert worker.ids == [rule_id(1)]
    assert "rules that run would be lost: " in worker.told[0]
    assert "one.yml:4: " in worker.told[0]
    (worker.folder / "one.yml").write_text(ONE)
    reloader.look()
    assert worker.ids == [rule_id(1), rule_id(2)]


def test_strict_refuses_any_mistake(worker):
    """Also in a rule that never ran."""
    reloader = worker.reloader(strict=True)
    (worker.folder / "two.yml").write_text("title: [")
    reloader.look()
    assert worker.ids == [rule_id(1)]
    assert "1 of 2 rules must be mended" in worker.told[0]


def test_asking_reloads_without_a_change_of_files(worker):
    """And says so when nothing is different."""
    reloader = worker.reloader()
    reloader.ask()
    reloader.look()
    assert worker.told == [f"rules are as they were: revision {worker.detector.rules.revision}"]


def test_the_thread_finds_a_change_by_itself(worker):
    """Within its seconds, and ends with the context."""
    with worker.reloader(seconds=0.01):
        (worker.folder / "two.yml").write_text(TWO)
        until(lambda: len(worker.ids) == 2)


def test_the_thread_waits_to_be_asked_without_seconds(worker):
    """0 seconds: no look at the files until then."""
    with worker.reloader() as reloader:
        (worker.folder / "two.yml").write_text(TWO)
        time.sleep(0.05)
        assert len(worker.ids) == 1
        reloader.ask()
        until(lambda: len(worker.ids) == 2)


def test_a_mistake_of_ours_does_not_end_the_thread(worker):
    """Whatever a library raises on a rule: it is told, and the next look is made."""
    raised = iter([KeyError("oops")])

    def build(rules):
        for error in raised:
            raise error
        return Detector(rules)

    ways = Ways(
        stamp=lambda: stamp([worker.folder]),
        load=lambda: load_rules(worker.folder),
        build=build,
        swap=lambda detector: setattr(worker, "detector", detector),
        tell=worker.told.append,
    )
    with Reloader(ways, worker.detector.rules, 0) as reloader:
        (worker.folder / "two.yml").write_text(TWO)
        reloader.ask()
        until(lambda: any("goes on judging: KeyError: 'oops'" in said for said in worker.told))
        reloader.ask()
        until(lambda: len(worker.ids) == 2)


def test_files_are_left_until_they_are_written(worker, monkeypatch):
    """A stamp that still changes is waited for."""
    stamps = iter([0, 1, 2, 3, 3])
    ways = Ways(
        stamp=lambda: next(stamps),
        load=lambda: load_rules(worker.folder),
        build=Detector,
        swap=lambda _: None,
        tell=worker.told.append,
    )
    Reloader(ways, worker.detector.rules, 0).look()
    assert list(stamps) == []


def test_a_rule_that_was_held_up_is_told_once(worker):
    """Its expression was stopped on a value made for it: people must know that it does not see all."""
    pattern = r"(?=r)(r+)+$"
    reloader = worker.reloader()
    (worker.folder / "slow.yml").write_text(rule_text({"selection": {"a|re": pattern}}, id=rule_id(3)))
    reloader.look()
    worker.told.clear()
    compiled(pattern, "").search("r" * 5000 + "!")
    reloader.look()
    reloader.look()
    (told,) = worker.told
    assert rule_id(3) in told
    assert "was stopped 1 and skipped 0 times so far" in told


def test_a_stamp_tells_files_apart(tmp_path):
    """What is changed, new, gone or renamed is seen; what is no rule file is not looked at."""
    deep = tmp_path / "deep"
    deep.mkdir()
    file = deep / "a.yml"
    file.write_text("one")
    seen = {stamp([tmp_path])}
    file.write_text("other")
    seen.add(stamp([tmp_path]))
    (deep / "b.yaml").write_text("b")
    seen.add(stamp([tmp_path]))
    file.rename(deep / "c.yml")
    seen.add(stamp([tmp_path]))
    assert len(seen) == 4
    (deep / "readme.md").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yml").write_text("x")
    assert stamp([tmp_path, "builtin:lab", tmp_path / "nowhere"]) in seen
