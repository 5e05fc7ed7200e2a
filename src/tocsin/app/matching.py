"""How events are looked at: by Hyperscan with databases kept on disk, by the native scanner, or without."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.app.rule_sets import compiled_store
from tocsin.decode import scans
from tocsin.detect.scan import Matching, PythonMatching
from tocsin.rules.store import Store, name_of

Tell = Callable[[str], None]


def matching_of(tell: Tell) -> Matching:
    """Return the fastest way there is; with Hyperscan, a start finds the databases of the last.

    Args:
        tell: called where Hyperscan or the native scanner is missing, and when nothing can be kept.
    """
    if not scans.IS_NATIVE:
        tell("the native scanner was not built: the verdicts are the same, but take longer (it needs Rust)")
    try:
        from tocsin.detect.hyperscan_door import HyperscanMatching  # noqa: PLC0415 - may be missing
    except ImportError:
        tell("Hyperscan is not installed: the verdicts are the same, but take longer (pip install hyperscan)")
        return PythonMatching()
    return HyperscanMatching(Databases(compiled_store(tell)))


class Databases:
    """Hyperscan's databases in the store of what was compiled."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, literals: bytes) -> bytes | None:
        """See `Shelf`."""
        return self._store.get(_name(literals))

    def put(self, literals: bytes, database: bytes) -> None:
        """See `Shelf`."""
        self._store.put(_name(literals), database)


def _name(literals: bytes) -> str:
    return name_of("hyperscan", literals, libraries=["hyperscan"], cpu=True)
