"""Rules that change under a worker on a real Kafka: every event is judged by one set, and none is lost."""

import os
import signal
import subprocess
import threading
from collections import Counter

import pytest

from tests.rules.texts import rule_id, rule_text
from tests.run.test_pipeline import Pipeline, wait_until
from tocsin.results.table import dataset
from tocsin.rules import load_rules


def rule(number: int, event_type: str) -> str:
    text = rule_text({"selection": {"event_type": event_type}}, id=rule_id(number))
    return text.replace('{"product": "windows"}', '{"product": "windows", "category": "process_creation"}')


class Talk:
    """What a worker says, as it says it."""

    def __init__(self, worker: "subprocess.Popen[str]") -> None:
        self.lines: list[str] = []
        self._stream = worker.stderr
        self._worker = worker
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._stream is not None
        with self._stream:
            for line in self._stream:
                self.lines.append(line)

    def end(self) -> int:
        """Wait until the worker has ended; return its exit code."""
        code = self._worker.wait(60)
        self._thread.join(60)
        return code

    def has(self, *parts: str) -> bool:
        return any(all(part in line for part in parts) for line in list(self.lines))


def fired(pipeline: Pipeline) -> set[tuple[str, str]]:
    """Return the pairs of rule set and rule that fired."""
    rows = dataset(pipeline.results).to_table(columns=["rule_set", "detections"]).to_pylist()
    return {(row["rule_set"], fired["rule_id"]) for row in rows for fired in row["detections"]}


@pytest.mark.kafka
@pytest.mark.slow
def test_rules_are_swapped_between_batches_and_a_broken_edit_keeps_the_old(kafka, tmp_path):
    """Detections before and after a reload carry the right revision; SIGHUP reloads, too; nothing is lost."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.yml").write_text(rule(1, "process_start"))
    revisions = [load_rules(["builtin:lab", folder]).revision]
    pipeline = Pipeline(kafka, tmp_path)
    produced = 0

    def produce_and_wait() -> None:
        nonlocal produced
        produced += 400
        pipeline.produce("--count", "400", "--seed", str(produced))
        wait_until(
            lambda: (pipeline.results / "verdicts").exists() and pipeline.stored().total() == produced, 120
        )

    worker = pipeline.worker("--rules", str(folder), "--reload-seconds", "0.2")
    talk = Talk(worker)
    produce_and_wait()

    (folder / "two.yml").write_text(rule(2, "process_start"))
    wait_until(lambda: talk.has("rules reloaded: 7 rules (1 new)"), timeout=120)
    revisions.append(load_rules(["builtin:lab", folder]).revision)
    produce_and_wait()

    (folder / "two.yml").write_text(rule(2, "process_start").replace('"selection": {', '"selection": ['))
    wait_until(lambda: talk.has("rules not reloaded", "two.yml:4"), timeout=120)
    produce_and_wait()

    (folder / "two.yml").unlink()
    wait_until(lambda: talk.has("1 gone"), timeout=120)
    worker.send_signal(signal.SIGHUP)
    wait_until(lambda: talk.has("rules are as they were", revisions[0]), timeout=120)
    produce_and_wait()

    worker.send_signal(signal.SIGTERM)
    assert talk.end() == 0, talk.lines
    one, two = rule_id(1), rule_id(2)
    ours = {pair for pair in fired(pipeline) if pair[1] in (one, two)}
    assert ours == {(revisions[0], one), (revisions[1], one), (revisions[1], two)}
    sets = dataset(pipeline.results).to_table(columns=["rule_set"])["rule_set"].to_pylist()
    assert Counter(sets) == {revisions[0]: 800, revisions[1]: 800}
    assert set(pipeline.stored().values()) == {1}


@pytest.mark.kafka
@pytest.mark.slow
def test_a_worker_whose_terminal_hangs_up_ends(kafka, tmp_path):
    """SIGHUP from a closed window is not a wish to read the rules again."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "10")
    mine, theirs = os.openpty()
    program = ["setsid", "--ctty", *pipeline.command()]
    worker = subprocess.Popen(program, stdin=theirs, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    talk = Talk(worker)
    wait_until(lambda: talk.has("rules loaded"), timeout=120)
    wait_until(lambda: (pipeline.results / "verdicts").exists() and pipeline.stored().total() == 10)
    os.close(mine)
    assert talk.end() == 0, talk.lines
    assert not talk.has("as they were")
