"""Writes docs/cli.md and docs/configuration.md from the commands and settings themselves.

    python scripts/reference.py

A test compares the pages with what this would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, get_args, get_origin

import click
import msgspec

from tocsin.app.cli import COMMANDS, tocsin
from tocsin.app.sections import Settings
from tocsin.app.settings import Spec, shown, specs
from tocsin.errors import ExitCode

DOCS = Path(__file__).resolve().parent.parent / "docs"

_CLI = """# The commands

What `tocsin COMMAND --help` says, on one page. Commands print tables on a terminal and NDJSON in a pipe;
progress and notices go to stderr. Flags that stand for a setting are explained in
[configuration.md](configuration.md); a flag wins over the environment, and that over the file.
"""

_CONFIGURATION = """# The settings

Defaults < `tocsin.toml` in the working folder (or `--config`, `TOCSIN_CONFIG`) < environment < flags. An
unknown key or a bad value is an error that names the place. `tocsin config show` prints every value with
the layer that set it; secrets are named, never printed.

In the file a section is a table: `[kafka]`, then `topic = "raw-events"`. Lists are given to a variable with
commas between, to a flag by giving it several times. A table takes `-X name=value` where that flag is
named, and `TOCSIN_KAFKA_CLIENT_SASL_PASSWORD` for the key `sasl.password`.
"""

_EXITS = {
    ExitCode.OK: "done",
    ExitCode.FINDINGS: "findings (`--fail-on`)",
    ExitCode.BAD_RULE: "a rule must be mended",
    ExitCode.BAD_SETTINGS: "a setting must be mended, or the command was given wrongly",
    ExitCode.STREAM_LOST: "the broker or the store is away, or records could not be delivered",
}


def cli() -> str:
    """Return the page about commands."""
    pages = [
        _CLI,
        *(page for name in sorted(COMMANDS) for page in _command(_imported(name), f"tocsin {name}")),
    ]
    rows = [f"| {int(code)} | {told} |" for code, told in _EXITS.items()]
    exits = [
        "## Exit codes\n",
        "| code | meaning |\n|---|---|",
        *rows,
        "| 130 | stopped by Ctrl-C before it was done |",
    ]
    return "\n".join([*pages, *exits]) + "\n"


def configuration() -> str:
    """Return the page about settings."""
    parts = [_CONFIGURATION]
    sections = {section.name: section.type for section in msgspec.structs.fields(Settings)}
    for section, members in groupby(specs(), key=lambda found: found.section):
        parts += [f"## {section}\n", _first_sentence(sections[section].__doc__ or "") + "\n"]
        parts += ["| setting | kind | default | meaning | flag |\n|---|---|---|---|---|"]
        parts += [_setting(found) for found in members]
        parts.append("")
    parts.append("Each has a variable too: `TOCSIN_` and the setting's name in capitals, the dot as `_`.")
    return "\n".join(parts) + "\n"


def _imported(name: str) -> click.Command:
    command = tocsin.get_command(click.Context(tocsin), name)
    assert command is not None, name
    return command


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    if isinstance(command, click.Group):
        yield f"## {path}\n\n{_prose(command.help)}\n"
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _command(found, f"{path} {name}")
        return
    depth = "##" if path.count(" ") == 1 else "###"
    yield f"{depth} {path}\n\n{_prose(command.help)}\n\n    {_usage(command, context)}\n"
    options = [found for found in command.params if isinstance(found, click.Option) and not found.hidden]
    rows = [_option(found, context) for found in options]
    if rows:
        yield "\n".join(["| flag | meaning |\n|---|---|", *rows, ""])


def _usage(command: click.Command, context: click.Context) -> str:
    return " ".join([context.info_name or "", *command.collect_usage_pieces(context)])


def _option(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    names, told = record if record is not None else (option.opts[0], "")
    return f"| `{_cell(names)}` | {_cell(told)} |"


def _setting(found: Spec) -> str:
    default = shown(found, found.default)
    cells = [
        f"`{found.key}`",
        _kind(found),
        f"`{default}`" if default else "",
        found.description,
        f"`{found.flag}`",
    ]
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _kind(found: Spec) -> str:
    if found.choices:
        return ", ".join(found.choices)
    if found.is_table:
        return "table"
    if found.is_list:
        return "list"
    kinds: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    inner = get_args(found.type)[0] if get_origin(found.type) is not None else found.type
    return kinds.get(inner, getattr(inner, "__name__", str(inner)))


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def _prose(text: str | None) -> str:
    """Return help as paragraphs; click's mark for a paragraph that keeps its lines becomes a block."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", (text or "").strip()):
        lines = paragraph.splitlines()
        if lines[0].strip() == "\b":
            paragraphs.append("\n".join(f"    {line}" for line in lines[1:]))
        else:
            paragraphs.append(" ".join(line.strip() for line in lines))
    return "\n\n".join(paragraphs)


def _first_sentence(text: str) -> str:
    return text.strip().split("\n\n")[0].replace("\n", " ")


PAGES = {"cli.md": cli, "configuration.md": configuration}
"""Page -> what gives its text."""


if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
