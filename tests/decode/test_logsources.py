"""The table of channels knows every Windows log that public rules read."""

import zipfile

import pytest
import yaml

from tests.corpora import corpus
from tocsin.decode.logsources import ANY_LOG, categories, is_what_rules_call, log_of, services
from tocsin.model import NO_CATEGORY, LogSource

SYSMON = "Microsoft-Windows-Sysmon/Operational"


@pytest.mark.parametrize(
    ("channel", "number", "event_type", "category", "service"),
    [
        (SYSMON, 1, None, "process_creation", "sysmon"),
        (SYSMON.upper(), 1, None, "process_creation", "sysmon"),
        (SYSMON, 12, "CreateKey", "registry_add", "sysmon"),
        (SYSMON, 12, "DeleteValue", "registry_delete", "sysmon"),
        (SYSMON, 12, None, "registry_event", "sysmon"),
        (SYSMON, 13, "SetValue", "registry_set", "sysmon"),
        (SYSMON, 999, None, NO_CATEGORY, "sysmon"),
        ("security", 4688, None, "process_creation", "security"),
        ("Security", 4624, None, NO_CATEGORY, "security"),
        ("Windows PowerShell", 400, None, "ps_classic_start", "powershell-classic"),
        ("Vendor/Operational", 1, None, NO_CATEGORY, "vendor/operational"),
    ],
)
def test_channel_and_id_tell_service_and_category(channel, number, event_type, category, service):
    """Channels are compared without case; what the table does not list is a service of its own."""
    assert log_of(channel, "").source_of(number, event_type) == LogSource("windows", category, service)


def test_a_provider_stands_in_for_a_channel_that_is_missing():
    """Some collectors leave the channel out."""
    assert log_of("", "Microsoft-Windows-Sysmon").service == "sysmon"
    assert log_of("", "Vendor").service == "vendor"
    assert log_of("", "") is ANY_LOG


@pytest.mark.parametrize(
    ("event", "rule", "same"),
    [
        ("registry_set", "registry_event", True),
        ("registry_event", "registry_set", False),
        ("Sysmon", "sysmon", True),
        ("file_delete_detected", "file_delete", True),
        ("process_creation", "file_event", False),
    ],
)
def test_rules_may_use_a_broader_name_than_events_have(event, rule, same):
    """A rule for `registry_event` is about every kind of them, but not the other way round."""
    assert is_what_rules_call(event, rule) is same


def test_every_windows_log_of_sigmahq_is_known():
    """No rule of the public set can miss its events because the table lacks their log."""
    unknown = set()
    with zipfile.ZipFile(corpus("sigmahq/sigmahq-rules.zip")) as archive:
        for name in archive.namelist():
            if not name.endswith(".yml"):
                continue
            for rule in yaml.load_all(archive.read(name), yaml.CSafeLoader):
                source = rule.get("logsource", {})
                if source.get("product") != "windows":
                    continue
                if "service" in source and not any(
                    is_what_rules_call(s, source["service"]) for s in services()
                ):
                    unknown.add(source["service"])
                if "category" in source and not any(
                    is_what_rules_call(c, source["category"]) for c in categories()
                ):
                    unknown.add(source["category"])
    assert not unknown
