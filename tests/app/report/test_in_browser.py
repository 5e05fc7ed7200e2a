"""In a real browser the report shows hostile values harmlessly, and prints."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.app.report.test_page import HOSTILE, hostile_rows, page_of
from tests.stats.stores import results_of


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    path = folder / "report.html"
    html = page_of(results_of(hostile_rows(), folder / "results"), title=HOSTILE[0])
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture
def opened(chromium: Browser, report: Path) -> Iterator[tuple[Page, list[str]]]:
    """Open the report, and collect everything that it should not do."""
    page = chromium.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("dialog", lambda dialog: told.append(dialog.message))
    page.on("request", lambda request: told.append(request.url))
    page.goto(report.as_uri())
    told.remove(report.as_uri())
    yield page, told
    page.close()


def test_nothing_runs_and_nothing_is_loaded(opened):
    """No dialog, no request, no fault, no refused style; the title is text."""
    page, told = opened
    assert page.title() == HOSTILE[0]
    assert page.locator("script, img").count() == 0
    assert told == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_never_wider_than_the_screen(opened, width, theme):
    """However long a value is; and the style sheet is in force in both themes."""
    page, told = opened
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 24, 30)"}[theme]
    assert told == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_prints_light_on_a_few_pages(opened, paper):
    """Also when the screen is dark: paper is not."""
    page, told = opened
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("details").first.is_visible() is False
    printed = page.pdf(format=paper)
    assert printed.startswith(b"%PDF")
    assert 2 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 20
    assert told == []
