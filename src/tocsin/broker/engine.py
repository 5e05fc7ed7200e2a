"""What an embedded broker must be able to tell, whichever program it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

from tocsin.broker.process import Command
from tocsin.errors import SettingsError

Notice = Callable[[str], None]
"""Says something to the person watching."""

Name = Literal["apache", "tansu"]


class UnavailableError(SettingsError):
    """This engine cannot run here; another one might."""


class Engine(Protocol):
    """A broker program that is installed and ready to run."""

    @property
    def name(self) -> Name:
        """Return the name that the user knows it by."""

    @property
    def version(self) -> str:
        """Return the version of the program."""

    @property
    def consumer(self) -> Mapping[str, str]:
        """Return the librdkafka properties that a consumer needs with this broker, beyond the defaults."""

    def command(self, folder: Path, port: int) -> Command:
        """Prepare `folder` (which exists, and is ours) and return how to run the broker there.

        Args:
            folder: the engine's own folder; what an earlier run left there is used again.
            port: on loopback, for clients.

        Raises:
            StreamError: the folder cannot be prepared.
        """
