"""Values of events that try to be more than text, in a browser: nothing runs, nothing is asked."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.console.hostile import HOSTS, LONG, MARKUP, REJECTED

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTS = ("why", "event", "rule", "trace", "host")
UNTOUCHED = """() => ({
    title: document.title,
    inside: ["img", "script", "iframe", "[onmouseover]", "[onerror]"].flatMap(
        what => [...document.getElementById("app").querySelectorAll(what)]).length,
    polluted: ({}).polluted ?? null,
    links: [...document.links].filter(one => !/^(https?|blob):/.test(one.href)).length,
})"""


def check_untouched(page: Page, title: str) -> None:
    """Nothing of a value became an element, an attribute, a link, or a script that ran."""
    assert page.evaluate(UNTOUCHED) == {
        "title": f"{title} · Tocsin",
        "inside": 0,
        "polluted": None,
        "links": 0,
    }
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("kind", HOSTS)
def test_a_hostile_detection_is_only_text(window, shown, kind):
    """In the table, in each part of the drawer, and as a filter in the address."""
    query = urlencode({"host": HOSTS[kind]})
    found = shown.detection(f"{query}&level=high")
    opened = window()
    for part in PARTS:
        page = opened.go(f"/detections/{found['detection_id']}?part={part}&{query}")
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.locator(".notice.bad")).to_have_count(0)
        check_untouched(page, "Detections")
    opened.picture(f"hostile-{kind}")


def test_marks_that_turn_text_around_are_named(window, shown):
    """A host that looks like a PDF is shown with the code points that would make it look so."""
    found = shown.detection(f"{urlencode({'host': HOSTS['turned']})}&level=high")
    drawer = window().go(f"/detections/{found['detection_id']}").get_by_role("dialog")
    expect(drawer.get_by_title("All detections of this host").first).to_contain_text("U+202E")
    assert "\u202e" not in drawer.inner_text()


def test_a_megabyte_does_not_hold_the_page_up(window, shown):
    """The drawer of an event with a value of a million letters opens, and shows little of it until asked."""
    found = shown.detection("host=ws-long&level=high")
    opened = window(width=390)
    for part in PARTS:
        page = opened.go(f"/detections/{found['detection_id']}?part={part}")
        assert len(page.locator("body").inner_text()) < len(LONG) / 4
        check_untouched(page, "Detections")
    opened.picture("hostile-long")


@pytest.mark.parametrize("path", ["/", "/attack", "/rules", "/pipeline", "/events", "/detections?by=host"])
def test_pages_with_hostile_values_stay_themselves(window, path):
    """Live, groups and topics, with all of it in them."""
    page = window().go(path)
    page.wait_for_timeout(500)
    check_untouched(page, page.locator("h1").inner_text())


def test_dead_letters_are_only_text(window):
    """Each record that is no event is listed with its reason; opened, it is legible."""
    opened = window()
    page = opened.go("/events?view=dead-letters")
    rows = page.get_by_role("grid").locator("tbody tr")
    expect(rows).to_have_count(len(REJECTED))
    expect(page.get_by_text(MARKUP[:30]).first).to_be_visible()
    rows.first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check_untouched(page, "Events")
    opened.picture("hostile-dead-letters")
