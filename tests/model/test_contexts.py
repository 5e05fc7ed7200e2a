"""Contexts of a batch are those that the records carry, one by one; else those of the event ids."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.contexts import contexts_of, trace_ids
from tocsin.model.identity import carried_traceparent, trace_id

EVENT = "38b6dde6-b295-46b1-bad4-2b650569ff04"
OTHER = b"00-" + b"a" * 32 + b"-" + b"b" * 16

IDS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda found: found.hex.upper()),
    st.text(max_size=40),
    st.just("00000000-0000-0000-0000-000000000000"),
)
VALUES = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.from_regex(rb"(00|01|ff)-[0-9a-f]{32}-[0-9a-f]{16}-0[01](-x)?", fullmatch=True),
    st.just(b"00-" + b"0" * 32 + b"-" + b"b" * 16 + b"-01"),
    st.just(b"00-" + b"a" * 32 + b"-" + b"0" * 16 + b"-01"),
    st.just((OTHER + b"-01").upper()),
    st.just(OTHER + b"-01"),
)
HEADERS = st.lists(st.tuples(st.sampled_from(["traceparent", "event-id"]), VALUES), max_size=3)


@given(st.lists(st.tuples(IDS, HEADERS), max_size=6))
def test_columns_say_what_is_said_one_by_one(events):
    """Whatever stands in headers and ids."""
    ids, headers = [i for i, _ in events], [h for _, h in events]
    found = contexts_of(ids, headers)
    for row, (event_id, own) in enumerate(events):
        carried = carried_traceparent(own)
        parts = carried.decode().split("-") if carried else ["", trace_id(event_id), "0" * 16, "00"]
        assert found.traces[row].tobytes().hex() == parts[1]
        assert found.parents[row].tobytes().hex() == parts[2]
        assert bool(found.carried[row]) == (carried is not None)
        assert bool(found.sampled[row]) == bool(int(parts[3], 16) & 1)


def test_the_context_wins():
    """A foreign producer's trace goes on; an event without one is its own trace."""
    found = trace_ids([EVENT, EVENT], [[("traceparent", OTHER + b"-00")], ()])
    assert found == ["a" * 32, EVENT.replace("-", "")]
