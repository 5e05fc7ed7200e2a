"""The text of a rule is found again where its load report says that it stands, and nothing else is."""

import zipfile

import pytest

from tests.rules.texts import rule_id
from tests.rules.texts import rule_text as yaml_of
from tocsin.rules import read_rules
from tocsin.rules.text import rule_text

ONE, TWO, THREE = (yaml_of({"selection": {"A": str(n)}}, id=rule_id(n)).strip("\n") for n in range(3))
FILES = {
    "one.yml": ONE,
    "many.yml": f"# a remark\n{ONE.replace(rule_id(0), rule_id(7))}\n---\n{TWO}\n--- \n{THREE}\n",
    "windows.yml": TWO.replace(rule_id(1), rule_id(8)).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("kind", ["folder", "archive", "file"])
def test_each_rule_is_found_by_its_path_and_line(tmp_path, kind):
    """In a folder, in an archive, by itself; also the second and third document of a file."""
    place = tmp_path / ("rules.zip" if kind == "archive" else "rules")
    if kind == "archive":
        with zipfile.ZipFile(place, "w") as archive:
            for name, text in FILES.items():
                archive.writestr(f"deep/{name}", text)
    else:
        place.mkdir()
        for name, text in FILES.items():
            (place / name).write_text(text, newline="")
    paths = [place / name for name in FILES] if kind == "file" else [place]
    rules = read_rules(paths).rules
    assert len(rules) == 5
    for rule in rules:
        found = rule_text(paths, rule.path, rule.line)
        assert found is not None
        assert found.count("title:") == 1
        assert f'"{rule.id}"' in found
        assert "\r" not in found


def test_a_mistake_within_a_document_leads_to_all_of_it(tmp_path):
    """The report names the line of the mistake."""
    file = tmp_path / "bad.yml"
    file.write_text(f"{ONE}\n---\n{TWO}\nlevel: terrible\n")
    (wrong,) = (entry for entry in read_rules(file).report if entry.reason)
    text = rule_text([file], wrong.path, wrong.line)
    assert text == f"{TWO}\nlevel: terrible"


def test_what_is_no_rule_of_these_is_not_read(tmp_path):
    """Neither other files, nor lines that are not there, nor paths that have gone."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yml").write_text(ONE)
    secret = tmp_path / "secret.yml"
    secret.write_text("secret")
    paths = [tmp_path / "rules", tmp_path / "gone", "builtin:nothing"]
    for path in (secret, tmp_path / "rules" / ".." / "secret.yml", "/etc/passwd", "builtin:lab/nothing.yml"):
        assert rule_text(paths, str(path), 1) is None
    for line in (0, -1, 1_000):
        assert rule_text(paths, str(tmp_path / "rules" / "one.yml"), line) is None
