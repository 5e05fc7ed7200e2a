"""The pages about commands and settings are what the program says of itself."""

from pathlib import Path

import pytest

from scripts.reference import PAGES
from tocsin.app.cli import COMMANDS
from tocsin.app.settings import specs

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_up_to_date(page):
    """Whoever changes a command or a setting writes the pages anew: python scripts/reference.py."""
    written = (DOCS / page).read_text(encoding="utf-8")
    assert written == PAGES[page](), "out of date: python scripts/reference.py"


def test_every_command_has_a_section():
    """None is left out, whatever group it is in."""
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"## tocsin {name}\n" not in page] == []


def test_every_setting_has_a_row():
    """With its name as the file writes it."""
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert [found.key for found in specs() if f"| `{found.key}` |" not in page] == []
