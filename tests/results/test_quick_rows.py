"""What is built for a whole batch at once is what would be built for one event after the other."""

import csv
import io

import numpy as np
import pyarrow as pa
import pytest

from tests.results.rows import judged
from tocsin.model.detection_record import detection_ids, firing_ids
from tocsin.model.record import Stream
from tocsin.results.view import _SOURCES, _lines

ODD = ["", "a", " a ", 'say "x"', "a,b", "x\ry", "x\ny", "ä\u2028", "\0", "'", "\t", "=1+1", "\x85", None]


@pytest.mark.parametrize("value", ODD)
def test_the_lines_of_the_csv_are_those_of_the_standard_library(value):
    """Whatever a value is: quotes are where Python's csv module puts them."""
    rows = [(value, *["plain"] * 7), (*["plain"] * 7, value), ("z", *[value] * 7)]
    chunk = pa.RecordBatch.from_arrays(
        [pa.array(column, pa.string()) for column in zip(*rows, strict=True)], names=_SOURCES
    )
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    assert _lines(chunk) == text.getvalue().encode()


def test_ids_of_firings_are_the_same_as_a_column():
    """One by one, or all at once: over partitions and rules the ids agree, and are in the same order."""
    batch = judged(range(40), fired=range(0, 40, 3), partition=2)
    rows = [row for row, verdict in enumerate(batch.verdicts) if verdict.detections]
    texts = detection_ids(batch.batch, rows, [batch.verdicts[row] for row in rows])
    rules = [d.rule_id for row in rows for d in batch.verdicts[row].detections]
    names = sorted(set(rules))
    places = np.array([row for row in rows for _ in batch.verdicts[row].detections])
    letters = firing_ids(
        batch.batch.stream,
        np.array(batch.batch.partitions, np.int64)[places],
        np.array(batch.batch.offsets, np.int64)[places],
        np.array([names.index(rule) for rule in rules]),
        names,
    )
    assert texts
    assert [bytes(row).decode() for row in letters] == texts


def test_no_firings_have_no_ids():
    """A batch on which nothing fired is usual."""
    none = np.array([], np.int64)
    assert firing_ids(Stream("topic", "t", "t"), none, none, none, []).shape == (0, 36)
