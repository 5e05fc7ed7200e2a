"""Links between the pages lead to files, and to headings, that are there."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")


def pages() -> list[str]:
    """Return every Markdown page that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return sorted(line for line in listed.stdout.splitlines() if (ROOT / line).exists())
    return sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return what headings of a page are called in links."""
    found: set[str] = set()
    for heading in re.findall(r"^#+\s+(.*)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    """A page that was moved, or a heading that was reworded, fails here."""
    path = ROOT / page
    broken = []
    for link in LINK.findall(prose(path)):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = path if not target else (path.parent / unquote(target)).resolve()
        is_page = file.suffix == ".md" and file.exists()
        if not file.exists() or (anchor and is_page and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


def test_there_are_links_to_look_at():
    """The search for links finds them."""
    assert sum(len(LINK.findall(prose(ROOT / page))) for page in pages()) > 50
