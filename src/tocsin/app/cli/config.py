"""`tocsin config`: what is set, and by which layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tocsin.app.cli.options import read
from tocsin.app.cli.output import FORMATS, emit
from tocsin.app.settings import shown, specs


@click.group()
def config() -> None:
    """Show the settings and where each value comes from."""


@config.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="TOCSIN_CONFIG",
    help="Settings file.  [default: tocsin.toml, if it is there]",
)
@FORMATS
def show(config_file: Path | None, format_: str | None) -> None:
    """Print each setting with its value and the layer that set it."""
    loaded = read(config_file, {})
    rows: list[dict[str, Any]] = []
    for found in specs():
        value = getattr(getattr(loaded.settings, found.section), found.name)
        layer, place = loaded.origins.get(found.key, ("default", ""))
        rows.append(
            {
                "setting": found.key,
                "value": shown(found, value),
                "from": f"{layer} {place}".strip(),
                "variable": found.variable,
                "description": found.description,
            }
        )
    emit(rows, format_, columns=["setting", "value", "from", "variable"])
