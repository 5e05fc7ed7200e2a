"""The page Live while events flow, the worker is restarted, and the console itself."""

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Witness, lacking
from tests.console.scene import PATIENCE, Scene
from tocsin.app.console.assets import HOW_TO_BUILD, are_built

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

MS = PATIENCE * 1_000


def events_in_all(page: Page) -> int:
    """Return how many events the page says were judged."""
    said = page.get_by_role("region", name="Events", exact=True).locator(".figure-note").inner_text()
    return int(said.split(" ", 1)[0].replace(",", ""))


def until_more_than(page: Page, count: int) -> int:
    """Wait until the page tells of more events, and return how many."""
    deadline = time.monotonic() + PATIENCE
    while (now := events_in_all(page)) <= count:
        assert time.monotonic() < deadline, f"still {now} events"
        page.wait_for_timeout(200)
    return now


@pytest.mark.timeout(600)
def test_live_goes_on_through_restarts(kafka, unique_name, tmp_path, chromium: Browser):
    """Figures move by themselves; they go on after a new worker has come, and after a new console has."""
    if not are_built():
        lacking(HOW_TO_BUILD)
    with Scene(kafka, tmp_path, unique_name) as scene:
        scene.produce("--rate", "40", "--seed", "3")
        worker, console = scene.worker(), scene.console()
        page = chromium.new_page()
        witness = Witness(page)
        page.goto(console.url)
        expect(page.get_by_role("region", name="Events", exact=True)).to_be_visible(timeout=MS)
        seen = until_more_than(page, until_more_than(page, 0))
        expect(page.get_by_text("stable")).to_be_visible(timeout=MS)

        worker.stop()
        expect(page.get_by_text("No worker is in the group.")).to_be_visible(timeout=MS)
        scene.worker()
        seen = until_more_than(page, seen)
        expect(page.get_by_text("stable")).to_be_visible(timeout=MS)
        assert witness.complaints == []

        console.stop()
        expect(page.get_by_text("Reconnecting")).to_be_visible(timeout=MS)
        scene.console(listen=console.url.removeprefix("http://").rstrip("/"))
        expect(page.get_by_text("Each second")).to_be_visible(timeout=MS)
        until_more_than(page, seen)
        expect(page.get_by_text("stable")).to_be_visible(timeout=MS)
        page.context.close()
        faults = [one for one in witness.complaints if "net::ERR_" not in one]  # nobody answered for a while
        assert faults == []
