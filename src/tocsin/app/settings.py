"""The one frozen settings object, read once: defaults < `tocsin.toml` < environment `TOCSIN_*` < flags.

The single list of settings is in `sections.py`: flags, variables, the file's keys, `config show` and the
documentation are derived from it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from tocsin.app.sections import Health, Rules, Settings, limits_of
from tocsin.errors import SettingsError, nearest
from tocsin.secret import is_secret

__all__ = [
    "NOT_SETTINGS",
    "Health",
    "Layer",
    "Loaded",
    "Rules",
    "Settings",
    "Spec",
    "limits_of",
    "load",
    "shown",
    "spec",
    "specs",
]

DEFAULT_FILE = Path("tocsin.toml")

Layer = Literal["default", "file", "environment", "flag"]


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known about one setting: its name in every place where it can be set."""

    section: str
    name: str
    type: Any
    default: Any
    description: str
    flag: str

    @property
    def key(self) -> str:
        """Return the key as the file and `config show` write it."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """Return the environment variable."""
        return f"TOCSIN_{self.section}_{self.name}".upper()

    @property
    def is_list(self) -> bool:
        """Say whether the setting takes several values."""
        return get_origin(self.type) is list

    @property
    def is_table(self) -> bool:
        """Say whether the setting is a table of free keys."""
        return get_origin(self.type) is dict

    @property
    def is_table_of_lists(self) -> bool:
        """Say whether each key of the table has several values."""
        return self.is_table and get_origin(get_args(self.type)[1]) is list

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the legal values of a setting that has only a few."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings with the layer that set each value.

    Attributes:
        origins: key -> layer, and the file's path or the variable's or flag's name.
    """

    settings: Settings
    origins: Mapping[str, tuple[Layer, str]] = field(default_factory=dict)


def specs() -> Iterator[Spec]:
    """Yield every setting, section by section, in the order of `sections.py`."""
    for section in msgspec.structs.fields(Settings):
        hints = get_type_hints(section.type, include_extras=True)
        for item in msgspec.structs.fields(section.type):
            bare, meta = get_args(hints[item.name])
            yield Spec(
                section=section.name,
                name=item.name,
                type=bare,
                default=getattr(section.default, item.name),
                description=cast(str, meta.description),
                flag=(meta.extra or {}).get("flag", "--" + item.name.replace("_", "-")),
            )


def spec(key: str) -> Spec:
    """Return the setting named `key`, such as `kafka.topic`."""
    return next(s for s in specs() if s.key == key)


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """Merge the layers and check every value.

    Args:
        file: the file to read; None for `tocsin.toml` in the working folder, if it is there.
        environment: the process's variables; those that begin with `TOCSIN_` are settings.
        flags: key -> value as given on the command line; only those that were given.

    Raises:
        SettingsError: an unknown key or variable, or a value of the wrong kind, with its place.
    """
    merged: dict[str, dict[str, object]] = {}
    origins: dict[str, tuple[Layer, str]] = {}
    known = {s.key: s for s in specs()}
    for layer, place, key, value in (*_from_file(file), *_from_environment(environment), *_from_flags(flags)):
        if key not in known:
            kind = "variable" if layer == "environment" else "setting"
            raise SettingsError(
                f"{place}: unknown {kind} {key!r}", nearest(key, known) or "see: tocsin config show"
            )
        found = known[key]
        section = merged.setdefault(found.section, {})
        checked = _checked(found, value, place)
        if found.is_table:  # layers add to a table; they do not replace it
            checked = {
                **cast(dict[str, object], section.get(found.name, {})),
                **cast(dict[str, object], checked),
            }
        section[found.name] = checked
        origins[key] = (layer, place)
    sections = {
        s.name: msgspec.structs.replace(s.default, **merged.get(s.name, {}))
        for s in msgspec.structs.fields(Settings)
    }
    return Loaded(Settings(**sections), origins)


def shown(spec_: Spec, value: object) -> str:
    """Return a value for printing; what may be a secret is named, never printed."""
    if spec_.is_table_of_lists:
        lists = cast(dict[str, list[str]], value).items()
        return ", ".join(f"{key}={each}" for key, values in sorted(lists) for each in values)
    if spec_.is_table:
        pairs = cast(dict[str, str], value).items()
        return ", ".join(f"{k}={'(secret)' if is_secret(k) else v}" for k, v in sorted(pairs))
    if isinstance(value, bool):
        return str(value).lower()
    if value and is_secret(spec_.name):
        return "(secret)"
    return ", ".join(cast(list[str], value)) if spec_.is_list else str(value)


Found = tuple[Layer, str, str, object]


def _from_file(file: Path | None) -> Iterator[Found]:
    path = file or DEFAULT_FILE
    if file is None and not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    sections = {s.section for s in specs()}
    for section, table in document.items():
        if section not in sections:
            raise SettingsError(f"{path}: unknown section [{section}]", nearest(section, sections))
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: [{section}] must be a table, got {table!r}")
        for name, value in table.items():
            yield "file", _place_in(path, text, section, name), f"{section}.{name}", value


def _place_in(path: Path, text: str, section: str, name: str) -> str:
    """Return `file:line` of a key; the section's line decides between keys of the same name."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w-]+)", line)
        if header:
            inside = header[1] == section
        if re.match(rf"\s*(\[?\s*{section}\.)?{re.escape(name)}\b", line) and (inside or section in line):
            return f"{path}:{number}"
    return str(path)


def _from_environment(environment: Mapping[str, str]) -> Iterator[Found]:
    by_variable = {s.variable: s for s in specs()}
    tables = [s for s in by_variable.values() if s.is_table and not s.is_table_of_lists]
    for variable in sorted(v for v in environment if v.startswith("TOCSIN_") and v not in NOT_SETTINGS):
        value = environment[variable]
        table = next((t for t in tables if variable.startswith(t.variable + "_")), None)
        if table is not None:
            property_ = variable.removeprefix(table.variable + "_").lower().replace("_", ".")
            yield "environment", variable, table.key, {property_: value}
        elif variable in by_variable:
            found = by_variable[variable]
            if found.is_table_of_lists:
                yield "environment", variable, found.key, _table_in(variable, value)
                continue
            yield "environment", variable, found.key, value.split(",") if found.is_list else value
        else:
            hint = nearest(variable, by_variable) or "see: tocsin config show"
            raise SettingsError(f"unknown variable {variable}", hint)


def _table_in(variable: str, text: str) -> object:
    """Return a table whose keys variables could not spell: they are JSON, `{"name": ["value"]}`."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{variable}: not JSON: {error}", 'such as {"name": ["one", "two"]}') from error


NOT_SETTINGS = frozenset(
    {
        "TOCSIN_CACHE",
        "TOCSIN_CONFIG",
        "TOCSIN_CORPORA",
        "TOCSIN_WITHOUT_JAEGER",
        "TOCSIN_CRASH_SEED",
        "TOCSIN_SOAK",
    }
)
"""Variables read elsewhere: where downloads are cached, which file to read, and those of the tests."""


def _from_flags(flags: Mapping[str, object]) -> Iterator[Found]:
    for key, value in flags.items():
        yield "flag", spec(key).flag if key in {s.key for s in specs()} else key, key, value


def _checked(found: Spec, value: object, place: str) -> object:
    if found.is_table and isinstance(value, dict):
        value = dict(_properties(value))
    hints = get_type_hints(_section(found.section), include_extras=True)
    try:
        return msgspec.convert(value, hints[found.name], strict=False)
    except msgspec.ValidationError as error:
        hint = f"one of: {', '.join(found.choices)}" if found.choices else ""
        secret = found.is_table or is_secret(found.name)  # there may be some in a table
        shown_ = "" if secret else f" = {value!r}"
        raise SettingsError(f"{place}: {found.key}{shown_}: {error}", hint) from None


def _properties(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield what TOML makes of `sasl.password = "..."` as one key, and numbers and truth values as text."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _properties(value, f"{prefix}{key}.")
        elif isinstance(value, bool):
            yield prefix + key, str(value).lower()
        else:
            yield prefix + key, str(value) if isinstance(value, int | float) else value


def _section(name: str) -> type[msgspec.Struct]:
    fields = {s.name: s.type for s in msgspec.structs.fields(Settings)}
    return cast(type[msgspec.Struct], fields[name])
