"""Which of Kafka's client properties are secrets, and how they are read from files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tocsin.errors import SettingsError

FROM_FILE = ".file"
"""Ends the name of a property whose value is in a file, such as `sasl.password.file`."""

_OF_LIBRDKAFKA = frozenset(
    {"sasl.oauthbearer.assertion.private.key.file", "sasl.oauthbearer.assertion.jwt.template.file"}
)
"""Properties that librdkafka itself reads from a file."""

_SECRET = re.compile(
    r"password|passphrase|secret|token|jaas|ssl\.key|private\.key|credential|oauthbearer\.config",
    re.IGNORECASE,
)

_PLACE = (".file", ".location", ".type", ".url")
"""Ends of names of properties that tell where or of what kind a secret is, and no secret."""


def is_secret(name: str) -> bool:
    """Say whether the value of a property must not be shown."""
    return _SECRET.search(name) is not None and not name.endswith(_PLACE)


def revealed(options: Mapping[str, str]) -> dict[str, str]:
    """Return the properties with those whose values are in files; a line feed at the end is not part of one.

    Raises:
        SettingsError: a file cannot be read or is empty, or a property is given in both ways.
    """
    found = {name: value for name, value in options.items() if not _is_in_file(name)}
    for name in filter(_is_in_file, options):
        property_ = name.removesuffix(FROM_FILE)
        if property_ in found:
            raise SettingsError(
                f"kafka.client: both {property_} and {name} are given", "leave one of them out"
            )
        found[property_] = _read(name, Path(options[name]))
    return found


def _is_in_file(name: str) -> bool:
    return name.endswith(FROM_FILE) and name not in _OF_LIBRDKAFKA


def _read(name: str, path: Path) -> str:
    place = f"kafka.client: {name} = {str(path)!r}"
    try:
        text = path.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingsError(
            f"{place}: cannot be read: {error.strerror}", "name a file with the value"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{place}: is not text in UTF-8", "name a file with the value") from error
    if not text:
        raise SettingsError(f"{place}: is empty", "name a file with the value")
    return text
