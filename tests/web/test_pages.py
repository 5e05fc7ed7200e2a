"""The pages in a real browser: they show what the server says, whatever it says, in every width and theme."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import AXE, lacking
from tests.web import answers
from tests.web.conftest import Refusal

PAGES = {
    "/": "Live",
    "/events": "Events",
    "/events?view=dead-letters": "Events",
    "/events?record=0:13": "Events",
    "/pipeline": "Pipeline",
}
LOOKS = [(1280, True), (1280, False), (390, True), (390, False)]


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_every_page_fits_and_has_no_fault(console, width, dark):
    """Nothing is cut off at the side, nothing fails, nothing is refused, in both themes and widths."""
    seen = console(width=width, dark=dark)
    for path, title in PAGES.items():
        page = seen.go(path)
        expect(page.locator("h1").first).to_have_text(title)
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
    assert seen.complaints == []


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_everybody_can_use_it(console, width, dark):
    """Axe finds no fault of accessibility: names, roles, contrast."""
    if not AXE.is_file():
        lacking("needs axe-core: python hatch_build.py check")
    seen = console(width=width, dark=dark)
    for path in PAGES:
        page = seen.go(path)
        page.wait_for_timeout(200)
        page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        found = page.evaluate(
            "axe.run().then(said => said.violations.map(one => [one.id, one.nodes[0].html.slice(0, 200)]))"
        )
        assert found == [], path


@pytest.mark.parametrize("path", PAGES)
def test_values_are_never_markup(console, path):
    """Values full of HTML stay text: no element of theirs, no dialog, no request."""
    seen = console()
    page = seen.go(path)
    page.wait_for_timeout(300)
    assert page.locator("#app img, #app script, #app iframe").count() == 0
    assert not [asked for asked in seen.asked.paths if asked.endswith("/x")]
    assert seen.complaints == []


def test_what_cannot_be_seen_is_shown_by_its_name(console):
    """A mark that turns the text around, a null and a zero width space stand there as code points."""
    page = console().go("/events?record=0:11")
    value = page.get_by_role("region", name="the value")
    shown = value.text_content() or ""
    assert re.sub("[^a-zA-Z0-9.+]", " ", shown) == "invoice U+202E fdp.exe U+0000  U+200B "
    assert shown.isprintable()
    expect(value.locator(".control").first).to_have_attribute("title", "U+202E RIGHT-TO-LEFT OVERRIDE")


def test_a_long_value_is_cut_until_it_is_asked_for(console):
    """A megabyte does not stand in the page by itself; one click, and it does."""
    page = console().go("/events?record=0:10")
    value = page.get_by_role("region", name="the value")
    assert len(value.inner_text()) < 30_000
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("document.querySelector('pre').textContent.length >= 1000000")


def test_json_is_laid_out_as_it_was_sent(console):
    """Large numbers keep their digits, escapes stay escapes, empty lists stay on their line."""
    page = console().go("/events?record=0:13")
    value = page.get_by_role("region", name="the value")
    text = value.text_content() or ""
    assert '  "n": 12345678901234567890,\n  "s": "\\u202e",\n  "list": [],\n  "deep": {\n    "a": [\n' in text
    page.get_by_role("button", name="As it was sent").click()
    assert (value.text_content() or "").startswith('{"host":"ws-1","n":123')


def test_bytes_are_shown_as_a_hex_dump(console):
    """A value that is no text is shown byte by byte."""
    page = console().go("/events?record=0:8")
    dump = page.get_by_role("region", name="the bytes").text_content() or ""
    assert dump.splitlines()[1].split() == ["000010", "10", "11", ".."]


def test_live_figures_come_and_come_again(console):
    """Figures appear with the stream; when it breaks off, the page says so, comes back and goes on."""
    seen = console()
    page = seen.go("/")
    events = page.get_by_role("region", name="Events", exact=True)
    expect(events).to_contain_text("120 per second")
    expect(page.get_by_role("link", name="3 dead letters")).to_be_visible()
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    seen.asked.answers["/api/live/stream"] = [("live", answers.live(per_second=777.0))]
    expect(events).to_contain_text("777 per second")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kafka": {"state": "away", "detail": "nobody answers"}}, "Kafka is away: nobody answers"),
        ({"workers": []}, "tocsin detect"),
    ],
)
def test_live_says_what_to_do_when_nothing_runs(console, change, says):
    """Who has no Kafka, or no worker, is told so with the command that helps."""
    seen = console()
    seen.asked.answers["/api/live/stream"] = [("live", answers.live() | change)]
    expect(seen.go("/").get_by_role("status").filter(has_text=says)).to_be_visible()


def test_the_pipeline_marks_what_holds_it_up(console):
    """The slowest stage is named above the picture, and marked in it."""
    page = console().go("/pipeline")
    expect(page.get_by_text("It waits for: Match")).to_be_visible()
    expect(page.locator("svg .bottleneck")).to_contain_text("▲ bottleneck")
    expect(page.get_by_role("row").filter(has_text="Match")).to_contain_text("60 %")


def test_a_record_opens_and_closes_by_keyboard(console):
    """Enter opens the row, Esc closes it and the focus is back; the address names what is open."""
    page = console().go("/events")
    page.locator("tbody tr").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("Offset 12")
    assert page.url.endswith("record=0%3A12")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page.locator("tbody tr").nth(1)).to_be_focused()


def test_keys_go_everywhere(console):
    """G and a letter go to a page, the question mark explains, a slash searches, t changes the theme."""
    page = console().go("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Go to Pipeline")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.locator("h1")).to_have_text("Events")
    expect(page.get_by_role("searchbox")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_search_and_partition_are_in_the_address(console):
    """What is looked for stands in the address, is asked of the server, and is there after a reload."""
    seen = console()
    page = seen.go("/events")
    page.get_by_role("searchbox").fill("mimikatz & co")
    page.wait_for_url("**q=mimikatz*")
    page.get_by_label("Partition").select_option("1")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("mimikatz & co")
    expect(page.get_by_label("Partition")).to_have_value("1")
    assert any("q=mimikatz+%26+co" in asked and "partition=1" in asked for asked in seen.asked.paths)


def test_a_fault_of_the_server_is_told_with_its_hint(console):
    """What the server says against a question stands there, with what to do and a way to ask again."""
    seen = console()
    seen.asked.answers["/api/topics"] = Refusal("Kafka does not answer", "start it again")
    page = seen.go("/events")
    fault = page.get_by_role("alert").first
    expect(fault).to_contain_text("Kafka does not answer")
    expect(fault).to_contain_text("start it again")
    seen.asked.answers["/api/topics"] = answers.TOPICS
    fault.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="raw-events")).to_be_visible()


def test_a_token_is_asked_for_once(console):
    """A wrong token is refused, the right one is remembered by a cookie that no script can see."""
    seen = console(token="correct-horse-battery-staple")
    del seen.asked.answers["/api/status"]
    page = seen.go("/pipeline")
    dialog = page.get_by_role("dialog", name="This console wants a token")
    dialog.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Token").fill("correct-horse-battery-staple")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    page.goto(seen.url)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "correct" not in page.url
    assert page.evaluate("document.cookie") == ""
