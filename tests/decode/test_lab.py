"""The lab's events."""

import pytest

from tests.decode.events import event, outcome
from tocsin.model import NO_CATEGORY, LogSource, Rejected, RejectReason

LOGIN = {
    "event_id": "0e39a2a7-0a4b-4d6e-9f3c-0d9d3e6c6f10",
    "timestamp": "2026-01-31T08:00:00.123456",
    "event_type": "user_login",
    "user": "alice",
    "host": "HOST-1",
    "source_ip": "10.0.0.1",
    "process_name": None,
    "command_line": None,
    "logon_type": "failure",
}


def test_a_login_is_an_event_of_the_security_log():
    """Rules for other categories are not asked."""
    made = event(LOGIN)
    assert made.logsource == LogSource("windows", NO_CATEGORY, "security")
    assert (made.event_id, made.user, made.host, made.source_ip) == (
        LOGIN["event_id"],
        "alice",
        "HOST-1",
        "10.0.0.1",
    )


def test_a_process_answers_to_sigmas_names():
    """Image is a path in Sigma; the lab knows the file's name alone."""
    made = event(
        {**LOGIN, "event_type": "process_start", "process_name": "cmd.exe", "command_line": "cmd /c x"}
    )
    assert made.fields["Image"] == "\\cmd.exe"
    assert made.fields["CommandLine"] == made.fields["command_line"] == "cmd /c x"
    assert made.logsource.category == "process_creation"


def test_the_brokers_time_stands_in_for_a_missing_one():
    """Without either it is rejected."""
    found = {**LOGIN, "timestamp": None}
    assert event(found, recorded=1599233531000).timestamp == "2020-09-04T15:32:11Z"
    made = outcome(found)
    assert isinstance(made, Rejected)
    assert made.reason is RejectReason.MISSING_FIELD


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_id", "7"),
        ("timestamp", "noon"),
        ("event_type", ""),
        ("event_type", 1),
        ("user", 1),
        ("host", {}),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(name, value):
    """So that the producer can be mended."""
    made = outcome({**LOGIN, name: value})
    assert isinstance(made, Rejected)
    assert made.reason is RejectReason.BAD_FIELD
    assert made.detail.startswith(f"{name}: ")
