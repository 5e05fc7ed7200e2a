"""What a worker says is a line each, in the form that its reader wants, and does not flood."""

import json
import logging
from itertools import count

import pytest

from tests.results.rows import judged
from tocsin.app.cli.worker_log import ended, worker_log
from tocsin.app.sections import Log as Wishes
from tocsin.errors import ExitCode, StreamError
from tocsin.model import Level
from tocsin.telemetry.logs import BURST, WINDOW, Log, Severity, log_detections


def log_of(form="json", least=Severity.INFO, clock=lambda: 0.0) -> tuple[Log, list[str]]:
    lines: list[str] = []
    return Log(lines.append, form, least, clock=clock, now=lambda: 1_700_000_000.5), lines


def test_json_has_time_level_and_message():
    """And whatever else a program wants to know."""
    log, lines = log_of()
    log.say(Severity.WARNING, 'the disk "a" is full', {"sink": "results"})
    assert json.loads(lines[0]) == {
        "time": "2023-11-14T22:13:20.500Z",
        "level": "warning",
        "message": 'the disk "a" is full',
        "sink": "results",
    }


def test_text_is_the_sentence():
    """A person at a terminal knows what time it is."""
    log, lines = log_of("text")
    log.info("5 rules loaded")
    assert lines == ["5 rules loaded"]


def test_what_matters_less_is_left_out():
    """From the level that was wished for."""
    log, lines = log_of(least=Severity.WARNING)
    log.info("as usual")
    log.warning("odd")
    assert [json.loads(line)["message"] for line in lines] == ["odd"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_that_differ_in_numbers_only_repeat_each_other(form):
    """A few are written, the others counted, and the next one after a while tells how many there were."""
    now = [0.0]
    log, lines = log_of(form, clock=lambda: now[0])
    for number in range(50):
        log.say(Severity.WARNING, f"tried {number} times, {number}.5 s")
    assert (len(lines), log.suppressed) == (BURST, 50 - BURST)
    log.warning("something else")
    assert len(lines) == BURST + 1
    now[0] = WINDOW
    log.warning("tried 51 times, 51.5 s")
    assert str(50 - BURST) in lines[-1]


def test_the_memory_of_what_repeats_is_bounded():
    """A worker that says ever new things does not grow."""
    log, lines = log_of()
    words = ("".join(chr(97 + int(digit)) for digit in str(number)) for number in count())
    for _ in range(5_000):
        log.info(next(words))
    assert len(lines) == 5_000
    assert len(log._windows) <= 1_000


def test_a_detection_is_found_by_its_ids_and_shows_no_contents():
    """Trace, event, rule and place; what the event says only when asked."""
    log, lines = log_of()
    log_detections(log, judged(range(3), fired=[1]), Level.LOW, contents=False)
    (line,) = map(json.loads, lines)
    assert len(line["trace_id"]) == 32
    assert line.keys() >= {
        "event_id",
        "detection_id",
        "rule_id",
        "rule_level",
        "topic",
        "partition",
        "offset",
    }
    assert not line.keys() & {"host", "user", "source_ip", "matched"}
    assert "powershell" not in lines[0]
    assert line["level"] == "info"
    log_detections(log, judged(range(3), fired=[1]), Level.LOW, contents=True)
    assert json.loads(lines[1])["matched"] == {"CommandLine": "powershell -enc"}


def test_detections_below_the_level_are_not_written_and_a_loud_rule_is_bounded():
    """Each rule by itself."""
    log, lines = log_of()
    log_detections(log, judged(range(3), fired=[1]), Level.CRITICAL, contents=False)
    assert lines == []
    log_detections(log, judged(range(100), fired=range(100)), Level.LOW, contents=False)
    assert len(lines) == BURST


def test_in_a_pipe_lines_are_json(capfd):
    """And an error is one, too, with the exit code; nothing on stdout."""

    def fails() -> None:
        raise StreamError("the disk is full", "make room")

    with worker_log(Wishes()) as log:
        code = ended(log, fails)
    out, err = capfd.readouterr()
    assert (code, out) == (ExitCode.STREAM_LOST, "")
    told = json.loads(err)
    assert (told["level"], told["message"], told["hint"]) == ("error", "the disk is full", "make room")
    assert told["exit_code"] == ExitCode.STREAM_LOST


def test_as_text_an_error_is_left_to_the_command_line(capfd):
    """Which tells it as for every other command."""

    def fails() -> None:
        raise StreamError("the disk is full")

    with worker_log(Wishes(format="text")) as log, pytest.raises(StreamError):
        ended(log, fails)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("level", "lines"), [("debug", 1), ("info", 0)])
def test_what_kafkas_client_says_is_for_whoever_debugs(capfd, level, lines):
    """It mends most of it by itself."""
    with worker_log(Wishes(level=level)):
        logging.getLogger("tocsin.kafka").info("connection %s", "closed")
    err = capfd.readouterr().err.splitlines()
    assert [json.loads(line)["message"] for line in err] == ["connection closed"] * lines


def test_a_line_cannot_command_a_terminal(capfd):
    """What events say may have been written to do so."""
    with worker_log(Wishes(format="text")) as log:
        log.info("rule \x1b[2J\x9b fired")
    assert capfd.readouterr().err == "rule \ufffd[2J\ufffd fired\n"
