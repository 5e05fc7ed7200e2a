"""The report is one file that runs nothing and loads nothing, whatever the events say."""

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from tests.stats.stores import Row, csv_of, rejected_in, results_of
from tocsin.app.report.page import page
from tocsin.attack import catalogue
from tocsin.model import Level, Rejected, RejectReason
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.stats.events import events_of
from tocsin.stats.questions import summary

MADE = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title></svg><svg/onload=alert(1)>",
    "<!--",
    "]]>",
    "{{7*7}}${7*7}",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "\u202egpj.exe",
    "a\x00b",
    "x" * 1_000_000,
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
)
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
    *("h1", "h2", "p", "ul", "li", "b", "span", "small", "bdi", "time", "figure", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "dl", "div", "dt", "dd"),
    *("svg", "desc", "rect", "path", "line", "circle", "text"),
}
EMPTY = {"meta", "rect", "path", "line", "circle"}


class Structure(HTMLParser):
    """Checks that elements nest, and collects them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in EMPTY
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Structure:
    reader = Structure()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    return reader


def page_of(path, title: str = "A title", top: int = 50) -> str:
    with events_of(path) as events:
        return page(summary(events, top), title, MADE)


def hostile_rows() -> list[Row]:
    at = datetime(2026, 11, 21, 9, tzinfo=UTC)
    return [
        Row(
            (at + timedelta(minutes=i)).isoformat(),
            *("TA0002", "T1059.001") if i % 2 else (text[:1000], text[:1000]),
            *(text, text, text, text),
            level=Level.HIGH,
        )
        for i, text in enumerate(HOSTILE * 2)
    ]


@pytest.mark.parametrize("store", [results_of, csv_of])
def test_hostile_values_are_only_text(store, tmp_path):
    """No element, attribute or style comes from an event, and the page stays small."""
    html = page_of(store(hostile_rows(), tmp_path / "store"), title=HOSTILE[3])
    found = read(html)
    assert found.tags <= ALLOWED
    assert not any(name.startswith("on") or name in ("style", "href", "src") for name in found.attributes)
    assert "<script>alert(1)</script>" in found.text
    assert "⟨U+202E⟩gpj.exe" in found.text
    assert not re.search("[\u202e\x00]", html)
    assert len(html) < 400_000


def test_the_policy_lets_in_this_style_sheet_and_nothing_else(tmp_path):
    """The hash in the policy is that of the style as it stands in the file."""
    html = page_of(csv_of([Row("2026-01-01T00:00:00Z", "TA0002", "T1059")], tmp_path / "out.csv"))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src &#x27;none&#x27;; style-src &#x27;sha256-{digest}&#x27;" in html
    assert not re.search(r"url\(|@import|https?:", html)


def test_a_figure_has_a_title_a_description_and_a_table(tmp_path):
    """For whoever cannot see it."""
    rows = [Row(f"2026-01-01T00:{i:02}:00Z", "TA0002", "T1059", level=Level.HIGH) for i in range(20)]
    html = page_of(results_of(rows, tmp_path / "results"))
    figures = re.findall(r"<figure>(.*?)</figure>", html, re.DOTALL)
    assert len(figures) == 2
    for figure in figures:
        assert re.search(r'role="img" aria-labelledby="(\w+)-title \1-desc"><title id="\1-title">', figure)
        assert "<details>" in figure
        assert "<th scope=" in figure


def test_a_hundred_buckets_are_drawn_whole(tmp_path):
    """However long a path's data is, it is that of a path."""
    rows = [Row(f"2026-01-{1 + i // 24:02}T{i % 24:02}:00:00Z", "TA0002", "T1059") for i in range(24 * 4)]
    html = page_of(csv_of(rows, tmp_path / "out.csv"))
    (data,) = re.findall(r'<path class="ta0002" d="([^"]*)"/>', html)
    assert len(data) > 2_000
    assert re.fullmatch(r"(M[\d.]+ [\d.]+h[\d.]+V[\d.]+h-[\d.]+Z)+", data)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([Row("no time", "TA0002", "T1059")], id="no time"),
        pytest.param([Row("2026-01-01T00:00:00Z")], id="nothing fired"),
        pytest.param([Row("2026-01-01T00:00:00Z", "TA0002", "T1059", host="", user="")], id="no names"),
        pytest.param(
            [Row("2026-01-01T00:00:00Z", t.id, "T1059", host=f"H{t.order % 3}") for t in catalogue().tactics],
            id="every tactic",
        ),
        pytest.param([Row("1601-01-01T00:00:00Z"), *[Row("2026-01-01T00:00:00Z")] * 30], id="a stray clock"),
    ],
)
@pytest.mark.parametrize("store", [results_of, csv_of])
def test_any_amount_of_data_makes_a_page(store, rows, tmp_path):
    """Well formed, with every section."""
    found = read(page_of(store(rows, tmp_path / "store")))
    for heading in ("Tactics over time", "Kill chain per host", "How the pipeline did", "How to read this"):
        assert heading in found.text


def test_an_empty_store_makes_a_page_too(tmp_path):
    """It says that there is nothing."""
    ResultsSink(tmp_path / "results", Origin("c", "t", "i"), "none", lambda: 0.0)
    assert "No events" in read(page_of(tmp_path / "results")).text


def test_versions_times_and_dead_letters_are_told(tmp_path):
    """What a reader needs to judge the numbers."""
    folder = results_of(
        [Row("2026-01-01T00:00:00Z", "TA0002", "T1059", level=Level.LOW, waited=2.0)], tmp_path / "r"
    )
    rejected_in(folder, [Rejected(RejectReason.NOT_JSON, "no"), Rejected(RejectReason.LOST, "5 to 8 <gone>")])
    text = read(page_of(folder)).text
    for said in (
        "2026-11-21 12:00 UTC",
        "Rule sets: rules.",
        catalogue().version,
        "not_json",
        "5 to 8 <gone>",
    ):
        assert said in text
    assert "half within 2 s" in text
    assert "/".join(folder.parts[-2:]) in text
    assert str(folder) not in text
