"""Detections, ATT&CK and rules in a real browser: what was found, why, and nothing of it is ever markup."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.web.found_answers import ANSWERS, FIRST, HOSTILE, RULE

PAGES = [
    "/detections",
    "/detections?by=user&host=ws-01&tactic=TA0002",
    f"/detections/{FIRST}",
    f"/detections/{FIRST}?part=event",
    f"/detections/{FIRST}?part=rule",
    f"/detections/{FIRST}?part=trace",
    f"/detections/{FIRST}?part=host",
    f"/detections/{HOSTILE}",
    f"/detections/{HOSTILE}?part=event",
    "/attack",
    "/attack?show=gaps",
    "/attack?technique=T1059",
    "/rules",
    f"/rules/{RULE}",
    "/rules/test",
]
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"


@pytest.fixture
def found(console):
    """Return what opens a browser before a console that has found something."""

    def make(**look):
        seen = console(**look)
        seen.asked.answers.update(ANSWERS)
        return seen

    return make


def judge(page: Page) -> None:
    """Try the event of the tester, where there is one."""
    button = page.get_by_role("button", name="Judge")
    if button.count():
        button.click()
        page.locator(".verdict-rule").first.wait_for()


@pytest.mark.parametrize("room", ["detections", "attack", "rules"])
@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
def test_every_page_fits_and_everybody_can_use_it(found, width, dark, room):
    """Nothing is cut off at the side, nothing is refused, axe finds no fault."""
    if not AXE.is_file():
        pytest.skip("needs axe-core: python hatch_build.py check")
    seen = found(width=width, dark=dark)
    for path in [path for path in PAGES if path.startswith(f"/{room}")]:
        page = seen.go(path)
        page.wait_for_load_state("networkidle")
        judge(page)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
        page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        faults = page.evaluate(
            "axe.run().then(said => said.violations.map(one => [one.id, one.nodes[0].html.slice(0, 200)]))"
        )
        assert faults == [], path
    assert seen.complaints == []


def test_values_are_never_markup(found):
    """Titles, hosts, values, rules and notices full of HTML stay text; no address runs a program."""
    seen = found()
    for path in PAGES:
        page = seen.go(path)
        page.wait_for_load_state("networkidle")
        judge(page)
        assert page.locator("#app img, #app script, #app iframe").count() == 0, path
        assert page.locator("a[href^='javascript']").count() == 0, path
    assert seen.complaints == []
    assert not [asked for asked in seen.asked.paths if asked.endswith("/x")]


def test_the_match_is_marked_where_it_is(found):
    """Of the value exactly what matched stands out, though a sign before it is two units of the browser's."""
    page = found().go(f"/detections/{FIRST}")
    expect(page.locator(".evidence mark")).to_have_text(["-enc"])
    expect(page.locator(".evidence .selection")).to_have_text(["encoded"])


def test_a_long_value_is_cut_until_it_is_asked_for(found):
    """A megabyte in which something matched does not stand in the page by itself."""
    page = found().go(f"/detections/{HOSTILE}")
    shown = page.locator(".evidence .marked")
    assert len(shown.inner_text()) < 2_000
    shown.get_by_role("button", name="show all").click()
    page.wait_for_function("document.querySelector('.evidence .marked').textContent.length >= 1000000")


def test_filters_stand_in_the_address_and_in_the_question(found):
    """A level, a range and a text narrow what is asked; going back widens it again."""
    seen = found()
    page = seen.go("/detections")
    page.get_by_role("button", name="high", exact=True).click()
    page.get_by_label("Time", exact=True).select_option("1h")
    with page.expect_request(
        lambda asked: "q=powershell" in asked.url and "/api/detections?" in asked.url
    ) as told:
        page.get_by_label("Search title, host, user, values").fill("powershell")
    asked = parse_qs(urlsplit(told.value.url).query)
    assert asked["level"] == ["high"]
    assert asked["since"][0].endswith("Z")
    here = parse_qs(urlsplit(page.url).query)
    assert here == {"level": ["high"], "range": ["1h"], "q": ["powershell"]}
    page.get_by_role("button", name="Clear all filters").click()
    expect(page).to_have_url(seen.url + "detections")
    page.go_back()
    expect(page.get_by_role("button", name="high", exact=True)).to_have_attribute("aria-pressed", "true")


def test_newer_detections_are_counted_and_wait(found):
    """The rows under one's eyes stay; how many came is on the button that fetches them."""
    seen = found()
    page = seen.go("/detections")
    expect(page.locator("tbody tr")).to_have_count(3)
    listed = dict(ANSWERS["/api/detections"])  # type: ignore[call-overload]  # a mapping
    seen.asked.answers["/api/detections"] = {**listed, "rows": listed["rows"][:1], "total": 5}
    button = page.get_by_role("button", name="Show 2 new")
    button.wait_for()
    expect(page.locator("tbody tr")).to_have_count(3)
    button.click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_dragging_across_the_bars_narrows_the_time(found):
    """From the first bar that is touched to the end of the last."""
    page = found().go("/detections")
    bars = page.get_by_role("img", name="detections over time")
    box = bars.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.255, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.495, box["y"] + 40)
    page.mouse.up()
    expect(page.get_by_label("From (UTC)")).to_have_value("2026-11-21T08:30")
    expect(page.get_by_label("To (UTC)")).to_have_value("2026-11-21T09:00")


def test_detections_are_read_by_keyboard(found):
    """j and Enter open one, j goes on to the next, Esc closes; the address follows."""
    page = found().go("/detections")
    page.locator("tbody tr").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    first = page.url
    page.keyboard.press("j")
    expect(page).not_to_have_url(first)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert urlsplit(page.url).path == "/detections"


def test_the_drawer_tells_the_rest(found):
    """The fields with what matched first, the rule's text, the trace by its parents, what lay beside it."""
    page = found().go(f"/detections/{FIRST}?part=event")
    expect(page.locator(".fields tbody tr").first).to_contain_text("matched")
    page.get_by_role("tab", name="Rule").click()
    expect(page.get_by_role("region", name="The rule as YAML")).to_contain_text("CommandLine|contains")
    expect(page.get_by_text("The rule was changed since it fired")).to_be_visible()
    page.get_by_role("tab", name="Trace").click()
    expect(page.locator(".waterfall-name")).to_contain_text(["consume_event", "classify_event"])
    page.locator(".waterfall-row").first.click()
    expect(page.locator(".waterfall-attributes")).to_contain_text("user.name")
    page.get_by_role("tab", name="Around it").click()
    expect(page.get_by_text("There were more")).to_be_visible()


def test_a_detection_whose_event_was_not_kept_says_so(found):
    """Nothing is asked that cannot be answered; what matched is shown."""
    seen = found()
    detail = dict(ANSWERS[f"/api/detections/{FIRST}"])  # type: ignore[call-overload]  # a mapping
    seen.asked.answers[f"/api/detections/{FIRST}"] = {**detail, "event": {"kept": False, "text": None}}
    page = seen.go(f"/detections/{FIRST}")
    expect(page.get_by_text("The event was not kept")).to_be_visible()
    expect(page.locator(".evidence")).to_contain_text("CommandLine")
    assert not [asked for asked in seen.asked.paths if asked.endswith("/explanation")]


def test_the_matrix_leads_to_detections_and_rules(found):
    """A cell opens its technique, by keyboard too; its numbers lead to what they count."""
    seen = found()
    page = seen.go("/attack")
    cell = page.get_by_role("button", name="Interpreter T1059")
    page.get_by_role("button", name="Phishing").focus()
    page.keyboard.press("ArrowRight")
    expect(cell).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Show 30 detections").click()
    expect(page).to_have_url(seen.url + "detections?technique=T1059")


def test_gaps_are_told_apart_without_colour(found):
    """What no rule looks for says so in words, in every view."""
    page = found().go("/attack?show=gaps")
    expect(page.get_by_role("button", name="Phishing T1566")).to_contain_text("no rule")
    expect(page.get_by_role("button", name="Interpreter T1059")).to_contain_text("2 rules")


def test_rules_are_narrowed_by_their_counts(found):
    """The counts of the report are buttons; a second press takes it back."""
    seen = found()
    page = seen.go("/rules")
    invalid = page.get_by_role("button", name="invalid")
    with page.expect_request(lambda asked: "status=invalid" in asked.url):
        invalid.click()
    expect(invalid).to_have_attribute("aria-pressed", "true")
    invalid.click()
    expect(page).to_have_url(seen.url + "rules")


def test_an_event_is_tried(found):
    """The event goes out as it was typed; verdict, label, evidence and the nearest miss come back."""
    page = found().go("/rules/test")
    page.get_by_label("Event", exact=True).fill('{"a": 1}')
    with page.expect_request("**/api/rules/test") as told:
        page.get_by_role("button", name="Judge").click()
    assert json.loads(told.value.post_data or "") == {"event": '{"a": 1}'}
    expect(page.locator(".explanation-headline").first).to_contain_text("1 rule fires")
    expect(page.locator(".explanation-headline").first).to_contain_text("T1059.001")
    expect(page.locator(".verdict-rule")).to_have_count(2)


def test_a_rule_of_ones_own_is_tried(found):
    """It is sent with the event."""
    page = found().go("/rules/test")
    page.get_by_role("button", name="A rule of my own").click()
    page.get_by_label("Sigma rule").fill("title: mine")
    with page.expect_request("**/api/rules/test") as told:
        page.get_by_label("Sigma rule").press("Control+Enter")
    assert json.loads(told.value.post_data or "")["rule"] == "title: mine"
