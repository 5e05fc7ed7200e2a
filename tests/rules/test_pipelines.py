"""Processing pipelines change rules before they are compiled, as pySigma applies them."""

from pathlib import Path

import pytest

from tests.rules.texts import ID, rule_id, rule_text
from tocsin.errors import SettingsError
from tocsin.model import LogSource
from tocsin.rules import RuleSet, Status, load_rules, read_rules
from tocsin.rules.store import Store
from tocsin.rules.words import in_words

SELECTION = {"selection": {"Image|endswith": "\\cmd.exe", "n": 10**17 + 1}}


def pipeline(tmp_path: Path, *steps: str, name: str = "pipeline.yml", priority: int = 10, **more: str) -> str:
    """Write a pipeline; each step is the YAML of a transformation on one line."""
    lines = [f"name: {name}", f"priority: {priority}", "transformations:"]
    lines += [f"  - {{id: step{index}, {step}}}" for index, step in enumerate(steps)]
    lines += [f"{key}: {value}" for key, value in more.items()]
    (tmp_path / name).write_text("\n".join(lines))
    return str(tmp_path / name)


def loaded(tmp_path: Path, text: str, *pipelines: str) -> RuleSet:
    (tmp_path / "rule.yml").write_text(text)
    return read_rules(tmp_path / "rule.yml", pipelines=pipelines)


def words(found: RuleSet) -> str:
    (rule,) = found.rules
    return in_words(rule.condition)


def test_fields_get_other_names(tmp_path):
    """One for one, or several of which any may match; numbers stay exact, values as they are."""
    one = pipeline(
        tmp_path, "type: field_name_mapping, mapping: {Image: process.executable, n: [pid, process.pid]}"
    )
    assert words(loaded(tmp_path, rule_text(SELECTION), one)) == (
        "selection:\n  all of:\n    process.executable ends with '\\cmd.exe'\n    any of:\n"
        "      pid is '100000000000000001'\n      process.pid is '100000000000000001'"
    )


def test_a_condition_is_added_and_the_log_source_changed(tmp_path):
    """What the pipelines of log shippers do most."""
    one = pipeline(
        tmp_path,
        "type: add_condition, conditions: {EventID: 1}",
        "type: change_logsource, product: windows, service: sysmon",
    )
    found = loaded(tmp_path, rule_text(SELECTION), one)
    assert "EventID is '1'" in words(found)
    assert found.rules[0].logsource == LogSource(product="windows", service="sysmon")


def test_a_step_that_refuses_a_rule_makes_it_unsupported(tmp_path):
    """With the pipeline's own reason, at the line of the detection."""
    one = pipeline(tmp_path, "type: rule_failure, message: no such log here")
    found = loaded(tmp_path, rule_text(SELECTION), one)
    (entry,) = found.report
    assert (entry.status, entry.line) == (Status.UNSUPPORTED, 4)
    assert "no such log here" in entry.reason


def test_placeholders_may_get_their_values_from_a_pipeline(tmp_path):
    """Without it the rule is unsupported; with it, it runs."""
    text = rule_text({"selection": {"user|expand": "%admins%"}})
    assert loaded(tmp_path, text).report[0].status is Status.UNSUPPORTED
    one = pipeline(tmp_path, "type: value_placeholders", vars="{admins: [root, boss]}")
    assert words(loaded(tmp_path, text, one)) == "selection:\n  user is any of:\n    'root'\n    'boss'"


def test_a_rule_of_which_nothing_is_left_is_unsupported(tmp_path):
    """An empty detection would hold for every event."""
    one = pipeline(
        tmp_path, "type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [a]}]"
    )
    (entry,) = loaded(tmp_path, rule_text({"selection": {"a": 1}}), one).report
    assert entry.status is Status.UNSUPPORTED
    assert "leaves nothing of the detection" in entry.reason


def test_a_rule_that_is_wrong_as_written_keeps_its_lines(tmp_path):
    """A pipeline does not hide mistakes."""
    one = pipeline(tmp_path, "type: field_name_mapping, mapping: {a: b}")
    (entry,) = loaded(tmp_path, rule_text({"selection": {"a|foo": 1}}), one).report
    assert (entry.status, entry.line) == (Status.INVALID, 4)
    assert "unknown modifier 'foo'" in entry.reason


def test_pipelines_work_in_the_order_of_their_priorities(tmp_path):
    """Among equals in the order given; a folder stands for its files."""
    folder = tmp_path / "steps"
    folder.mkdir()
    pipeline(folder, "type: field_name_mapping, mapping: {b: c}", name="a.yml", priority=20)
    pipeline(folder, "type: field_name_mapping, mapping: {a: b}", name="b.yml", priority=10)
    assert (
        words(loaded(tmp_path, rule_text({"selection": {"a": 1}}), str(folder))) == "selection:\n  c is '1'"
    )


def test_revisions_tell_pipelines_apart(tmp_path):
    """A rule that means something else has another revision, though its text is the same."""
    text = rule_text({"selection": {"a": 1}})
    one = pipeline(tmp_path, "type: field_name_mapping, mapping: {a: b}", name="one.yml")
    other = pipeline(tmp_path, "type: field_name_mapping, mapping: {a: c}", name="other.yml")
    revisions = {loaded(tmp_path, text, *given).revision for given in ((), (one,), (other,))}
    assert len(revisions) == 3


def test_a_changed_pipeline_is_another_set_in_the_cache(tmp_path):
    """The store does not give back what the old one made."""
    store = Store(tmp_path / "store", pytest.fail)
    rules = tmp_path / "rule.yml"
    rules.write_text(rule_text({"selection": {"a": 1}}))
    said = []
    for field in "bcb":
        one = pipeline(tmp_path, f"type: field_name_mapping, mapping: {{a: {field}}}")
        said.append(words(load_rules(rules, pipelines=[one], store=store)))
    assert [text[13] for text in said] == list("bcb")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("transformations: [", "Error in parsing"),
        ("transformations:\n  - {id: a, type: no_such_step}\n", "no_such_step"),
        ("transformations:\n  - {id: a, type: field_name_mapping}\n", "mapping"),
        ("- a list\n", ""),
        ("", ""),
    ],
)
def test_a_file_that_is_no_pipeline_is_a_mistake_in_the_settings(tmp_path, text, reason):
    """It names the file."""
    (tmp_path / "p.yml").write_text(text)
    with pytest.raises(SettingsError, match=r"p\.yml") as raised:
        loaded(tmp_path, rule_text({"selection": {"a": 1}}), str(tmp_path / "p.yml"))
    assert reason in raised.value.problem


def test_a_pipeline_that_is_not_there_is_a_mistake_in_the_settings(tmp_path):
    """It may be a file or the name of one that is installed."""
    with pytest.raises(SettingsError, match="no such file and no such pipeline"):
        loaded(tmp_path, rule_text({"selection": {"a": 1}}), "sysmonn")


@pytest.mark.parametrize(
    "step",
    ["file_placeholders, path: {}", "command_placeholders, cmd: [cat, {}]"],
)
def test_a_pipeline_may_not_run_commands_or_read_files(tmp_path, step):
    """What it would take from outside is refused: rules and pipelines come from others."""
    (tmp_path / "secret").write_text("hush\n")
    one = pipeline(tmp_path, "type: " + step.format(tmp_path / "secret"))
    found = loaded(tmp_path, rule_text({"selection": {"a|expand": "%x%"}}), one)
    assert found.rules == ()
    assert "External data source transformations are disabled" in found.report[0].reason


def test_filters_and_duplicates_see_the_changed_rule(tmp_path):
    """A filter for a log source applies to rules that a pipeline has moved there."""
    one = pipeline(tmp_path, "type: change_logsource, product: windows, service: sysmon")
    text = (
        rule_text({"selection": {"a": 1}})
        + f"---\ntitle: F\nid: {rule_id(9)}\nlogsource: {{product: windows, service: sysmon}}\n"
        + f"filter: {{rules: [{ID}], f: {{b: 2}}, condition: not f}}\n"
    )
    (rule,) = loaded(tmp_path, text, one).rules
    assert any("filtered by" in notice for notice in rule.notices)
