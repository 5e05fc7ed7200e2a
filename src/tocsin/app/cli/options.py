"""Turns settings into flags, and flags back into settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from tocsin.app import settings as settings_room
from tocsin.app.settings import Loaded, Spec, load, spec
from tocsin.decode.shapes import SHAPES
from tocsin.errors import SettingsError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

RULES = ("rules.paths", "rules.pipelines", "rules.placeholders")
"""What every command takes that loads rules."""

SHAPE = click.option(
    "--shape",
    type=click.Choice([shape.name for shape in SHAPES]),
    help="Shape of all events; json takes any object as it is.  [default: recognised event by event]",
)

STRICT = click.option("--strict", is_flag=True, help="Refuse rules of which any cannot be evaluated.")


def takes(*keys: str) -> Decorator:
    """Give a command the flags of these settings, and `--config`; it gets one argument, `loaded: Loaded`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        def with_settings(**arguments: Any) -> object:
            given = {key: arguments.pop(_parameter(key)) for key in keys}
            file = arguments.pop("config_file")
            flags = {key: value for key, value in given.items() if value not in (None, ())}
            return command(loaded=read(file, flags), **arguments)

        with_settings.__name__ = command.__name__
        with_settings.__doc__ = command.__doc__
        wrapped: Callable[..., Any] = click.option(
            "--config",
            "config_file",
            type=click.Path(path_type=Path, dir_okay=False),
            envvar="TOCSIN_CONFIG",
            help="Settings file.  [default: tocsin.toml, if it is there]",
        )(with_settings)
        wrapped.__dict__.update(
            {
                k: v for k, v in command.__dict__.items() if k != "__click_params__"
            }  # keep click's other options
        )
        wrapped.__click_params__ += list(getattr(command, "__click_params__", []))  # type: ignore[attr-defined]
        for key in reversed(keys):
            wrapped = _option(spec(key))(wrapped)
        return wrapped

    return decorate


def read(file: Path | None, flags: dict[str, object]) -> Loaded:
    """Read the settings from all layers, with the process's own environment."""
    return load(file, os.environ, flags)


def _parameter(key: str) -> str:
    return "setting_" + key.replace(".", "_")


def _option(found: Spec) -> Decorator:
    text = found.description
    default = settings_room.shown(found, found.default)
    if default:
        text = f"{text}  [default: {default}]"
    kind: Any = str
    if found.choices:
        kind = click.Choice(found.choices)
    elif found.type in (int, float):
        kind = found.type
    if found.is_table:
        pairs = _lists if found.is_table_of_lists else _pairs
        return click.option(
            found.flag, _parameter(found.key), multiple=True, metavar="KEY=VALUE", callback=pairs, help=text
        )
    if found.type is bool:
        name = found.flag.removeprefix("--")
        return click.option(f"--{name}/--no-{name}", _parameter(found.key), default=None, help=text)
    metavar = None if found.choices or kind is not str else "TEXT"
    return click.option(
        found.flag, _parameter(found.key), type=kind, multiple=found.is_list, metavar=metavar, help=text
    )


def _pairs(
    _context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str] | None:
    return dict(_each_pair(parameter, values)) or None


def _lists(
    _context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, list[str]] | None:
    found: dict[str, list[str]] = {}
    for key, value in _each_pair(parameter, values):
        found.setdefault(key, []).append(value)
    return found or None


def _each_pair(parameter: click.Parameter, values: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for text in values:
        key, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{parameter.opts[0]}: expected KEY=VALUE, got one without '='")
        yield key, value
