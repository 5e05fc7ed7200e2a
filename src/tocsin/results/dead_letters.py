"""The records that could not be events, with the reason and their bytes."""

from __future__ import annotations

from pathlib import Path

from deltalake import DeltaTable

from tocsin.results.table import DEAD_LETTERS, dataset


def count(results: Path) -> dict[str, int]:
    """Return reason -> number of dead letters; empty when there is no such table yet."""
    if not DeltaTable.is_deltatable(str(results / DEAD_LETTERS)):
        return {}
    found = dataset(results, DEAD_LETTERS).to_table(columns=["reason"]).group_by("reason")
    rows = found.aggregate([([], "count_all")]).sort_by([("count_all", "descending")]).to_pylist()
    return {row["reason"]: row["count_all"] for row in rows}
