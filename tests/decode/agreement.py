"""What columns must say: what decoding event by event says."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tocsin.decode import COMPOSITE, ColumnDecoder, Constants, Decoded, decode, scans
from tocsin.decode.columns import column_value
from tocsin.model import Batch, Event, Events, LogSource, Rejected, Stream

FILE = Stream("file", "events.json", "events.json")


def needs_native() -> None:
    """Skip where the native scanner was not built; in CI it is."""
    if not scans.IS_NATIVE:
        assert not os.environ.get("CI"), "the native scanner was not built: make native says why"
        pytest.skip("the native scanner was not built: make native")


def batch_of(payloads, all_headers=None, recorded=-1, **more) -> Batch:
    """Return a batch of one partition."""
    count = len(payloads)
    headers = all_headers or [()] * count
    numbers = range(1, count + 1)
    return Batch(FILE, [0] * count, numbers, [recorded] * count, [None] * count, payloads, headers, **more)


def decoder_of(fields: Sequence[str], shape: str | None = None) -> ColumnDecoder:
    """Return a decoder for rules that read the same fields of all events."""

    def wanted(logsource: LogSource, constants: Constants) -> frozenset[str]:
        return frozenset(fields)

    return ColumnDecoder(wanted, shape, patience=1)


def taught_by(payloads: Sequence[bytes], fields: Sequence[str], shape: str | None = None) -> ColumnDecoder:
    """Return a decoder that knows the kinds of these events."""
    decoder = decoder_of(fields, shape)
    decoder.decode(batch_of(payloads))
    return decoder


def assert_agreement(decoder: ColumnDecoder, batch: Batch, shape: str | None = None) -> Decoded:
    """Compare the columns of a batch with its events, one by one."""
    found, plain = decoder.decode(batch), decode(batch, shape)
    events = Events.of(plain)
    for name in Events.__slots__:
        column = getattr(found.events, name)
        assert isinstance(column, list | tuple), name  # others who store it know no other ones
        assert list(column) == getattr(events, name), name
    assert found.rejected == {row: made for row, made in enumerate(plain) if isinstance(made, Rejected)}
    rows = [row for group in found.groups for row in group.rows]
    assert sorted([*rows, *found.rejected]) == list(range(len(batch)))
    for group in found.groups:
        assert list(group.rows) == sorted(group.rows)
        for index, row in enumerate(group.rows):
            event = plain[row]
            assert isinstance(event, Event)
            assert group.logsource == event.logsource
            for name, constant in group.constants:
                assert same(constant, event.fields[name]), (name, constant)
            for name, column in group.columns.items():
                assert same(column[index], column_value(event.fields, name)), (row, name)
    return found


def same(one: object, other: object) -> bool:
    """Say whether two values are of one kind and equal; numbers are told apart as their texts are."""
    if one is COMPOSITE or other is COMPOSITE:
        return one is other
    return type(one) is type(other) and repr(one) == repr(other)
