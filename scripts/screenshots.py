"""Takes the pictures of the docs: a pipeline with attacks in it runs for minutes, a browser looks at it.

    python -m scripts.screenshots [--minutes 5]

Needs what the tests in a browser need: a chromium, and the console's pages.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE_MS, launched
from tests.console.scene import ConsoleProcess, Scene
from tocsin import broker

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
LARGEST = 250_000
"""Bytes of a picture: people read the README on the phone, too."""

WINDOWS = ("--shape", "windows", "--attack-ratio", "0.04", "--trace", "all")
STAGES = {"produce_event", "consume_event", "classify_event", "write_delta", "write_csv", "publish"}


def main() -> None:
    """Start everything, wait, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="Let the pipeline run so long first.")
    minutes = parser.parse_args().minutes
    with (
        tempfile.TemporaryDirectory() as folder,
        broker.start("apache", Path(folder, "kafka"), 0, print) as kafka,
        Scene(kafka.bootstrap, Path(folder)) as scene,
    ):
        take_all(played(scene, minutes * 60))


def played(scene: Scene, seconds: float) -> ConsoleProcess:
    """Let producers send in waves, and return the console of it."""
    scene.worker()
    console = scene.console()
    scene.produce("--rate", "25", "--seed", "11", *WINDOWS)
    scene.produce("--rate", "8", "--seed", "12", "--trace", "all")
    end, wave = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        wave += 1
        scene.produce(
            "--count", str(300 + 150 * (wave % 3)), "--rate", "30", "--seed", str(20 + wave), *WINDOWS
        )
        time.sleep(min(30.0, max(1.0, end - time.monotonic())))
    return console


def take_all(console: ConsoleProcess) -> None:
    """Take each picture of the docs."""
    found = telling(console)
    address = f"{console.url}detections/{found['detection_id']}"
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1.5)
        page.set_default_timeout(PATIENCE_MS)
        take(page, console.url, "console")
        take(page, address, "detection")
        take(page, f"{console.url}attack", "attack")
        take(page, f"{address}?part=trace", "trace")


def telling(console: ConsoleProcess) -> Mapping[str, Any]:
    """Return a detection whose event has been seen through to the end, found by a part of a command line."""
    for level in ("critical", "high", "medium"):
        rows = console.ask(f"/api/detections?level={level}&limit=200")["rows"]
        for row in rows:
            if "CommandLine" in row["matched"] and len(row["techniques"]) > 1 and is_whole(console, row):
                chosen: Mapping[str, Any] = row
                return chosen
    raise SystemExit("nothing was found that would make a picture: let it run for longer")


def is_whole(console: ConsoleProcess, row: Mapping[str, Any]) -> bool:
    """Say whether all stages of the event's way were kept."""
    spans = console.ask(f"/api/events/{row['event_id']}/trace")["spans"]
    return {span["name"] for span in spans} >= STAGES


def take(page: Page, address: str, name: str) -> None:
    """Open an address, wait until it shows what it asked for, and keep a small picture of it."""
    page.goto(address)
    expect(page.locator("h1, h2").first).to_be_visible()
    expect(page.locator(".skeleton, .stale")).to_have_count(0)
    page.wait_for_timeout(3_000)
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    colours = (
        Image.open(path).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    colours.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")  # noqa: T201 - a script's talk
    if size > LARGEST:
        raise SystemExit(f"{path.name} is too large for a README")


if __name__ == "__main__":
    main()
