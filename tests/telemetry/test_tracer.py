"""What spans are made of kept events: only when they are durable, and never under a parent that is not."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pytest

from tests.sinks.judging import judged
from tocsin.app.cli import run
from tocsin.errors import ExitCode
from tocsin.model import Level
from tocsin.model.identity import trace_id, traceparent
from tocsin.model.verdict import Times
from tocsin.ports import PositionMoved
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.store import StoreWriter, stored_spans
from tocsin.telemetry.traced import TracedProducer, TracedSink, TracedView
from tocsin.telemetry.tracer import LINKS, Consumer, Pending, Tracer

FOREIGN = "00-" + "a" * 32 + "-" + "b" * 16


class Sink:
    """Does nothing, and may say that partitions were moved."""

    def __init__(self) -> None:
        self.moved: list[int] = []

    def start(self, partitions):
        return {}

    def begin(self, positions):
        pass

    def write(self, batch):
        pass

    def flush(self):
        if self.moved:
            raise PositionMoved(self.moved, {})
        return {}

    def discard(self, partitions):
        pass


class Made:
    """A traced sink, and the spans that came out of it."""

    def __init__(self, ratio: float = 1.0, level: Level | None = Level.MEDIUM) -> None:
        self.spans: list[SimpleNamespace] = []
        self.tracer = Tracer(Sampling(ratio, level), Consumer("packet-classifier", "group"), self._take)
        self.inner = Sink()
        self.sink = TracedSink(self.inner, Pending(self.tracer, self.tracer.judged_and_stored))
        self.side = TracedSink(Sink(), Pending(self.tracer, self.tracer.published))

    def _take(self, columns) -> None:
        for spans in columns:
            for row in range(len(spans)):
                said = dict(pair for column in spans.attributes for pair in column.pairs()[row])
                self.spans.append(
                    SimpleNamespace(
                        name=spans.name,
                        service=spans.service,
                        trace=spans.traces[row].tobytes().hex(),
                        id=spans.ids[row].tobytes().hex(),
                        parent=spans.parents[row].tobytes().hex() if spans.parents[row].any() else "",
                        begin=int(spans.begins[row]),
                        end=int(spans.ends[row]),
                        said=said,
                        links=[
                            (link.trace.hex(), link.span.hex())
                            for link in (spans.links or [()] * len(spans))[row]
                        ],
                    )
                )

    def of_events(self):
        return [span for span in self.spans if "event.id" in span.said]

    def stored(self, batch):
        self.sink.write(batch)
        self.sink.flush()
        return self.of_events()

    def named(self, name: str):
        return [span for span in self.spans if span.name == name]


def with_header(value: str, **changes):
    return judged([7], headers=[("traceparent", value.encode())], **changes)


def test_nothing_is_told_before_it_is_durable():
    """A replay after a crash would tell it, and the same ids."""
    made = Made()
    made.sink.write(judged([1, 2]))
    assert made.spans == []
    made.sink.flush()
    again = Made()
    again.stored(judged([1, 2]))
    assert len(made.of_events()) == 2 * 3
    assert [(s.trace, s.id, s.parent) for s in made.spans] == [(s.trace, s.id, s.parent) for s in again.spans]


def test_what_another_worker_has_moved_on_is_told_by_that_one():
    """As is what was discarded."""
    made = Made()
    made.sink.write(judged([1], partition=0))
    made.sink.write(judged([1], partition=1))
    made.sink.write(judged([1], partition=2))
    made.sink.discard([2])
    made.inner.moved = [0]
    with pytest.raises(PositionMoved):
        made.sink.flush()
    places = {span.said["messaging.destination.partition.id"] for span in made.named("consume_event")}
    assert places == {"1"}


def test_an_event_without_a_context_begins_at_the_worker():
    """Its producer made no span, so there is none to hang under."""
    made = Made()
    spans = made.stored(judged([7]))
    roots = [span for span in spans if not span.parent]
    assert [span.name for span in roots] == ["consume_event"]
    assert {span.parent for span in spans} == {"", roots[0].id}


def test_a_foreign_span_that_is_kept_is_the_parent():
    """And one that is not is linked to."""
    (consumed,) = [s for s in Made().stored(with_header(FOREIGN + "-01")) if s.name == "consume_event"]
    assert (consumed.trace, consumed.parent, consumed.links) == ("a" * 32, "b" * 16, [])
    (consumed,) = [s for s in Made().stored(with_header(FOREIGN + "-00")) if s.name == "consume_event"]
    assert (consumed.trace, consumed.parent, consumed.links) == ("a" * 32, "", [("a" * 32, "b" * 16)])


@pytest.mark.parametrize("sampled", [True, False])
def test_the_span_of_our_producer_is_made_up_for_when_it_is_not_kept(sampled):
    """It could not know what would be detected; when it did keep it, nobody makes a second one."""
    event_id = judged([7]).events.ids[0]
    spans = Made(0.0).stored(with_header(traceparent(event_id, sampled=sampled)))
    produced = [span for span in spans if span.name == "produce_event"]
    (consumed,) = [span for span in spans if span.name == "consume_event"]
    assert consumed.parent == traceparent(event_id, sampled=True).split("-")[2]
    if sampled:
        assert produced == []
        return
    (made,) = produced
    assert (made.id, made.parent, made.service) == (consumed.parent, "", "tocsin-producer")
    assert made.said["tocsin.reconstructed"] is True


def test_events_of_one_foreign_trace_have_spans_of_their_own():
    """Many were sent in one span."""
    made = Made()
    spans = made.stored(judged(range(5), headers=[("traceparent", (FOREIGN + "-01").encode())]))
    assert len({span.trace for span in spans}) == 1
    assert len({span.id for span in spans}) == len(spans) == 5 * 3


def test_publishing_hangs_under_what_the_results_tell():
    """Two sinks, two threads: they never talk."""
    made = Made()
    made.stored(judged([7]))
    made.side.write(judged([7]))
    made.side.flush()
    (published,) = made.named("publish")
    assert published.parent == made.named("consume_event")[0].id


def test_the_csv_hangs_under_what_the_results_tell():
    """Its writer may be another process: it reads the table, and only rows younger than itself."""
    made = Made(0.0)
    batch = judged([7, 8, 9], ["one", "nothing", "one"])
    made.stored(batch)
    view = TracedView(made.tracer)
    kind = pa.timestamp("ms", "UTC")
    rows = pa.RecordBatch.from_pydict(
        {
            "event_id": batch.events.ids,
            "trace_id": [trace_id(event_id) for event_id in batch.events.ids],
            "level": pa.array([3, None, 3], pa.int8()),
            "topic": ["raw-events"] * 3,
            "stored_time": pa.array([2**42, 2**42, 0], kind),
            "partition": [0, 0, 0],
            "offset": [7, 8, 9],
        }
    )
    view.begin()
    view.added(rows)
    assert made.named("write_csv") == []
    view.durable()
    (written,) = made.named("write_csv")
    assert written.parent == made.named("consume_event")[0].id


def test_a_batch_has_a_trace_of_its_own_with_bounded_links():
    """One that nobody keeps an event of has none."""
    made = Made()
    times = Times(1_000, 2_000, 3_000, decoded=2_500)
    made.stored(replace(judged(range(LINKS + 10)), times=times))
    (root,) = made.named("process_batch")
    stages = {span.name: span for span in made.spans if span.parent == root.id}
    assert set(stages) == {"poll", "decode", "match", "write", "commit"}
    assert (stages["poll"].begin, stages["decode"].begin) == (1_000, 2_000)
    assert (stages["decode"].end, stages["match"].begin, stages["match"].end) == (2_500, 2_500, 3_000)
    assert len(root.links) == LINKS
    assert root.links[0][1] == made.named("consume_event")[0].id
    nothing = Made(0.0)
    nothing.stored(judged([1], ["nothing"]))
    assert nothing.spans == []


def test_the_producer_makes_the_span_that_the_context_names():
    """Under the id that a worker derives."""
    made = Made()
    producer = TracedProducer("tocsin-producer", Sampling(1.0), made._take)
    event_id = judged([7]).events.ids[0]
    assert producer.keeps(event_id)
    producer.sent(event_id, "WS-01", 5)
    producer.flush("raw-events")
    (span,) = made.spans
    assert f"00-{span.trace}-{span.id}-01" == traceparent(event_id, sampled=True)
    assert not TracedProducer("p", Sampling(0.0), made._take).keeps(event_id)


def test_the_store_gives_back_what_was_put_there_once(tmp_path, capsys):
    """However often it was told; and `tocsin trace` shows it."""
    batch = judged([7])
    for _ in range(2):
        store = StoreWriter(tmp_path, print)
        tracer = Tracer(Sampling(1.0), Consumer("packet-classifier", "group"), store.put)
        sink = TracedSink(Sink(), Pending(tracer, tracer.judged_and_stored))
        sink.write(batch)
        sink.flush()
        store.close()
        assert (store.stored, store.dropped) == (3 + 6, 0)
    event_id = batch.events.ids[0]
    spans = stored_spans(tmp_path, trace_id(event_id))
    assert sorted(span.name for span in spans) == ["classify_event", "consume_event", "write_delta"]
    assert spans[0].attributes["host.name"] == "WS-01"
    assert run(["trace", event_id, "--results", str(tmp_path), "--format", "ndjson"]) == ExitCode.OK
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [said["name"] for said in told] == ["consume_event", *(s["name"] for s in told[1:])]
    assert run(["trace", event_id, "--results", str(tmp_path), "--format", "table"]) == ExitCode.OK
    assert "consume_event" in capsys.readouterr().out


def test_an_event_that_nobody_knows_is_told(tmp_path, capsys):
    """With what to do."""
    assert run(["trace", "no-such-event", "--results", str(tmp_path)]) == ExitCode.BAD_SETTINGS
    assert "neither in the results" in capsys.readouterr().err
