"""docs/log-sources.md is true: its table is what the rules and the shapes give."""

from pathlib import Path

from tests.corpora import corpus
from tests.decode.log_sources import UNKNOWN_ONLY, counts, lines, windows

PAGE = (Path(__file__).parents[2] / "docs" / "log-sources.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_rules_and_the_shapes_give():
    """Each log source of the public rules with its number of rules, and who writes such a log."""
    found = counts(corpus("sigmahq/sigmahq-rules.zip"))
    assert "\n".join(lines(found)) in PAGE


def test_all_of_windows_is_known():
    """The number on the page is the number of rules, and none of their logs is missing."""
    all_, known = windows(counts(corpus("sigmahq/sigmahq-rules.zip")))
    assert all_ == known
    assert f"{all_:,} are for Windows" in PAGE


def test_few_rules_are_for_logs_that_no_shape_writes():
    """Of the rules that are not for Windows, all but one in thirty."""
    found = counts(corpus("sigmahq/sigmahq-rules.zip"))
    rows = [line for line in lines(found) if line.endswith(f"{UNKNOWN_ONLY} |")]
    without = sum(int(row.split("|")[4]) for row in rows)
    others = sum(count for source, count in found.items() if source.product != "windows")
    assert 0 < without * 30 < others
