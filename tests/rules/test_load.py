"""Loading rules: from anywhere, with every mistake named by file and line, and a revision one can trust."""

import zipfile
from pathlib import Path

import pytest

from tests.rules.texts import ID, rule_id, rule_text
from tocsin import load_rules
from tocsin.errors import RuleError, SettingsError
from tocsin.model import Label, Level, LogSource
from tocsin.rules import RuleReport, Status, read_rules

SELECTION = {"selection": {"a": 1}}
GOOD = rule_text(SELECTION)


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def entry(tmp_path: Path, text: str) -> RuleReport:
    """Return what the report says of a file with one document."""
    (found,) = read_rules([write(tmp_path, rule=text)]).report
    return found


def test_a_rule_is_read_whole(tmp_path):
    """Every field of a rule is what its text says, ATT&CK ids resolved."""
    text = rule_text(
        SELECTION,
        level="high",
        status="test",
        description="Says more.\n",
        author="A. Author",
        name="a_rule",
        tags=["attack.execution", "attack.t1059.001", "cve.2021-44228"],
        falsepositives=["Admins"],
        references=["https://example.org"],
    )
    (rule,) = load_rules([write(tmp_path, rule=text)]).rules
    assert (rule.id, rule.title, rule.level, rule.status) == (ID, "A rule", Level.HIGH, "test")
    assert (rule.description, rule.author, rule.name) == ("Says more.", "A. Author", "a_rule")
    assert rule.logsource == LogSource(product="windows")
    assert rule.tags == ("attack.execution", "attack.t1059.001", "cve.2021-44228")
    assert (rule.tactics, rule.techniques) == (("TA0002",), ("T1059.001",))
    assert rule.label == Label("TA0002", "T1059.001")
    assert (rule.false_positives, rule.references) == (("Admins",), ("https://example.org",))
    assert rule.source == f"{tmp_path / 'rule.yml'}:1"
    assert rule.notices == ()


def test_a_rule_without_level_is_informational(tmp_path):
    """What does not say how bad it is does not alarm anybody; it has no label without ATT&CK tags."""
    (rule,) = load_rules([write(tmp_path, rule=GOOD)]).rules
    assert rule.level is Level.INFORMATIONAL
    assert rule.label is None


def test_a_rule_without_id_gets_one_from_its_text(tmp_path):
    """The same text has the same id wherever it lies; another text has another."""
    anonymous = GOOD.replace(f'id: "{ID}"\n', "")
    write(tmp_path, a=anonymous)
    (rule,) = load_rules([tmp_path]).rules
    elsewhere = tmp_path / "deep" / "er"
    elsewhere.mkdir(parents=True)
    assert load_rules([write(elsewhere, b=anonymous)]).rules[0].id == rule.id
    assert load_rules([write(elsewhere, b=anonymous + "level: low\n")]).rules[0].id != rule.id
    assert any("no id" in notice for notice in rule.notices)


def test_a_tag_of_an_older_attack_is_migrated_with_a_notice(tmp_path):
    """T1086 became T1059.001."""
    (rule,) = load_rules([write(tmp_path, rule=rule_text(SELECTION, tags=["attack.t1086"]))]).rules
    assert rule.techniques == ("T1059.001",)
    assert any("T1086" in notice for notice in rule.notices)


def test_folders_are_searched_and_their_hidden_parts_left_out(tmp_path):
    """Both endings, any depth, in the order of the names; what is no rule file is not looked at."""
    deep = tmp_path / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "readme.md").write_text("# not a rule")
    (tmp_path / "a.yaml").write_text(rule_text(SELECTION, id=rule_id(1)))
    (deep / "z.YML").write_text(rule_text(SELECTION, id=rule_id(2)))
    (tmp_path / ".git" / "x.yml").write_text("not: a rule")
    assert [rule.id for rule in load_rules(tmp_path).rules] == [rule_id(1), rule_id(2)]


def test_an_archive_is_read_in_place(tmp_path):
    """Entries are named by archive and entry; nothing is written to the disk."""
    path = tmp_path / "rules.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("windows/a.yml", GOOD)
        archive.writestr("windows/broken.yml", "title: [")
        archive.writestr("__MACOSX/windows/._a.yml", b"\0\5\x16\7")
        archive.writestr("../outside.yml", rule_text(SELECTION, id=rule_id(2)))
        archive.writestr("README.md", "not a rule")
    found = read_rules([path])
    assert [report.path for report in found.report] == [
        f"{path}/../outside.yml",
        f"{path}/windows/a.yml",
        f"{path}/windows/broken.yml",
    ]
    assert [str(report.status) for report in found.report] == ["ok", "ok", "invalid"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_that_unpacks_to_too_much_is_bounded(tmp_path):
    """An entry of half a gigabyte of zeros is refused after the first few megabytes."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.yml", "w") as entry_:
        for _ in range(64):
            entry_.write(b"\0" * 8 * 1024 * 1024)
    (found,) = read_rules([path]).report
    assert (found.status, found.reason) == (Status.INVALID, "larger than 4,194,304 bytes")


def test_an_archive_with_a_damaged_entry_gives_the_others(tmp_path):
    """The damaged one is named."""
    path = tmp_path / "rules.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.yml", GOOD)
        archive.writestr("b.yml", rule_text(SELECTION, id=rule_id(2), description="damage me"))
    path.write_bytes(path.read_bytes().replace(b"damage me", b"DAMAGE ME"))
    found = read_rules([path])
    assert [rule.id for rule in found.rules] == [ID]
    assert "cannot be unpacked" in found.report[1].reason


@pytest.mark.parametrize(
    ("path", "problem", "hint"),
    [
        ("nowhere/x.yml", "no such file", "builtin:NAME"),
        ("builtin:labb", "no such pack", "did you mean 'builtin:lab'?"),
        ("builtin:../lab", "no such pack", "builtin:lab"),
        ("builtin:", "no such pack", "builtin:lab"),
    ],
)
def test_a_path_that_is_not_there_is_a_mistake_in_the_settings(path, problem, hint):
    """It says what would be legal."""
    with pytest.raises(SettingsError) as raised:
        load_rules([path])
    assert problem in raised.value.problem
    assert hint in raised.value.hint


def test_a_zip_that_is_none_is_a_mistake_in_the_settings(tmp_path):
    """Not a stack trace of the zip library."""
    path = tmp_path / "rules.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(SettingsError, match="cannot be read as a zip archive"):
        load_rules([path])


MISTAKES = [
    (GOOD.replace('title: "A rule"\n', ""), 1, "must have a title"),
    (GOOD + "title: again\n", 5, "the key 'title' stands here twice"),
    (GOOD + "level: severe\n", 5, "'severe' is not a valid"),
    (GOOD.replace(ID, "1234"), 2, "must be an UUID"),
    (GOOD.replace(f'"{ID}"', "1234"), 2, "must be a UUID, got 1234"),
    ("title: x\ndetection: {s: {a: 1}, condition: s}\n", 1, "must have a logsource"),
    (GOOD.replace('{"product": "windows"}', "windows"), 3, "logsource must be a mapping"),
    (GOOD.replace('{"product": "windows"}', "{}"), 3, "can't be empty"),
    ("title: x\nlogsource: {product: a}\n", 1, "must have a detection"),
    ("title: x\nlogsource: {product: a}\ndetection: [a]\n", 3, "detection must be a mapping"),
    ("- a\n- list\n", 1, "expected a mapping"),
    ("just text\n", 1, "expected a mapping"),
    ("a: b\n", 1, "not a Sigma rule"),
    ("", 1, "holds no rule"),
    ("---\n# nothing\n---\n", 1, "holds no rule"),
    ("title: x\n  bad: indent\n", 2, "not valid YAML"),
    ("title: x\n\tbad: tab\n", 2, "not valid YAML"),
    ("title: x\nb: [1,\n\n", 2, "not valid YAML"),
    ("title: x\nbell: \x07\n", 2, "not valid YAML"),
    ("title: !!python/object/apply:os.system [id]\n", 1, "not valid YAML"),
    ('title: !!int ""\n', 1, "not valid YAML"),
    ("title: !!timestamp x\n", 1, "not valid YAML"),
    ("title: x\na: " + "[" * 100_000, 2, "nested deeper than 100 levels"),
    ("title: x\na: " + "9" * 5000 + "\n", 1, "not valid YAML"),
    ("title: x\ndetection: &d\n  s: *d\n  condition: s\n", 1, "Recursive"),
    (
        rule_text({"selection": {"a|contians": "x"}}),
        4,
        "unknown modifier 'contians', did you mean 'contains'?",
    ),
    (rule_text({"selection": {"a|re": "x("}}), 4, "unterminated subpattern"),
    (rule_text({"selection": {"a|re": "a{99999999999}"}}), 4, "is invalid"),
    (rule_text({"selection": {"a|re": 5}}), 4, "must be text in quotes, got 5"),
    (rule_text({"selection": {"a|re": ["x", {"y": "z"}]}}), 4, "must be text in quotes, got {'y': 'z'}"),
    (rule_text({"selection": {"a|cidr": "10.0.0.1/8"}}), 4, "has host bits set"),
    (rule_text({"selection": {"a|cidr": "home"}}), 4, "does not appear to be"),
    (rule_text({"selection": {"a|lt": "x"}}), 4, "incompatible"),
    (rule_text({"selection": {"a|base64": "x*"}}), 4, "wildcards is not allowed"),
    (rule_text({"selection": {"a|exists": "yes"}}), 4, "incompatible"),
    (rule_text({"selection": {"a": {"b": "c"}}}), 4, "expected text, a number"),
    (rule_text({"selection": {}}), 4, "the detection is empty"),
    (rule_text({"selection": None}), 4, "need a field"),
    (rule_text({"selection": []}), 4, "needs a field"),
    (rule_text(SELECTION, "0 of them"), 4, "'1 of', 'any of' and 'all of'"),
    (rule_text(SELECTION, "2 of them"), 4, "'1 of', 'any of' and 'all of'"),
    (rule_text(SELECTION, "1 of other*"), 4, "'1 of other*' names no detection"),
    (rule_text(SELECTION, "selction"), 4, "did you mean 'selection'?"),
    (rule_text(SELECTION, "selection and"), 4, "condition:"),
    (rule_text(SELECTION, "not " * 3000 + "selection"), 4, "nested too deeply"),
    (rule_text(SELECTION, ["selection", 5]), 4, "a condition must be text, got 5"),
    (rule_text(SELECTION, None), 4, "there must be a condition"),
    (rule_text(SELECTION, []), 4, "there must be a condition"),
    ("title: x\ncorrelation: 5\n", 2, "must be a dict"),
    ("title: x\nlogsource: {product: a}\nfilter: {s: {a: 1}, condition: not s}\n", 3, "'rules' field"),
    ("action: bogus\ntitle: x\n", 1, "expected global, reset or repeat"),
]


@pytest.mark.parametrize(("text", "line", "reason"), MISTAKES)
def test_a_mistake_is_named_with_its_line(tmp_path, text, line, reason):
    """Whatever is wrong, the rule is invalid, the report says why, and loading goes on."""
    found = entry(tmp_path, text)
    assert found.status is Status.INVALID
    assert found.line == line
    assert reason in found.reason


def test_all_mistakes_of_a_rule_are_named(tmp_path):
    """Each with its own line, also several in one detection and in the values of one list."""
    text = """\
level: severe
detection:
  selection:
    a|foo: b
    b|re: '['
  other:
    - c|cidr:
        - 10.0.0.0/8
        - nope
  condition: 0 of them
"""
    reason = entry(tmp_path, text).reason
    for said in (
        "'severe'",
        "must have a title",
        "must have a logsource",
        "line 4: a|foo: unknown modifier 'foo'",
        "line 5: b|re:",
        "line 9: c|cidr:",
        "line 10: condition:",
    ):
        assert said in reason


def test_one_bad_rule_leaves_the_others(tmp_path):
    """A folder with broken files: the good rules run, every broken one is in the report."""
    write(tmp_path, **{f"bad{i}": text for i, (text, _, _) in enumerate(MISTAKES)}, good=GOOD)
    found = load_rules([tmp_path])
    assert [rule.id for rule in found.rules] == [ID]
    assert found.counts() == {
        Status.OK: 1,
        Status.UNSUPPORTED: 0,
        Status.INVALID: len(MISTAKES),
        Status.DUPLICATE: 0,
    }


def test_a_file_that_is_no_text_is_invalid(tmp_path):
    """The byte is named."""
    (tmp_path / "a.yml").write_bytes(b"title: \xff\n")
    (found,) = read_rules([tmp_path]).report
    assert (found.status, found.reason) == (Status.INVALID, "not UTF-8: byte 7: invalid start byte")


@pytest.mark.parametrize(
    "change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t + "\n\n"]
)
def test_bytes_that_say_nothing_change_nothing(tmp_path, change):
    """A byte order mark, Windows line ends and empty lines at the end leave a rule's revision as it is."""
    (tmp_path / "a.yml").write_text(GOOD, newline="")
    (tmp_path / "b.yml").write_text(change(GOOD), newline="", encoding="utf-8")
    (one,) = load_rules(tmp_path / "a.yml").rules
    (other,) = load_rules(tmp_path / "b.yml").rules
    assert one.revision == other.revision


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (rule_text({"selection": {"a|expand": "%admins%"}}), "the placeholder %admins% has no values"),
        (rule_text(SELECTION, "selection | count() > 5"), "correlation rules have taken its place"),
        (
            "title: x\ncorrelation: {type: event_count, rules: [a], timespan: 5m, condition: {gte: 5}}\n",
            "correlation rules are not evaluated yet",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_unsupported_and_says_why(tmp_path, text, reason):
    """Never silently dropped, and not called a mistake."""
    found = entry(tmp_path, text)
    assert found.status is Status.UNSUPPORTED
    assert reason in found.reason


def test_placeholders_are_given_when_loading(tmp_path):
    """Then the rule is evaluable, and its revision tells the values apart."""
    write(tmp_path, rule=rule_text({"selection": {"a|expand": "%admins%"}}))
    one = load_rules([tmp_path], placeholders={"admins": ["root"]})
    other = load_rules([tmp_path], placeholders={"admins": ["boss"]})
    assert len(one.rules) == len(other.rules) == 1
    assert one.revision != other.revision


def test_what_only_describes_a_rule_does_not_stop_it(tmp_path):
    """A date or an author of the wrong kind is a notice: a detection must not be lost for it."""
    text = GOOD + 'author: [a]\ndate: tomorrow\ntags: [execution, 5]\nfalsepositives: none\nstatus: "?"\n'
    found = load_rules([write(tmp_path, rule=text)])
    assert found.rules[0].false_positives == ("none",)
    (report,) = found.report
    assert report.status is Status.OK
    for line in range(5, 10):
        assert f"line {line}: " in report.reason


def test_the_second_rule_of_an_id_is_a_duplicate(tmp_path):
    """The first one counts, the other is named with the place of the first."""
    write(tmp_path, a=GOOD, b=rule_text(SELECTION, title="Another"))
    found = load_rules([tmp_path])
    assert [rule.title for rule in found.rules] == ["A rule"]
    assert found.report[1].status is Status.DUPLICATE
    assert found.report[1].line == 2
    assert f"{tmp_path / 'a.yml'}:1" in found.report[1].reason


def test_nothing_loaded_is_refused(tmp_path):
    """A worker without a rule would look as if all were well."""
    write(tmp_path, bad="title: [")
    with pytest.raises(RuleError, match=r"no rule could be loaded from [^\n]*\n[^\n]*bad\.yml:1: invalid"):
        load_rules([tmp_path])
    with pytest.raises(RuleError, match="no path at all"):
        load_rules([])


def test_strict_refuses_and_names_all_that_is_wrong(tmp_path):
    """Invalid, unsupported and duplicate rules, all in one message."""
    write(
        tmp_path,
        a=GOOD,
        b=GOOD,
        c="title: [",
        d=rule_text({"selection": {"a|expand": "%x%"}}, id=rule_id(2)),
    )
    with pytest.raises(RuleError) as raised:
        load_rules([tmp_path], strict=True)
    assert raised.value.problem.startswith("3 of 4 rules must be mended:\n")
    assert all(f"{name}.yml:" in raised.value.problem for name in "bcd")


def test_strict_takes_a_set_in_order(tmp_path):
    """Nothing wrong, nothing refused."""
    assert len(load_rules([write(tmp_path, rule=GOOD)], strict=True).rules) == 1


def test_several_documents_in_one_file(tmp_path):
    """Each is a rule with its own line; what is wrong with a later one leaves the first."""
    text = f"{GOOD}---\n{rule_text(SELECTION, id=rule_id(2))}---\ntitle: [\n"
    found = load_rules([write(tmp_path, rules=text)])
    assert [(rule.id, rule.line) for rule in found.rules] == [(ID, 1), (rule_id(2), 6)]
    assert (found.report[2].status, found.report[2].line) == (Status.INVALID, 11)


def test_documents_share_their_parts_by_actions(tmp_path):
    """global is a template, repeat the document before it with changes, reset ends the template."""
    text = f"""\
action: global
title: Shared
logsource: {{product: windows}}
---
id: {rule_id(1)}
detection: {{s: {{a: 1}}, condition: s}}
---
id: {rule_id(2)}
detection: {{s: {{a: 2}}, condition: s}}
---
action: repeat
id: {rule_id(3)}
title: Repeated
logsource: {{product: linux}}
---
action: reset
---
id: {rule_id(4)}
title: Alone
logsource: {{product: macos}}
detection: {{s: {{a: 4}}, condition: s}}
"""
    rules = load_rules([write(tmp_path, rules=text)]).rules
    assert [(rule.id[-1], rule.title, rule.logsource.product, rule.line) for rule in rules] == [
        ("1", "Shared", "windows", 5),
        ("2", "Shared", "windows", 8),
        ("3", "Repeated", "linux", 11),
        ("4", "Alone", "macos", 18),
    ]
    assert len({rule.revision for rule in rules}) == 4


def test_the_revision_does_not_depend_on_order_or_place(tmp_path):
    """The same rules have the same revision; one letter more, and it is another."""
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "deep").mkdir(parents=True)
    other.mkdir()
    second = rule_text(SELECTION, id=rule_id(2))
    write(one, z=GOOD)
    write(one / "deep", a=second)
    write(other, rules=f"{second}---\n{GOOD}")
    assert load_rules([one]).revision == load_rules([other]).revision
    assert load_rules([one / "deep", one / "z.yml"]).revision == load_rules([one]).revision
    write(other, rules=f"{second}level: low\n---\n{GOOD}")
    assert load_rules([one]).revision != load_rules([other]).revision


def test_rules_that_cannot_run_do_not_change_the_revision(tmp_path):
    """It says what judges events."""
    before = load_rules([write(tmp_path, a=GOOD)]).revision
    assert load_rules([write(tmp_path, b="title: [")]).revision == before


def test_a_set_finds_its_rules_by_id(tmp_path):
    """And counts what was found."""
    found = load_rules([write(tmp_path, a=GOOD)])
    assert found.by_id[ID] is found.rules[0]
    assert found.counts()[Status.OK] == 1


def test_every_placeholder_without_values_is_named(tmp_path):
    """Whoever gives the values learns of all of them at once."""
    text = rule_text({"selection": {"a|expand": "%x%", "b|re|expand": "%y%[0-9]"}})
    found = entry(tmp_path, text)
    assert found.status is Status.UNSUPPORTED
    assert [name for name in "xyz" if f"%{name}% has no values" in found.reason] == ["x", "y"]
