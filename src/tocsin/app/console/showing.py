"""Opens the console and serves it: what `tocsin console` and `tocsin demo` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import quote

import msgspec

from tocsin.app.console.assets import HOW_TO_BUILD, are_built
from tocsin.app.console.context import opened
from tocsin.app.console.guard import door_of
from tocsin.app.console.server import application
from tocsin.app.console.serving import Listening, WebServer
from tocsin.app.settings import Settings
from tocsin.errors import SettingsError


@contextmanager
def beside(settings: Settings, notice: Callable[[str], None]) -> Iterator[str]:
    """Serve the console of something that runs here, at its usual port or, where that is taken, a free one.

    Raises:
        SettingsError: its pages are not built.
    """
    if not are_built():
        raise SettingsError(HOW_TO_BUILD)
    try:
        Listening(settings.console.listen).close()
    except SettingsError:
        free = msgspec.structs.replace(settings.console, listen="127.0.0.1:0")
        settings = msgspec.structs.replace(settings, console=free)
    with shown(settings, notice) as address:
        yield address


@contextmanager
def shown(settings: Settings, notice: Callable[[str], None]) -> Iterator[str]:
    """Serve the console and yield the address to open, with the token if it wants one.

    Args:
        settings: of the console and of what it looks at.
        notice: is told what the person should know.

    Raises:
        SettingsError: it cannot listen there, or a setting is wrong.
    """
    place = Listening(settings.console.listen)
    with closing(place):
        door = door_of(place.host, settings.console.token, settings.console.names)
        if not are_built():
            notice(HOW_TO_BUILD)
        with opened(settings, notice) as console, WebServer(application(console, door), place, console.end):
            yield place.url + (f"?token={quote(door.token, safe='')}" if door.token else "")
