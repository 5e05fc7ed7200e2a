"""A console without a server: an application that is asked directly."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.app.console.client import Client
from tocsin.app.console.context import opened
from tocsin.app.console.guard import Door, door_of
from tocsin.app.console.server import application
from tocsin.app.settings import Settings, load

Ask = Callable[..., Client]


@pytest.fixture
def settings_at(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with results in a folder of the test, and no Kafka unless one is named."""

    def make(**flags: object) -> Settings:
        named = {
            "kafka.bootstrap_servers": "127.0.0.1:1",
            "results.dir": str(tmp_path / "results"),
            **{key.replace("__", "."): value for key, value in flags.items()},
        }
        return load(None, {}, named).settings

    return make


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copies of stored detections lie in a folder of the test; compiled rules where they always do."""
    monkeypatch.setattr("tocsin.stats.detections.store.cache_folder", lambda: tmp_path / "cache")


@pytest.fixture
def asking(settings_at: Callable[..., Settings]) -> Iterator[Ask]:
    """Return a client of a console with some settings: `asking(results__dir=..., kafka__topic=...)`.

    With `watches=True` it looks at the pipeline each second.
    """
    with ExitStack() as stack:

        def make(door: Door | None = None, *, watches: bool = False, **flags: object) -> Client:
            console = stack.enter_context(opened(settings_at(**flags), watches=watches))
            guarded = application(console, door or door_of("127.0.0.1", "", []))
            return Client(guarded)

        yield make
