"""The picture is of the promised size, shows something, and is drawn for any amount of data."""

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stats.stores import Row, csv_of
from tocsin.attack import catalogue
from tocsin.errors import SettingsError
from tocsin.stats.events import events_of
from tocsin.stats.plots import save_plot
from tocsin.stats.questions import summary

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def drawn(rows: list[Row], folder: Path, name: str = "plot.png") -> Path:
    with events_of(csv_of(rows, folder / "out.csv")) as events:
        found = summary(events)
    save_plot(found, folder / name)
    return folder / name


def events(span: timedelta, count: int, tactics: list[str]) -> list[Row]:
    return [
        Row((START + span * i / count).isoformat(), tactics[i % len(tactics)], "T1059") for i in range(count)
    ]


ALL = [tactic.id for tactic in catalogue().tactics]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(events(timedelta(minutes=1), 300, ["TA0002", "TA0006"]), id="one minute"),
        pytest.param(events(timedelta(days=7), 500, ["TA0002", "TA0006", "TA0000"]), id="one week"),
        pytest.param(events(timedelta(hours=5), 150, ALL), id="every tactic"),
        pytest.param(events(timedelta(0), 1, ["TA0002"]), id="one event"),
        pytest.param([], id="no event"),
        pytest.param([Row("no time", "TA0002", "T1059")], id="no time"),
    ],
)
def test_a_png_of_the_promised_size(rows, tmp_path):
    """1600 x 1000 pixels, with or without data, and no warning on the way."""
    data = drawn(rows, tmp_path).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (1600, 1000)
    assert len(data) > 8_000


def test_other_data_give_another_picture(tmp_path):
    """It is drawn from the numbers, not from a template."""
    one = drawn(events(timedelta(minutes=1), 300, ["TA0002"]), tmp_path, "one.png").read_bytes()
    two = drawn(events(timedelta(minutes=1), 300, ["TA0002", "TA0040"]), tmp_path, "two.png").read_bytes()
    again = drawn(events(timedelta(minutes=1), 300, ["TA0002"]), tmp_path, "again.png").read_bytes()
    assert one != two
    assert one == again


def test_names_are_written_as_they_are(tmp_path):
    """A host may be called $x$ or anything else; nothing in it is markup."""
    rows = [Row(START.isoformat(), host=name) for name in ("$\\frac$", "a_b^c", "x" * 300, "\u202eabc", "")]
    assert drawn(rows, tmp_path, "odd.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_an_unknown_kind_of_file_is_told(tmp_path):
    """With the kinds there are."""
    with pytest.raises(SettingsError) as error:
        drawn([], tmp_path, "plot.bmp")
    assert ".png" in error.value.hint
