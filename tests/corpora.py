"""Where tests find recorded events and public rules, which are too large or not ours to keep here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "corpora"


def corpus(name: str) -> Path:
    """Return a file or folder of the corpora, such as `sigmahq/sigmahq-rules.zip`.

    They lie in the folder that `TOCSIN_CORPORA` names, else in `../shared/corpora` beside the repository.
    A test that asks for one that is not there is skipped; it fails where `CI` is set, since there every test
    has to run.
    """
    place = os.environ.get("TOCSIN_CORPORA")
    path = (Path(place) if place else BESIDE_THE_REPOSITORY) / name
    if path.exists():
        return path
    reason = f"no corpus {name!r}: {path} does not exist (TOCSIN_CORPORA names another folder)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
