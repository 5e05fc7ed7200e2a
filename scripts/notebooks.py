"""Runs the notebooks from top to bottom against a broker of their own, and keeps what they show.

    python scripts/notebooks.py

A test runs them, too, and looks at what they leave.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tocsin import broker

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"

IN_ORDER = (
    "1. Mittre classification/Producer.ipynb",
    "1. Mittre classification/Consumer_Classifier.ipynb",
    "1. Mittre classification/Statistics.ipynb",
    "2. Your own rule.ipynb",
    "3. Throughput and latency.ipynb",
)
"""The first three read what the ones before them left."""


def executed(path: Path, bootstrap: str, seconds: int = 170) -> nbformat.NotebookNode:
    """Return a notebook with the outputs that it gives where it lies, against this broker.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; the message has the cell.
    """
    notebook = nbformat.read(path, as_version=4)
    environment = {
        **os.environ,
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    client = NotebookClient(
        notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute(env=environment)
    return notebook


def tidied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook without what differs from one machine to the next though nothing happened."""
    for cell in notebook.cells:
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def main() -> None:
    """Run all of them and write them back."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "notebooks"
        shutil.copytree(NOTEBOOKS, place)
        with broker.start("apache", Path(folder) / "broker", 0, print) as running:
            for name in IN_ORDER:
                print(name)  # noqa: T201 - says where it is
                nbformat.write(tidied(executed(place / name, running.bootstrap)), NOTEBOOKS / name)


if __name__ == "__main__":
    main()
