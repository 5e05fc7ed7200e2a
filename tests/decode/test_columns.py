"""Columns say of a batch what decoding it event by event says, to the letter."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.decode.agreement import assert_agreement, batch_of, decoder_of
from tests.decode.events import evtx, nxlog
from tests.decode.test_batch import NAMES, events, headers, shapes
from tocsin.decode import COMPOSITE
from tocsin.model import NO_CATEGORY, LogSource

FIELDS = [*NAMES.split(), "Image", "CommandLine", "Imphash", "Data", "Provider_Name", "registry.data", "User"]


@given(st.lists(events, max_size=5), shapes)
def test_any_json_is_the_same_in_columns(found, shape):
    """Whatever stands where a number, a text or an object is expected."""
    batch = batch_of([json.dumps(item).encode() for item in found])
    assert_agreement(decoder_of(FIELDS, shape), batch, shape)


@given(st.lists(st.tuples(st.none() | st.binary(), headers), max_size=5), shapes)
def test_any_bytes_are_the_same_in_columns(records, shape):
    """Noise is rejected for the same reason."""
    batch = batch_of([value for value, _ in records], [h for _, h in records])
    assert_agreement(decoder_of(FIELDS, shape), batch, shape)


def test_events_of_a_kind_are_together():
    """Each group has one log source, its constants, and a value per event and field."""
    found = [nxlog(4624, "Security", User="a"), nxlog(1, "System"), nxlog(4624, "Security", User=["b", "c"])]
    decoded = decoder_of(["User"]).decode(batch_of([json.dumps(item).encode() for item in found]))
    logons = [g for g in decoded.groups if g.logsource == LogSource("windows", NO_CATEGORY, "security")]
    assert {row for group in logons for row in group.rows} == {0, 2}
    assert [value for group in logons for value in group.columns["User"]] == ["a", COMPOSITE]
    assert all(dict(group.constants)["EventID"] == 4624 for group in logons)


def test_an_event_can_be_had_in_full():
    """For what columns cannot say."""
    batch = batch_of(
        [json.dumps(item).encode() for item in (nxlog(1, "System"), evtx(1, "System", {"a": 1}))]
    )
    decoded = decoder_of([]).decode(batch)
    full = {row: group.event(i) for group in decoded.groups for i, row in enumerate(group.rows)}
    assert full[1].fields["a"] == 1
    assert full[1].event_id == decoded.events.ids[1]
