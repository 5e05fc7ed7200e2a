"""Every page of the console over a pipeline that runs: it fits, it does not fail, everybody can use it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import serious_faults

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PAGES = {
    "live": ("/", "Live"),
    "detections": ("/detections", "Detections"),
    "groups": ("/detections?by=rule", "Detections"),
    "why": ("/detections/{id}", "Detections"),
    "event": ("/detections/{id}?part=event", "Detections"),
    "rule": ("/detections/{id}?part=rule", "Detections"),
    "trace": ("/detections/{id}?part=trace", "Detections"),
    "around": ("/detections/{id}?part=host", "Detections"),
    "attack": ("/attack", "ATT&CK"),
    "technique": ("/attack?technique=T1059", "ATT&CK"),
    "events": ("/events", "Events"),
    "dead-letters": ("/events?view=dead-letters", "Events"),
    "rules": ("/rules", "Rules"),
    "one-rule": ("/rules/{rule}", ""),
    "tester": ("/rules/test", ""),
    "pipeline": ("/pipeline", "Pipeline"),
}
WIDTHS = (1280, 390)
THEMES = ("light", "dark")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_everybody_can_use_it(window, shown, name):
    """In both widths and themes nothing is wider than the screen, and axe finds no serious fault."""
    path, title = PAGES[name]
    found = shown.detection("level=critical&level=high")
    opened = window()
    page = opened.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        opened.go(path.format(id=found["detection_id"], rule=found["rule_id"]))
        if title:
            expect(page.locator("h1").first).to_have_text(title)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(300)  # colours change over a moment
            opened.picture(f"{name}-{theme}-{width}")
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            if (width, theme) != (390, "dark"):  # what is new in it, the two others have: it takes seconds
                assert serious_faults(page) == []


def test_dark_is_dark(window):
    """The page follows the system's theme, until a person chooses one, which stays."""
    page = window(dark=True).go("/")
    assert brightness(page) < 64
    page.keyboard.press("t")
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert brightness(page) > 192
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    assert brightness(page) > 192


def brightness(page: Page) -> int:
    """Return that of the ground, 0 to 255."""
    page.wait_for_timeout(300)  # colours change over a moment
    ground: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    red, green, blue = map(int, re.findall(r"\d+", ground))  # and no fourth: it is not transparent
    return max(red, green, blue)
