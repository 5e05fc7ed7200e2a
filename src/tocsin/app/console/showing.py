"""Opens the console and serves it: what `tocsin console` and `tocsin demo` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import quote

from tocsin.app.console.assets import HOW_TO_BUILD, are_built
from tocsin.app.console.context import opened
from tocsin.app.console.guard import door_of
from tocsin.app.console.server import application
from tocsin.app.console.serving import Listening, WebServer
from tocsin.app.settings import Settings


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
