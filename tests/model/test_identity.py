"""Ids are derived, stable and well formed."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.identity import ids_at, is_uuid, producer_span_id, trace_id, traceparent

EVENT = "38b6dde6-b295-46b1-bad4-2b650569ff04"


def test_trace_id_is_the_event_ids_bits():
    """The lab's rule: the trace id is the event id without its dashes."""
    assert trace_id(EVENT) == "38b6dde6b29546b1bad42b650569ff04"
    assert trace_id(EVENT.upper()) == trace_id(EVENT)


@pytest.mark.parametrize("odd", ["", "not a uuid", "00000000-0000-0000-0000-000000000000", "\ud800"])
def test_trace_id_of_anything_else_is_a_legal_one(odd):
    """W3C Trace Context wants 32 hex digits that are not all zero."""
    found = trace_id(odd)
    assert len(found) == 32
    assert int(found, 16) > 0


def test_traceparent_is_what_w3c_wants():
    """Version, trace id, span id, flags; the flag says whether a span was made."""
    assert traceparent(EVENT, sampled=False) == f"00-{trace_id(EVENT)}-{producer_span_id(EVENT)}-00"
    assert traceparent(EVENT, sampled=True).endswith("-01")
    assert len(producer_span_id(EVENT)) == 16


def test_ids_are_a_contract():
    """These ids are in stored results: a change here makes replays unrecognisable."""
    assert producer_span_id(EVENT) == PINNED_SPAN
    assert ids_at(["topic-id", "3"], [0, 1]) == PINNED_IDS


PINNED_SPAN = "e08b9ae7beee52a6"
PINNED_IDS = ["0e3e9d63-5e30-8643-a41b-ab418a8dd24a", "785895cd-bc67-8a96-ba4b-2dde4f3942a2"]


@given(st.lists(st.integers(0, 2**62), unique=True, max_size=50), st.text(), st.text())
def test_ids_at_positions_are_distinct_uuids_of_version_8(offsets, topic, other):
    """One id per position, another one in another scope, whatever else is in the batch."""
    ids = ids_at([topic, "0"], offsets)
    assert len(set(ids)) == len(offsets)
    assert all(uuid.UUID(i).version == 8 and uuid.UUID(i).variant == uuid.RFC_4122 for i in ids)
    assert all(is_uuid(i) for i in ids)
    assert [ids_at([topic, "0"], [o])[0] for o in offsets] == ids
    if topic != other:
        assert not set(ids) & set(ids_at([other, "0"], offsets))
