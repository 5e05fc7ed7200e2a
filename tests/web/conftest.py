"""A browser before a console whose server is real, and whose answers a test may choose."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser import lacking
from tests.web import answers
from tocsin.app.console.assets import HOW_TO_BUILD, are_built
from tocsin.app.console.context import opened
from tocsin.app.console.guard import door_of
from tocsin.app.console.server import application
from tocsin.app.console.serving import Listening, WebServer
from tocsin.app.settings import load

Serve = Callable[[str], str]

PATIENCE = 30_000
"""Milliseconds: a machine on which other tests run draws slowly."""

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the server says when it cannot answer."""

    error: str
    hint: str


class Asked:
    """What the server answers to the page: JSON by the path, or a text of events."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {
            "/api/status": answers.STATUS,
            "/api/live/stream": [("live", answers.live())],
            "/api/pipeline": answers.PIPELINE,
            "/api/topics": answers.TOPICS,
            "/api/topics/raw-events/records": answers.RECORDS,
            "/api/topics/raw-events/tail": [("records", {"records": [], "dropped": 0, "problem": None})],
            "/api/dead-letters": answers.DEAD_LETTERS,
        }
        self.paths: list[str] = []

    def answer(self, route: Route) -> None:
        """Answer what is known here; the rest the server answers."""
        path = re.sub(r"^https?://[^/]*|\?.*", "", route.request.url)
        self.paths.append(route.request.url)
        found = self.answers.get(path)
        if found is None:
            route.continue_()
        elif path.endswith(("/stream", "/tail")):
            assert isinstance(found, list)
            frames = [f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in found]
            route.fulfill(content_type="text/event-stream", body="retry: 2000\n\n" + "".join(frames))
        elif isinstance(found, Refusal):
            route.fulfill(status=503, json={"error": found.error, "hint": found.hint})
        else:
            route.fulfill(json=found)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serve]:
    """Serve a console without a Kafka and without results; return its address."""
    if not are_built():
        lacking(HOW_TO_BUILD)
    with ExitStack() as stack:

        def make(token: str = "") -> str:
            flags = {"kafka.bootstrap_servers": "127.0.0.1:1", "results.dir": str(tmp_path / "results")}
            console = stack.enter_context(opened(load(None, {}, flags).settings, watches=False))
            at = Listening("127.0.0.1:0")
            stack.enter_context(
                WebServer(application(console, door_of("127.0.0.1", token, [])), at, lambda: None)
            )
            return at.url

        yield make


class Seen:
    """A page, what it was answered, and what it complained about.

    Attributes:
        complaints: dialogs, faults and refusals by the content security policy; there are to be none.
    """

    def __init__(self, context: BrowserContext, url: str, asked: Asked) -> None:
        self.url = url
        self.asked = asked
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.route("**/api/**", asked.answer)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("console", lambda message: self._told(message.type, message.text))

    def _told(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not text.startswith("Failed to load resource"):
            self.complaints.append(text)

    def go(self, path: str) -> Page:
        """Open a page of the console, and wait for its heading."""
        self.page.goto(self.url + path.lstrip("/"))
        self.page.locator("h1").first.wait_for()
        return self.page


Open = Callable[..., Seen]


@pytest.fixture
def console(chromium: Browser, served: Serve) -> Iterator[Open]:
    """Return what opens a browser before a console: `console(width=390, dark=True)`."""
    with ExitStack() as stack:

        def make(*, width: int = 1280, dark: bool = False, token: str = "") -> Seen:
            context = chromium.new_context(
                viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light"
            )
            stack.callback(context.close)
            return Seen(context, served(token), Asked())

        yield make
