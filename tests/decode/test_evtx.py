"""Nested Windows events: attributes, data with and without names, and UserData."""

import pytest

from tests.decode.events import event, evtx, outcome
from tocsin.model import LogSource, Rejected, RejectReason

SYSMON = "Microsoft-Windows-Sysmon/Operational"


def test_header_and_data_have_sigmas_names():
    """The provider's name is an attribute, the data are elements."""
    made = event(evtx(1, SYSMON, {"Image": "C:\\a.exe", "User": "ORG\\ann"}))
    assert made.logsource == LogSource("windows", "process_creation", "sysmon")
    assert (made.host, made.user, made.timestamp) == (
        "WS1.example.org",
        "ORG\\ann",
        "2020-09-22T07:45:13.165324Z",
    )
    wanted = {"Provider_Name": "Provider", "Security_UserID": "S-1-5-18", "EventID": 1, "Image": "C:\\a.exe"}
    assert wanted.items() <= made.fields.items()


def test_an_event_id_with_qualifiers_is_a_number():
    """Classic providers give it attributes."""
    made = event(evtx({"#attributes": {"Qualifiers": 16384}, "#text": 7045}, "System", {"ServiceName": "x"}))
    assert made.fields["EventID"] == 7045


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"Data": {"#text": ["a", "b"]}}, {"Data": ["a", "b"]}),
        ({"Data": {"#text": "a"}}, {"Data": "a"}),
        ({"Data": "a", "Binary": "00"}, {"Data": "a", "Binary": "00"}),
        ({"Data": ["a", None, "b"]}, {"Data": ["a", "b"]}),
        ("a", {"Data": "a"}),
        (
            {"Data": [{"@Name": "X", "#text": "1"}, {"#attributes": {"Name": "Y"}, "#text": "2"}]},
            {"X": "1", "Y": "2"},
        ),
        ({"#attributes": {"Name": "n"}, "X": {"#attributes": {"T": 1}, "#text": "1"}}, {"X": "1"}),
    ],
)
def test_data_are_found_however_they_are_written(data, fields):
    """With names, without, once, many times; programs differ in how they write XML's attributes."""
    made = event(evtx(1000, "Application", data))
    assert fields.items() <= made.fields.items()
    assert "#attributes" not in made.fields


def test_user_data_are_fields_too():
    """They lie one element deeper; their own `Channel` does not change where the event comes from."""
    user_data = {
        "LogFileCleared": {"#attributes": {"xmlns": "x"}, "SubjectUserName": "ann", "Channel": "Security"}
    }
    made = event(evtx(104, "System", UserData=user_data))
    assert made.fields["Channel"] == "Security"
    assert made.user == "ann"
    assert made.logsource.service == "system"


def test_it_may_stand_without_the_outer_event_and_with_plain_attributes():
    """As Velociraptor writes it."""
    made = event(
        {
            "System": {
                "Provider": {"Name": "Microsoft-Windows-Sysmon", "Guid": "x"},
                "EventID": {"Value": 1},
                "TimeCreated": {"SystemTime": 1599233531.5},
                "Channel": SYSMON,
                "Computer": "WS1",
            },
            "EventData": {"Image": "C:\\a.exe"},
        }
    )
    assert (made.event_type, made.timestamp) == ("process_creation", "2020-09-04T15:32:11.500000Z")
    assert made.fields["Provider_Name"] == "Microsoft-Windows-Sysmon"


def test_defenders_names_lose_their_blanks():
    """Its `Source Name` is what rules call `SourceName`."""
    made = event(
        evtx(
            1116,
            "Microsoft-Windows-Windows Defender/Operational",
            {"Source Name": "AMSI", "Threat Name": "E"},
        )
    )
    assert (made.fields["SourceName"], made.fields["ThreatName"]) == ("AMSI", "E")


@pytest.mark.parametrize("found", [{"Event": 1}, {"Event": {}}, {"Event": {"System": []}}, {"System": None}])
def test_without_a_header_there_is_no_event(found):
    """It is said what is missing."""
    made = outcome(found)
    assert isinstance(made, Rejected)
    assert made.reason is RejectReason.MISSING_FIELD
