"""What was found, in a browser: narrowed, put together, opened, explained, tried anew."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ABOVE_INFO = "level=critical&level=high&level=medium"


def foot(page: Page) -> tuple[int, int]:
    """Return how many rows the table says that it shows, and of how many."""
    said = page.locator(".table-foot span").first.inner_text().replace(",", "")
    shown, total = re.findall(r"\d+", said)[:2]
    return int(shown), int(total)


@pytest.mark.parametrize("field", ["level", "tactic", "technique", "rule", "host", "user", "q", "since"])
def test_filters_narrow_the_table_as_the_api_says(window, shown, field):
    """The address names the filter; the table has the rows, the order and the total that the API tells."""
    found = shown.detection("level=high")
    value = {
        "level": "high",
        "tactic": found["tactics"][0],
        "technique": found["techniques"][0],
        "rule": found["rule_id"],
        "host": found["host"],
        "user": found["user"],
        "q": found["host"].lower()[:-1],
        "since": found["timestamp"],
    }[field]
    query = urlencode({field: value})
    told = shown.ask(f"/api/detections?{query}&limit=50")
    opened = window()
    page = opened.go(f"/detections?{query}")
    assert foot(page) == (len(told["rows"]), told["total"])
    titles = page.get_by_role("grid", name="Detections").locator("tbody .detection-title").all_inner_texts()
    assert titles == [row["rule_title"] for row in told["rows"]]
    assert 0 < told["total"] < shown.ask("/api/detections?limit=1")["total"]


def test_filters_are_set_by_hand(window, shown):
    """Levels by their buttons, a host by typing a part of its name; going back takes the last one away."""
    host = shown.detection("level=high")["host"]
    page = window().go("/detections")
    page.get_by_role("group", name="Levels").get_by_role("button", name="high").click()
    page.wait_for_url("**level=high*")
    page.get_by_role("button", name="Add filter").click()
    page.get_by_label("Value", exact=True).fill(host)
    page.get_by_role("list", name="Values of host").get_by_role("button").first.click()
    expect(page.get_by_role("button", name=f"Remove Host {host}")).to_be_visible()
    wanted = shown.ask(f"/api/detections?level=high&{urlencode({'host': host})}&limit=50")
    expect(page.locator(".table-foot span").first).to_contain_text(f"of {wanted['total']:,}")
    page.go_back()
    expect(page.get_by_role("button", name=f"Remove Host {host}")).to_have_count(0)
    assert "level=high" in page.url


@pytest.mark.parametrize("by", ["rule", "host", "user", "technique"])
def test_groups_lead_to_what_makes_them_up(window, shown, by):
    """The first group is the largest one that the API tells; a click shows its detections."""
    first = next(
        row for row in shown.ask(f"/api/detections/groups?by={by}&{ABOVE_INFO}")["rows"] if row["key"]
    )
    opened = window()
    page = opened.go(f"/detections?by={by}&{ABOVE_INFO}")
    page.get_by_role("row").filter(has_text=first["title"] or first["key"]).first.click()
    page.wait_for_url(f"**{by}=*")
    expect(page.locator(".table-foot span").first).to_contain_text(f"of {first['count']:,}")


def test_the_drawer_tells_why_and_where_from(window, shown):
    """Evidence with the part that matched marked, the rule's YAML, the spans, and what else the host did."""
    found = shown.detection("level=critical&level=high&rule=" + windows_rule(shown))
    opened = window()
    page = opened.go(f"/detections/{found['detection_id']}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("The rule fires")).to_be_visible()
    assert drawer.locator(".evidence mark").count() > 0
    drawer.get_by_role("tab", name="Rule").click()
    expect(drawer.get_by_role("region", name="The rule as YAML")).to_contain_text("detection:")
    drawer.get_by_role("tab", name="Trace").click()
    spans = shown.ask(f"/api/events/{found['event_id']}/trace")["spans"]
    assert {span["name"] for span in spans} >= {"consume_event", "classify_event", "write_delta"}
    expect(drawer.locator(".waterfall-row")).to_have_count(len(spans))
    drawer.locator(".waterfall-row").filter(has_text="consume_event").click()
    expect(drawer.locator(".waterfall-attributes")).to_contain_text("messaging.kafka.offset")
    drawer.get_by_role("tab", name="Around it").click()
    expect(drawer.get_by_role("row").filter(has_text="this event")).to_have_count(1)
    drawer.get_by_role("tab", name="Event").click()
    expect(drawer).to_contain_text("read as")
    drawer.get_by_title("Show the record in its topic").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"{found['offset']}")


def windows_rule(shown) -> str:
    """Return a rule that looks into a value, so that there is a part of it to mark."""
    groups = shown.ask("/api/detections/groups?by=rule&level=critical&level=high")["rows"]
    return next(
        str(row["key"])
        for row in groups
        if any(
            isinstance(values, str) and len(values) > 12
            for values in shown.detection(f"rule={row['key']}")["matched"].values()
        )
    )


def test_a_detection_is_reached_by_keyboard_alone(window):
    """Tab leads to the table, Enter into a row, arrows from part to part, Esc back to the row."""
    page = window().go("/")
    page.keyboard.press("g")
    page.keyboard.press("d")
    rows = page.get_by_role("grid", name="Detections").locator("tbody tr")
    expect(rows.first).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('tbody tr')"):
            break
    expect(rows.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("tab", name="Why it fired")).to_be_visible()
    while not page.evaluate("document.activeElement.matches('[role=tab]')"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(drawer.get_by_role("tab", name="Event")).to_be_focused()
    assert "part=event" in page.url
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(rows.nth(1)).to_be_focused()


def test_the_matrix_leads_to_detections(window, shown):
    """A cell opens the technique; its number of detections is that of the table it leads to."""
    cell = max(
        (one for tactic in shown.ask("/api/attack")["tactics"] for one in tactic["techniques"]),
        key=lambda one: one["detections"],
    )
    page = window().go("/attack")
    page.locator(".matrix-cell").filter(has_text=cell["id"]).first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text(cell["name"])
    drawer.get_by_role("link", name=re.compile("^Show .* detection")).click()
    expect(page.locator(".table-foot span").first).to_contain_text(f"of {cell['detections']:,}")
    assert f"technique={cell['id']}" in page.url


@pytest.mark.parametrize("kind", ["Observed", "Coverage"])
def test_the_matrix_is_handed_out_as_a_layer(window, kind):
    """A click saves a file that the Navigator reads: JSON with a domain and techniques."""
    page = window().go("/attack")
    with page.expect_download() as waits:
        page.get_by_role("link", name=kind).click()
    text = waits.value.path().read_text(encoding="utf-8")
    assert waits.value.suggested_filename == f"tocsin-{kind.lower()}.json"
    assert '"domain":"enterprise-attack"' in text.replace(" ", "")


def test_an_event_is_tried_on_all_rules(window):
    """A sample is judged: the label, the rules that fire and why; what is no event is said to be none."""
    page = window().go("/rules/test")
    page.get_by_label("Put in a sample").select_option("Encoded command of the lab")
    page.get_by_role("button", name="Judge").click()
    expect(page.locator(".explanation-headline").first).to_contain_text("fire")
    expect(page.get_by_text("T1059.001").first).to_be_visible()
    expect(page.locator(".evidence").first).to_contain_text("-EncodedCommand")
    page.get_by_label("Put in a sample").select_option("No event at all: broken JSON")
    page.get_by_label("Event", exact=True).press("Control+Enter")
    expect(page.get_by_text("This is no event: not_json")).to_be_visible()


def test_a_rule_of_ones_own_is_tried(window):
    """A pasted rule fires on the event that it is about, and not on another."""
    page = window().go("/rules/test")
    page.get_by_role("button", name="A rule of my own").click()
    page.get_by_label("Sigma rule").fill(
        "title: Calculator\nlogsource: {product: windows, category: process_creation}\n"
        "detection: {one: {Image|endswith: '\\calc.exe'}, condition: one}\nlevel: low\n"
    )
    event = '{"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Image": "C:\\\\%s.exe"}'
    for program, says in (("calc", "The rule fires."), ("notepad", "The rule does not fire.")):
        page.get_by_label("Event", exact=True).fill(event % program)
        page.get_by_role("button", name="Judge").click()
        expect(page.get_by_text(says)).to_be_visible()


def test_rules_say_what_they_found(window, shown):
    """The list has the API's counts; a rule opens, with what it found last."""
    totals = shown.ask("/api/rules?limit=1")["totals"]
    page = window().go("/rules")
    group = page.get_by_role("group", name="Narrow to")
    expect(group.get_by_role("button", name="never fired")).to_contain_text(f"{totals['never_fired']:,}")
    found = shown.detection("level=high")
    page = window().go(f"/rules/{found['rule_id']}")
    expect(page.locator("h1")).to_contain_text(found["rule_title"])
    expect(page.get_by_role("grid").locator("tbody tr").first).to_be_visible()
