"""The front end makes no markup of values, and needs nobody but its own server."""

import gzip
import re
from pathlib import Path

import pytest

from tests.browser import lacking
from tocsin.app.console.assets import FOLDER, are_built

WEB = Path(__file__).parents[2] / "web"
SOURCES = sorted(path for path in (WEB / "src").rglob("*") if path.suffix in {".ts", ".tsx"})

MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|DOMParser|srcdoc"
    r"|createContextualFragment|\beval\(|new Function\(|javascript:"
)

BUDGET = 150 * 1024
"""Bytes of all programs, packed as they travel."""


@pytest.fixture
def built() -> Path:
    if not are_built():
        lacking("needs the console's pages: python hatch_build.py")
    return FOLDER


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(WEB).as_posix())
def test_no_source_makes_markup_of_text(path):
    """Nothing is parsed as HTML or run as a program: all text gets into the page as text nodes."""
    assert MARKUP.findall(path.read_text(encoding="utf-8")) == []


def test_sources_are_found():
    """The test above looks at something."""
    assert len(SOURCES) > 30


def test_the_page_has_nothing_inline():
    """The content security policy refuses inline programs and styles: there are none."""
    page = (WEB / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page) == []


def test_every_module_says_what_it_is_for():
    """A source opens with a sentence."""
    assert [path.name for path in SOURCES if not path.read_text(encoding="utf-8").startswith("// ")] == []


def test_the_lock_names_no_registry():
    """What is installed is told by its checksum; where it comes from is the affair of each machine."""
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 20


def test_the_pages_ask_nobody_else(built):
    """No program, style or font comes from another host."""
    page = (built / "index.html").read_text(encoding="utf-8")
    styles = [path.read_text(encoding="utf-8") for path in built.rglob("*.css")]
    assert re.findall(r"""(?:src|href)=["']?https?:""", page) == []
    assert [found for style in styles for found in re.findall(r"@import|url\(\s*[\"']?https?:", style)] == []


def test_the_programs_are_small(built):
    """All of them together fit into the budget, as they travel."""
    programs = list(built.rglob("*.js"))
    assert programs
    assert sum(len(gzip.compress(path.read_bytes())) for path in programs) < BUDGET
