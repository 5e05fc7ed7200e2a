"""The picture is of the promised size, shows something, and is drawn for any amount of data."""

import struct
import sys
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.stats.stores import Row, csv_of
from tocsin.attack import catalogue
from tocsin.errors import SettingsError
from tocsin.stats.events import events_of as store
from tocsin.stats.figure import composed
from tocsin.stats.plots import save_plot
from tocsin.stats.questions import summary

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def drawn(rows: list[Row], folder: Path, name: str = "plot.png") -> Path:
    with store(csv_of(rows, folder / "out.csv")) as events:
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


ODD_NAMES = ("$\\frac$", "a_b^c", "x" * 300, "W" * 40, "\u202eabc", "\u6f22\u5b57", "\x1b[31m", "")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(events(timedelta(seconds=1), 300, ["TA0002", "TA0006"]), id="one second"),
        pytest.param(events(timedelta(minutes=1), 300, ["TA0002", "TA0006"]), id="one minute"),
        pytest.param(events(timedelta(days=1), 300, ["TA0002", "TA0006"]), id="one day"),
        pytest.param(events(timedelta(days=7), 500, ["TA0002", *["TA0000"] * 9]), id="one week"),
        pytest.param(events(timedelta(days=365), 500, ["TA0011", "TA0042"]), id="one year"),
        pytest.param(events(timedelta(hours=5), 160, [*ALL, "TA0000"]), id="every tactic"),
        pytest.param(
            events(timedelta(hours=5), 150, [f"of another catalogue {i}" for i in range(50)]), id="fifty"
        ),
        pytest.param(
            [Row(START.isoformat(), "TA0002", "T1048.002", name, name) for name in ODD_NAMES], id="odd"
        ),
        pytest.param([Row("no time", "TA0002", "T1059")], id="no time"),
        pytest.param([], id="no event"),
    ],
)
def test_no_letters_lie_on_others(rows, tmp_path):
    """Nor outside the picture, however long the names and the span."""
    with store(csv_of(rows, tmp_path / "a folder of a very long name that nobody would want.csv")) as found:
        figure = composed(summary(found))
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in letters(figure)]
    assert len(boxes) > 2
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.x1 <= 1600, text
    for (text, box), (other_text, other) in combinations(boxes, 2):
        wide = min(box.x1, other.x1) - max(box.x0, other.x0)
        high = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert wide < 1 or high < 2, (text, other_text)


def letters(figure: Figure) -> list[Text]:
    """Return what is written; matplotlib also keeps labels of ticks that are not shown."""
    shown = set(figure.findobj(Text))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not (axes.axison and low <= tick.get_loc() <= high):
                    shown.discard(tick.label1)
    return [text for text in shown if text.get_text() and text.get_visible()]


def test_without_matplotlib_it_says_what_to_install(tmp_path, monkeypatch):
    """It is an extra; the numbers do without."""
    monkeypatch.delitem(sys.modules, "tocsin.stats.figure", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SettingsError) as error:
        drawn([], tmp_path)
    assert error.value.hint == "pip install 'tocsin[plot]'"


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    """With its name; folders that are missing are made."""
    assert drawn([], tmp_path, "made/on/the/way/plot.png").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        drawn([], tmp_path, "file/plot.png")


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
