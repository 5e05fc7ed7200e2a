"""Flat Windows events: names, times, and what NXLog loses."""

import time

import pytest

from tests.decode.events import event, nxlog, outcome
from tocsin.model import NO_CATEGORY, Event, LogSource, Rejected, RejectReason

SYSMON = "Microsoft-Windows-Sysmon/Operational"


def test_the_header_has_sigmas_names():
    """Rules ask for Provider_Name and Computer, NXLog has SourceName and Hostname."""
    made = event(nxlog(7045, "System", ServiceName="x"))
    assert made.fields["Provider_Name"] == "Provider"
    assert made.fields["Computer"] == made.host == "WS1.example.org"
    assert made.fields["ServiceName"] == "x"
    assert made.logsource == LogSource("windows", NO_CATEGORY, "system")
    assert made.event_type == "System/7045"


@pytest.mark.parametrize(
    "number", [4624, "4624", 4624.0, {"#text": 4624}, {"#text": "4624"}, {"Value": 4624}]
)
def test_an_event_id_is_a_number_however_it_is_written(number):
    """Collectors write a number, a text, or an element with attributes."""
    assert event(nxlog(number, "Security")).fields["EventID"] == 4624


@pytest.mark.parametrize("number", ["", "many", None, True, [4624], {}, -1, 1.5, 2**40, "٤٦٢٤x"])
def test_without_a_number_there_is_no_event(number):
    """What happened cannot be told from it."""
    made = outcome(nxlog(number, "Security"))
    assert isinstance(made, Rejected)
    assert made.reason is RejectReason.BAD_FIELD


def test_the_case_of_a_channel_does_not_matter():
    """Collectors write `security` too; reports show one spelling."""
    made = event(nxlog(4624, "security"))
    assert made.logsource.service == "security"
    assert made.event_type == "Security/4624"


def test_an_event_without_channel_is_known_by_its_provider_or_by_its_fields():
    """Sysmon's fields are like no other's."""
    assert event({"EventID": 1, "SourceName": "Microsoft-Windows-Sysmon"}).logsource.service == "sysmon"
    made = event({"EventID": "1", "ProcessGuid": "{x}", "UtcTime": "2020-09-22 07:45:13.132", "Image": "a"})
    assert made.logsource == LogSource("windows", "process_creation", "sysmon")
    assert event({"EventID": 1}).logsource == LogSource("windows")


class TestTimes:
    """When it happened."""

    def test_nxlogs_local_time_gets_the_zone_of_its_machine(self):
        """It writes no offset, but the moment of receipt is there twice."""
        assert event(nxlog(1, SYSMON)).timestamp == "2020-09-22T03:45:13-04:00"

    def test_windows_own_time_comes_before_the_collectors(self):
        """`@timestamp` may be when it was received."""
        found = {"EventID": 1, "TimeCreated": "2020-09-22T07:00:00Z", "@timestamp": "2020-09-22T08:00:00Z"}
        assert event(found).timestamp == "2020-09-22T07:00:00Z"

    def test_an_unreadable_time_is_passed_over(self):
        """The next one counts."""
        assert event({"EventID": 1, "TimeCreated": "?", "UtcTime": "2020-09-22 07:45:13.132"}).timestamp == (
            "2020-09-22T07:45:13.132Z"
        )

    def test_without_a_time_the_brokers_counts(self):
        """An event is not lost because its collector had no clock."""
        assert event({"EventID": 1}, recorded=1599233531000).timestamp == "2020-09-04T15:32:11Z"
        assert event({"EventID": 1}).timestamp == ""


class TestSysmon:
    """Repairs of Sysmon's events."""

    @pytest.mark.parametrize(
        ("number", "message", "event_type", "category"),
        [
            (13, None, "SetValue", "registry_set"),
            (17, None, "CreatePipe", "pipe_created"),
            (18, None, "ConnectPipe", "pipe_created"),
            (19, None, "WmiFilterEvent", "wmi_event"),
            (12, "Registry object\r\nEventType: DeleteKey\r\nImage: x", "DeleteKey", "registry_delete"),
            (12, "Registry object\r\nEventType: CreateKey\r\nImage: x", "CreateKey", "registry_add"),
            (12, None, "INFO", "registry_event"),
        ],
    )
    def test_an_event_type_that_nxlog_overwrote_is_found_again(self, number, message, event_type, category):
        """From the event id where it tells, else from the message."""
        made = event(nxlog(number, SYSMON, Message=message))
        assert made.fields["EventType"] == event_type
        assert made.event_type == made.logsource.category == category

    def test_a_good_event_type_stays(self):
        """Only what is missing or a severity is replaced."""
        made = event(nxlog(12, SYSMON, EventType="DeleteValue", Message="EventType: CreateKey"))
        assert made.fields["EventType"] == "DeleteValue"

    def test_hashes_can_be_asked_for_one_by_one(self):
        """Older rules use `Imphash` and `md5`, newer ones `Hashes`."""
        made = event(nxlog(1, SYSMON, Hashes="MD5=A1,SHA256=B2,IMPHASH=C3"))
        assert [made.fields[name] for name in ("md5", "sha256", "Imphash")] == ["A1", "B2", "C3"]
        assert made.fields["Hashes"] == "MD5=A1,SHA256=B2,IMPHASH=C3"

    def test_the_account_that_sysmon_runs_under_is_not_the_user(self):
        """NXLog adds it to every event."""
        assert event(nxlog(7, SYSMON, AccountName="SYSTEM", Domain="NT AUTHORITY")).user == ""
        assert event(nxlog(1, SYSMON, User="ORG\\ann", AccountName="SYSTEM")).user == "ORG\\ann"


class TestSecurity:
    """Repairs of Security's events."""

    CREATED = nxlog(
        4688,
        "Security",
        NewProcessName="C:\\new.exe",
        NewProcessId="0x94c",
        ParentProcessName="C:\\old.exe",
        ProcessId="0x478",
        SubjectUserName="ann",
        SubjectDomainName="ORG",
        SubjectUserSid="S-1-5-21-1-2-3-1104",
        SubjectLogonId="0x3e7",
        TargetUserName="-",
        TargetDomainName="-",
        MandatoryLabel="S-1-16-12288",
    )

    def test_a_new_process_is_like_sysmons(self):
        """Rules for `process_creation` fire on both; rules for Security find their names too."""
        made = event(self.CREATED)
        assert made.logsource == LogSource("windows", "process_creation", "security")
        wanted = {
            "Image": "C:\\new.exe",
            "ParentImage": "C:\\old.exe",
            "NewProcessName": "C:\\new.exe",
            "User": "ORG\\ann",
            "IntegrityLevel": "High",
            "ProcessId": "0x478",
            "ParentProcessId": "0x478",
            "LogonId": "0x3e7",
        }
        assert wanted.items() <= made.fields.items()

    def test_a_process_of_the_system_belongs_to_the_system(self):
        """Security's events name the computer's account instead."""
        found = {**self.CREATED, "SubjectUserName": "WS1$", "SubjectUserSid": "S-1-5-18"}
        assert event(found).user == "NT AUTHORITY\\SYSTEM"

    def test_who_logs_on_is_the_target_else_the_subject_did_it(self):
        """In a logon the subject is the computer; elsewhere the target is what something was done to."""
        who = {"SubjectUserName": "WS1$", "TargetUserName": "ann", "TargetDomainName": "ORG"}
        assert event(nxlog(4624, "Security", **who)).user == "ORG\\ann"
        assert event(nxlog(4724, "Security", **who)).user == "WS1$"

    @pytest.mark.parametrize(
        ("address", "shown"),
        [
            ("10.0.0.5", "10.0.0.5"),
            ("::ffff:10.0.0.5", "10.0.0.5"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("-", ""),
        ],
    )
    def test_the_source_is_an_address_or_nothing(self, address, shown):
        """Windows writes a dash, and IPv4 in IPv6."""
        assert event(nxlog(4624, "Security", IpAddress=address)).source_ip == shown


def test_the_message_stands_for_data_without_names():
    """Flat shapes leave out what PowerShell's classic log has no names for; rules ask for `Data`."""
    made = event(nxlog(400, "Windows PowerShell", Message="HostApplication=powershell.exe"))
    assert made.fields["Data"] == "HostApplication=powershell.exe"
    assert made.event_type == "ps_classic_start"


def test_what_user_data_said_is_quoted_by_the_message():
    """NXLog leaves it out; without it rules cannot except what is normal."""
    made = event(
        nxlog(
            5859,
            "Microsoft-Windows-WMI-Activity/Operational",
            Message="Namespace = //./root/CIMV2; NotificationQuery = select a, b from C; "
            "OwnerName = S-1-5-32-544; HostProcessID = 2724;  Provider= SCM Event Provider, queryID = 0; "
            "PossibleCause = Permanent",
        )
    )
    wanted = {
        "Query": "select a, b from C",
        "User": "S-1-5-32-544",
        "Provider": "SCM Event Provider",
        "PossibleCause": "Permanent",
    }
    assert wanted.items() <= made.fields.items()
    cleared = event(nxlog(104, "System", Message="The Windows PowerShell log file was cleared."))
    assert cleared.fields["Channel"] == "Windows PowerShell"
    assert cleared.logsource.service == "system"


def test_names_with_blanks_are_found_without_them():
    """Defender's data have blanks in their names; rules write them in two ways."""
    made = event(
        nxlog(
            1116,
            "Microsoft-Windows-Windows Defender/Operational",
            **{"Threat Name": "EICAR", "Path": "c:\\x"},
        )
    )
    assert made.fields["ThreatName"] == made.fields["Threat_Name"] == made.fields["Signature"] == "EICAR"
    assert made.fields["Filename"] == "c:\\x"
    assert made.logsource.category == "antivirus"


def test_severity_becomes_level():
    """NXLog counts the other way round."""
    assert event(nxlog(7023, "System", SeverityValue=4, EventType="ERROR")).fields["Level"] == 2
    assert "Level" not in event(nxlog(4625, "Security", EventType="AUDIT_FAILURE")).fields
    assert isinstance(outcome(nxlog(7023, "System", SeverityValue={"a": 1})), Event)


def test_winlogbeat_6_keeps_data_in_an_object():
    """Its header is flat, its data are not."""
    made = event(
        {
            "@timestamp": "2019-03-01T10:00:00.000Z",
            "log_name": SYSMON,
            "event_id": 1,
            "source_name": "Microsoft-Windows-Sysmon",
            "computer_name": "WS1",
            "event_data": {"Image": "C:\\a.exe", "CommandLine": "a"},
        }
    )
    assert (made.event_type, made.host, made.fields["Image"]) == ("process_creation", "WS1", "C:\\a.exe")
    assert made.fields["EventID"] == 1


def test_a_uuid_in_the_body_is_the_events_own_id():
    """Simulated events carry one; an `event_id` that is a number means something else."""
    own = "0e39a2a7-0a4b-4d6e-9f3c-0d9d3e6c6f10"
    assert event(nxlog(1, SYSMON, event_id=own)).event_id == own
    assert event(nxlog(1, SYSMON, event_id=1)).event_id != "1"


@pytest.mark.parametrize(
    ("channel", "number", "name", "text"),
    [
        ("System", 104, "Message", "The " * 250_000),
        ("System", 4624, "IpAddress", ":" * 1_000_000 + "!"),
        ("Microsoft-Windows-WMI-Activity/Operational", 5859, "Message", "Namespace = ; " * 70_000),
        (SYSMON, 12, "Message", "EventType: \n" * 80_000),
        (SYSMON, 1, "Hashes", "MD5=," * 200_000),
        (SYSMON, 1, "TimeCreated", "1" * 1_000_000),
    ],
)
def test_no_text_takes_long(channel, number, name, text):
    """Whoever writes an event may want to stop those who read it."""
    begin = time.perf_counter()
    event(nxlog(number, channel, **{name: text}))
    assert time.perf_counter() - begin < 1
