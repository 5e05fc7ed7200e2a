"""What is encoded in bulk is what OpenTelemetry's own messages say, span by span."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tocsin.telemetry.otlp import BLOCK_SPANS, Encoder
from tocsin.telemetry.spans import Attributes, Kind, Link, Shared, Spans

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
VALUES = st.one_of(TEXTS, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.lists(TEXTS, max_size=3))
SPAN = st.tuples(
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=8, max_size=8),
    st.one_of(st.just(bytes(8)), st.binary(min_size=8, max_size=8)),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.lists(st.tuples(TEXTS, VALUES), max_size=4),
    st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8)), max_size=2),
)


def columns(given_spans, **changes) -> Spans:
    traces, ids, parents, begins, ends, attributes, links = zip(*given_spans, strict=True)
    said = {
        "service": "packet-classifier",
        "name": "consume_event",
        "kind": Kind.CONSUMER,
        "traces": np.frombuffer(b"".join(traces), np.uint8).reshape(-1, 16),
        "ids": np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 8),
        "parents": np.frombuffer(b"".join(parents), np.uint8).reshape(-1, 8),
        "begins": np.array(begins, np.int64),
        "ends": np.array(ends, np.int64),
        "attributes": [
            Shared([Attributes(*own[:2]) for own in attributes]),
            Shared([Attributes(*own[2:]) for own in attributes]),
        ],
        "links": [[Link(*link) for link in own] for own in links],
        **changes,
    }
    return Spans(**said)


def parsed(blocks):
    request = ExportTraceServiceRequest()
    request.ParseFromString(b"".join(block for _, block in blocks))
    return request


def plain(value):
    kind = value.WhichOneof("value")
    return (
        [plain(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)
    )


@given(st.lists(SPAN, min_size=1, max_size=5), st.booleans())
def test_parsing_gives_back_what_was_encoded(spans, remote):
    """Ids, times, attributes of every kind, links; a root has no parent."""
    request = parsed(Encoder({}).blocks([columns(spans, remote=remote)]))
    (resource,) = request.resource_spans
    (scope,) = resource.scope_spans
    assert [(a.key, plain(a.value)) for a in resource.resource.attributes] == [
        ("service.name", "packet-classifier")
    ]
    for found, (trace, id_, parent, begin, end, attributes, links) in zip(scope.spans, spans, strict=True):
        assert (found.trace_id, found.span_id, found.name) == (trace, id_, "consume_event")
        assert found.parent_span_id == (parent if any(parent) else b"")
        assert (found.start_time_unix_nano, found.end_time_unix_nano) == (begin, end)
        assert found.kind == Kind.CONSUMER
        assert found.flags == (0x301 if remote else 0x101)
        assert [(a.key, plain(a.value)) for a in found.attributes] == attributes
        assert [(link.trace_id, link.span_id) for link in found.links] == links


def test_blocks_are_bounded_and_of_one_service():
    """A collector takes so much at once and no more."""
    one: tuple[object, ...] = (b"t" * 16, b"s" * 8, bytes(8), 1, 2, [], [])
    many = columns([one] * (BLOCK_SPANS + 1))
    blocks = list(Encoder({"host.name": "h"}).blocks([many, columns([one], service="tocsin-producer")]))
    assert [count for count, _ in blocks] == [BLOCK_SPANS, 1, 1]
    services = [r.resource.attributes[0].value.string_value for r in parsed(blocks).resource_spans]
    assert services == ["packet-classifier", "packet-classifier", "tocsin-producer"]
