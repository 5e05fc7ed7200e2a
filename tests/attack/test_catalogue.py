"""The shipped catalogue is whole, and finds things by whatever name a rule or a person uses."""

from __future__ import annotations

import subprocess
import sys
import timeit

import pytest

from tocsin.attack import catalogue
from tocsin.attack.catalogue import catalogue as cached
from tocsin.model import NO_LABEL, Label

CATALOGUE = catalogue()


def test_it_is_version_19_with_all_its_tactics_and_techniques() -> None:
    """15 tactics, 222 techniques and 475 sub-techniques, as ATT&CK v19 counts them."""
    subs = [t for t in CATALOGUE.techniques.values() if t.parent]
    assert CATALOGUE.version.partition(".")[0] == "19"
    assert (len(CATALOGUE.tactics), len(CATALOGUE.techniques), len(subs)) == (15, 697, 475)


def test_it_says_where_it_comes_from_and_carries_the_notice() -> None:
    """MITRE's terms want the copyright with every copy."""
    assert "19.2" in CATALOGUE.source
    assert "The MITRE Corporation" in CATALOGUE.notice


def test_tactics_are_in_kill_chain_order() -> None:
    """From Reconnaissance to Impact, the two heirs of Defense Evasion side by side where it was."""
    names = [tactic.name for tactic in CATALOGUE.tactics]
    assert (names[0], names[-1]) == ("Reconnaissance", "Impact")
    assert names[5:9] == ["Privilege Escalation", "Stealth", "Defense Impairment", "Credential Access"]
    assert [tactic.order for tactic in CATALOGUE.tactics] == list(range(15))


def test_every_technique_serves_known_tactics_in_kill_chain_order() -> None:
    """No technique points to a tactic that is not there."""
    place = {tactic.id: tactic.order for tactic in CATALOGUE.tactics}
    wrong = [
        t.id
        for t in CATALOGUE.techniques.values()
        if not t.tactics or [place[id_] for id_ in t.tactics] != sorted({place[id_] for id_ in t.tactics})
    ]
    assert wrong == []


def test_every_tactic_is_served_by_techniques() -> None:
    """An empty tactic would be a mistake in the data."""
    served = {tactic for t in CATALOGUE.techniques.values() for tactic in t.tactics}
    assert served == {tactic.id for tactic in CATALOGUE.tactics}


def test_every_parent_is_a_technique_that_has_no_parent() -> None:
    """Sub-techniques hang on techniques, one level deep, by their ids."""
    for technique in CATALOGUE.techniques.values():
        assert technique.parent == (technique.id[:5] if "." in technique.id else None)
        if technique.parent:
            assert CATALOGUE.techniques[technique.parent].parent is None


@pytest.mark.parametrize(
    ("tactic", "name", "technique", "technique_name"),
    [
        ("TA0043", "Reconnaissance", "T1595", "Active Scanning"),
        ("TA0042", "Resource Development", "T1588.002", "Tool"),
        ("TA0001", "Initial Access", "T1078", "Valid Accounts"),
        ("TA0002", "Execution", "T1059.001", "PowerShell"),
        ("TA0003", "Persistence", "T1547.001", "Registry Run Keys / Startup Folder"),
        ("TA0004", "Privilege Escalation", "T1548.002", "Bypass User Account Control"),
        ("TA0005", "Stealth", "T1036", "Masquerading"),
        ("TA0112", "Defense Impairment", "T1685.005", "Clear Windows Event Logs"),
        ("TA0006", "Credential Access", "T1110", "Brute Force"),
        ("TA0007", "Discovery", "T1087", "Account Discovery"),
        ("TA0008", "Lateral Movement", "T1550.002", "Pass the Hash"),
        ("TA0009", "Collection", "T1113", "Screen Capture"),
        ("TA0011", "Command and Control", "T1105", "Ingress Tool Transfer"),
        ("TA0010", "Exfiltration", "T1041", "Exfiltration Over C2 Channel"),
        ("TA0040", "Impact", "T1486", "Data Encrypted for Impact"),
    ],
)
def test_known_facts(tactic: str, name: str, technique: str, technique_name: str) -> None:
    """One well-known technique of each tactic is where ATT&CK has it."""
    assert CATALOGUE.name(tactic) == name
    assert CATALOGUE.name(technique) == technique_name
    assert tactic in CATALOGUE.techniques[technique].tactics


def test_pages_on_the_attack_site() -> None:
    """URLs follow the site's pattern; a sub-technique's page lies below its parent's."""
    powershell, execution = CATALOGUE.technique("t1059.001"), CATALOGUE.tactic("TA0002")
    assert powershell is not None
    assert execution is not None
    assert powershell.url == "https://attack.mitre.org/techniques/T1059/001/"
    assert powershell.parent == "T1059"
    assert execution.url == "https://attack.mitre.org/tactics/TA0002/"


@pytest.mark.parametrize(
    "name", ["TA0011", "ta0011", "command-and-control", "command_and_control", " Command and  Control "]
)
def test_a_tactic_is_found_by_any_of_its_names(name: str) -> None:
    """Id, shortname and name, whatever the case and however words are joined."""
    tactic = CATALOGUE.tactic(name)
    assert tactic is not None
    assert tactic.id == "TA0011"


@pytest.mark.parametrize("name", ["", "TA9999", "defense-evasion", "T1059"])
def test_what_is_not_a_tactic_of_this_version_is_none(name: str) -> None:
    """Not even Defense Evasion, which is two tactics now."""
    assert CATALOGUE.tactic(name) is None


def test_every_withdrawn_id_leads_to_a_current_one_or_to_nothing() -> None:
    """No chain is broken or runs in a circle, and no current id is withdrawn."""
    for withdrawn in CATALOGUE.successors:
        chain = [withdrawn]
        while (following := CATALOGUE.successors.get(chain[-1])) is not None:
            assert following not in chain
            chain.append(following)
        gone = chain[-1] in CATALOGUE.successors
        assert gone or chain[-1] in CATALOGUE.techniques
        assert CATALOGUE.current(withdrawn) == (None if gone else chain[-1])
        assert withdrawn not in CATALOGUE.techniques


def test_current_changes_nothing_the_second_time() -> None:
    """Current ids are their own."""
    ids = [*CATALOGUE.techniques, *(tactic.id for tactic in CATALOGUE.tactics)]
    assert [CATALOGUE.current(id_) for id_ in ids] == ids


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("T1086", "T1059.001"),
        ("t1562.001", "T1685"),
        ("T1070.001", "T1685.005"),
        ("T1073", "T1574.001"),  # by way of T1574.002, which went later
        ("T1043", None),  # deprecated without a successor
        ("T9999", None),
        ("T0000", None),
        ("", None),
    ],
)
def test_where_an_id_went(old: str, now: str | None) -> None:
    """Old ids lead to today's, through every step between."""
    assert CATALOGUE.current(old) == now


def test_names_of_ids_that_are_not_in_the_catalogue() -> None:
    """Nothing that is shown is ever empty."""
    assert CATALOGUE.name("TA0000") == CATALOGUE.name("T0000") == "No detection"
    assert CATALOGUE.name("T1086") == "PowerShell"
    assert CATALOGUE.name("T9999") == "T9999"


def test_a_label_without_a_technique_is_not_called_no_detection() -> None:
    """A rule that names a tactic only has fired all the same."""
    assert CATALOGUE.names(Label("TA0002", "T0000")) == ("Execution", "No technique")
    assert CATALOGUE.names(Label("TA0002", "T1059.001")) == ("Execution", "PowerShell")
    assert CATALOGUE.names(NO_LABEL) == ("No detection", "No detection")


def test_it_is_read_once_and_quickly() -> None:
    """Under 10 ms, once per process: start-up is counted in the budgets."""
    assert catalogue() is CATALOGUE
    assert min(timeit.repeat(cached.__wrapped__, number=1, repeat=10)) < 0.010


def test_it_needs_no_heavy_package() -> None:
    """Listing names of tactics must not load a database."""
    code = "import sys, tocsin.attack, tocsin.attack.navigator; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "duckdb", "pyarrow", "sigma", "rich", "yaml"}.intersection(loaded.split())
