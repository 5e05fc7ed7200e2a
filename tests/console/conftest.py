"""A browser before a console that looks at a pipeline which really runs, with hostile events in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import PATIENCE_MS, Witness, lacking
from tests.console.hostile import HOSTILE_EVENTS, REJECTED
from tests.console.scene import ConsoleProcess, Scene
from tocsin.app.console.assets import HOW_TO_BUILD, are_built

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "console"
EVENTS = 1_200


@dataclass(frozen=True, slots=True)
class Shown:
    """A pipeline with events of each kind in it, and its console."""

    scene: Scene
    console: ConsoleProcess

    def ask(self, path: str) -> Any:
        """Return what the API answers."""
        return self.console.ask(path)

    def detection(self, query: str) -> Any:
        """Return the newest detection that the filters let through."""
        return self.ask(f"/api/detections?limit=1&{query}")["rows"][0]


@pytest.fixture(scope="module")
def shown(
    kafka: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shown]:
    """Start everything, publish attacks, hostile values and no events at all; wait until all is judged."""
    if not are_built():
        lacking(HOW_TO_BUILD)
    topic = Path(request.path).stem.replace("_", "-")  # one each: they share the broker
    with Scene(kafka, tmp_path_factory.mktemp("scene"), topic) as scene:
        scene.worker()
        scene.produce(
            "--count", "800", "--rate", "0", "--seed", "5", "--shape", "windows", "--attack-ratio", "0.1"
        )
        scene.produce("--count", "400", "--rate", "0", "--seed", "7")
        scene.publish(*HOSTILE_EVENTS, *REJECTED)
        console = scene.console()
        scene.until_judged(console, EVENTS + len(HOSTILE_EVENTS) + len(REJECTED))
        yield Shown(scene, console)


class Window:
    """A page of the console with a witness of what it complains about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.witness = Witness(page)

    def go(self, path: str) -> Page:
        """Open a page of the console, and wait until it shows what it asked for."""
        self.page.goto(self.url + path.lstrip("/"))
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait until nothing is awaited any more."""
        expect(self.page.locator("h1").first).to_be_visible()
        expect(self.page.locator(".skeleton, .stale")).to_have_count(0)

    def picture(self, name: str) -> None:
        """Keep how it looks, for people."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


Open = Callable[..., Window]


@pytest.fixture
def window(chromium: Browser, shown: Shown) -> Iterator[Open]:
    """Return what opens a browser before the console, `window(width=390, dark=True)`; it may not complain."""
    opened: list[Window] = []
    with ExitStack() as stack:

        def make(*, width: int = 1280, dark: bool = False, url: str = "") -> Window:
            context = chromium.new_context(
                viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light"
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            opened.append(Window(context.new_page(), url or shown.console.url))
            return opened[-1]

        yield make
        assert [said for one in opened for said in one.witness.complaints] == []
