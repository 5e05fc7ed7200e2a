"""A real browser for tests: found or told to be missing, and a witness of what a page must not do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""Flags of a browser that asks for nothing by itself."""

AXE = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"

PATIENCE_MS = 60_000
"""How long a page may take to show something, on a machine that is busy."""

_LEFT = "net::ERR_ABORTED"
"""A page that is left drops the answers that it waits for."""


def chromium_program() -> str:
    """Return where Debian's chromium is; skip where there is none, which in CI is a failure."""
    found = shutil.which("chromium")
    if found is None:
        lacking("needs a chromium in the PATH")
    return str(found)


@contextmanager
def launched() -> Iterator[Browser]:
    """Start a browser with a profile of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    program = chromium_program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


class Witness:
    """Sees what a page complains about: faults, warnings, dialogs, refusals, questions without an answer.

    Attributes:
        complaints: of the page, in order; there are to be none.
    """

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"fault: {error}"))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("console", lambda message: self._told(message.type, message.text))
        page.on("response", self._answered)
        page.on("requestfailed", lambda asked: self._failed(asked.url, asked.failure))

    def _told(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text}")

    def _answered(self, answer: Response) -> None:
        if answer.status >= 400:
            self.complaints.append(f"{answer.status}: {answer.url}")

    def _failed(self, url: str, why: str | None) -> None:
        if why != _LEFT:
            self.complaints.append(f"{why}: {url}")


def serious_faults(page: Page) -> list[Any]:
    """Return what axe-core calls a serious or critical fault; skip where there is no axe-core."""
    if not AXE.is_file():
        lacking("needs axe-core: python hatch_build.py check")
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found: list[Any] = page.evaluate(
        """axe.run({resultTypes: ["violations"]}).then(said => said.violations
            .filter(one => ["serious", "critical"].includes(one.impact))
            .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 200))]))"""
    )
    return found


def lacking(what: str) -> NoReturn:
    """Skip a test that needs something which is not there; in CI that is a failure."""
    if os.environ.get("CI"):
        raise AssertionError(what)
    pytest.skip(what)
