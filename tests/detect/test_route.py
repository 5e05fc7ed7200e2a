"""Routing skips a rule only where the event's log source contradicts the rule's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detect.route import contradicts
from tocsin.model import NO_CATEGORY, LogSource


@pytest.mark.parametrize(
    ("event", "rule", "apart"),
    [
        (LogSource(), LogSource("windows", "process_creation", "sysmon"), False),
        (LogSource("windows"), LogSource("windows"), False),
        (LogSource("Windows"), LogSource("WINDOWS"), False),
        (LogSource("windows"), LogSource("linux"), True),
        (LogSource("windows", "process_creation", "sysmon"), LogSource("windows", "process_creation"), False),
        (LogSource("windows", "process_creation"), LogSource("windows", service="security"), False),
        (LogSource("windows", "process_creation"), LogSource(category="process_creation"), False),
        (LogSource("windows", "process_creation"), LogSource("windows", "file_event"), True),
        (LogSource("windows", None, "sysmon"), LogSource("windows", None, "security"), True),
        (LogSource("windows", None, "security"), LogSource("windows", "", "security"), False),
        (LogSource("windows", "registry_set", "sysmon"), LogSource("windows", "registry_event"), False),
        (LogSource("windows", "registry_event", "sysmon"), LogSource("windows", "registry_set"), True),
        (LogSource("windows", NO_CATEGORY, "security"), LogSource("windows", "process_creation"), True),
        (LogSource("windows", NO_CATEGORY, "security"), LogSource("windows", None, "security"), False),
    ],
)
def test_what_is_not_said_contradicts_nothing(event, rule, apart):
    """Both sides have to name a product, category or service, and differ in it; case does not matter."""
    assert contradicts(event, rule) is apart


names = st.sampled_from([None, "windows", "Windows", "linux"])
logsources = st.builds(LogSource, names, names, names)


@given(logsources, logsources)
def test_it_is_the_same_from_both_sides(one, other):
    """Events do not contradict rules more than rules contradict events."""
    assert contradicts(one, other) == contradicts(other, one)


@given(logsources, logsources, st.sampled_from(["product", "category", "service"]))
def test_knowing_less_never_loses_a_rule(event, rule, part):
    """An event that says less of its source has the same candidates, and more."""
    values = {name: getattr(event, name) for name in ("product", "category", "service")}
    less = LogSource(**{**values, part: None})
    assert contradicts(event, rule) or not contradicts(less, rule)
