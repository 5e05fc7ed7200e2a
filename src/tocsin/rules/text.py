"""Finds the text of a rule that was loaded, as it stands in its file, for people who ask what it says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tocsin.errors import SettingsError
from tocsin.rules.files import RuleFile, rule_files, sources


def rule_text(paths: Sequence[str | Path], path: str, line: int) -> str | None:
    """Return the YAML document that has a line of a file; None when it is not there (any more).

    Args:
        paths: that rules are loaded from.
        path: of the file, as the load report has it.
        line: of the document, or within it; from 1.
    """
    file = _file(paths, path)
    if file is None or file.text is None:
        return None
    return _document(file.text.replace("\r\n", "\n").split("\n"), line)


def _file(paths: Sequence[str | Path], path: str) -> RuleFile | None:
    """Return one of the files under the paths; nothing else is ever read."""
    for each in paths:
        with suppress(SettingsError):  # it has gone
            for file in rule_files(sources([each])):
                if file.path == path:
                    return file
    return None


def _document(lines: Sequence[str], line: int) -> str | None:
    """Return the lines between the `---` before and after a line."""
    if not 1 <= line <= len(lines):
        return None
    first = max((at + 1 for at in range(line - 1) if _parts(lines[at])), default=0)
    end = next((at for at in range(line, len(lines)) if _parts(lines[at])), len(lines))
    return "\n".join(lines[first:end]).strip("\n")


def _parts(line: str) -> bool:
    """Say whether a line separates documents."""
    return line.startswith("---") and not line[3:].strip()
