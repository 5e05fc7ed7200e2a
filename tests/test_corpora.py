"""The finder of corpora never lets a test pass that did not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpora import corpus


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOCSIN_CORPORA", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def test_a_corpus_is_found_in_the_folder_that_the_variable_names(folder: Path) -> None:
    """TOCSIN_CORPORA says where to look."""
    (folder / "rules.zip").touch()
    assert corpus("rules.zip") == folder / "rules.zip"


def test_a_missing_corpus_skips_and_says_what_to_do(folder: Path) -> None:
    """On a laptop without the corpora the other tests go on."""
    with pytest.raises(pytest.skip.Exception, match=r"'rules\.zip'.*TOCSIN_CORPORA"):
        corpus("rules.zip")


def test_a_missing_corpus_fails_in_ci(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI cannot be green without having read the corpora."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"'rules\.zip'"):
        corpus("rules.zip")
