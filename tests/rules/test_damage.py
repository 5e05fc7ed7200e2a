"""However a rule's text is damaged, loading tells what is wrong and never raises."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.texts import ID
from tocsin.rules import Status, read_rules

RULES = f"""\
title: A rule
id: {ID}
status: test
description: |
    Says what
    it finds.
references:
    - https://example.org
author: Somebody
date: 2026-11-21
tags:
    - attack.execution
    - attack.t1059.001
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: ['\\cmd.exe', "\\\\powershell.exe"]
        CommandLine|contains|all: [a, 5, true]
        CommandLine|re|i: ^x.*y$
        DestinationIp|cidr: [10.0.0.0/8, 'fe80::/10']
        Size|gte: 5
        UtcTime|hour: 5
        User: null
        Name|expand: '%names%'
    words: [evil, '*bad*']
    filter_one: {{Parent|exists: true, Target|fieldref: Source}}
    filter_two:
        - Flag|windash: ' -x'
        - Blob|base64offset|contains: secret
    condition: selection and not 1 of filter_* or words
falsepositives: [Admins]
level: high
---
title: A filter
logsource: {{product: windows}}
filter:
    rules: any
    admins: {{User|startswith: adm}}
    condition: not admins
---
title: A correlation
correlation: {{type: event_count, rules: [a], group-by: [b], timespan: 5m, condition: {{gte: 5}}}}
---
action: global
title: Shared
logsource: {{product: windows}}
---
detection: {{s: {{a: 1}}, condition: s}}
"""

PIECES = [
    "|", "'", '"', ":", "- ", "[", "]", "{", "}", "*", "&a ", "*a", "null", "~", "5", "0x1F", "!!int ", "!x ",
    "1.5", "true", "\t", "\n", "  ", " of ", "them", "not ", "and ", "(", ")", "|re", "|all", "|cidr",
    "|exists",
    "|hour", "|neq", "|fieldref", "<<: ", "? ", "\0", "---\n", "action: repeat\n", "filter: ", ".inf", "\\",
    "[]",
    "{}", "%", "é",
]  # fmt: skip

damage = st.lists(
    st.tuples(st.integers(0, len(RULES)), st.integers(0, 12), st.sampled_from(["", *PIECES])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(damage)
def test_damaged_rules_are_reported_and_never_raise(tmp_path_factory, damage):
    """Every document of the file is in the report, with a line that the file has."""
    text = RULES
    for place, removed, put in damage:
        text = text[:place] + put + text[place + removed :]
    path = tmp_path_factory.mktemp("rules", numbered=True) / "rules.yml"
    path.write_text(text, encoding="utf-8")
    found = read_rules([path])
    assert found.report
    for entry in found.report:
        assert entry.reason or entry.status is Status.OK
        assert 1 <= entry.line <= text.count("\n") + 1
    assert len(found.rules) <= sum(entry.status is Status.OK for entry in found.report)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_reported_and_never_raise(tmp_path_factory, raw):
    """Not text, not YAML, not a mapping, not a rule."""
    path = tmp_path_factory.mktemp("rules", numbered=True) / "rules.yml"
    path.write_bytes(raw)
    found = read_rules([path])
    assert found.report
    assert found.rules == ()
