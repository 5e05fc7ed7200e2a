"""Commands that pages show are there, with the flags that are shown."""

import re
import shlex
from pathlib import Path

import pytest

from tocsin.app.cli import run
from tocsin.errors import ExitCode

ROOT = Path(__file__).parents[2]
GENERATED = {"cli.md"}
PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").glob("*.md") if p.name not in GENERATED)]


def commands(page: Path) -> list[list[str]]:
    """Return the arguments of every `tocsin ...` in a block or between backticks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|text|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in joined(block).splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`(tocsin [^`]+)`", re.sub(r"\s+", " ", prose).replace("\\|", "|"))
    return [found for line in [*lines, *spans] if (found := arguments(line))]


def joined(block: str) -> str:
    """Return a block with lines that end in a backslash put together."""
    return block.replace("\\\n", " ")


def arguments(line: str) -> list[str]:
    """Return what is given to `tocsin`, without comments, pipes and other commands."""
    if not line.startswith("tocsin "):
        return []
    parts = shlex.split(line, comments=True)[1:]
    ends = [
        at
        for at, part in enumerate(parts)
        if part in {"|", "&", "&&", ">", "2>", ";"} or part.startswith(">")
    ]
    parts = parts[: min(ends, default=len(parts))]
    return parts if re.fullmatch(r"[a-z-]+", parts[0]) else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_have_the_flags_that_are_shown(page, capsys):
    """A flag that was renamed, and a page that was forgotten, fail here."""
    wrong = []
    for found in commands(page):
        given = ["TEXT" if part == "..." else part for part in found]
        if run([*given, "--help"]) != ExitCode.OK:
            wrong.append((" ".join(found), capsys.readouterr().err))
    assert wrong == []


def test_pages_show_commands():
    """The search finds them."""
    assert sum(len(commands(page)) for page in PAGES) > 80
