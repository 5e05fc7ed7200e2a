"""What a start says of how events are looked at."""

import pytest

from tocsin.app.matching import matching_of
from tocsin.decode import scans


@pytest.mark.parametrize(("is_native", "said"), [(True, 0), (False, 1)])
def test_a_missing_scanner_is_told(is_native, said, monkeypatch):
    """Whoever wonders why it is slow finds it in the log."""
    monkeypatch.setattr(scans, "IS_NATIVE", is_native)
    told: list[str] = []
    matching_of(told.append)
    assert sum("native scanner" in line for line in told) == said
