"""Which events are traced."""

import uuid

import numpy as np
import pytest

from tocsin.model import NO_LABEL, NOTHING, Detection, Different, Level, Rejected, RejectReason, Verdict
from tocsin.model.contexts import contexts_of
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.spans import span_ids

IDS = [str(uuid.UUID(int=i * 0x1234567890ABCDEF1234567 % 2**128, version=4)) for i in range(20_000)]
TRACES = contexts_of(IDS, [()] * len(IDS)).traces


def verdict(level: Level) -> Verdict:
    return Verdict(NO_LABEL, (Detection("r", "R", "1", level, (), (), ()),))


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.05, 0.5, 1.0])
def test_the_share_is_the_ratio(ratio):
    """Of UUIDs version 4, whose upper bits are not all random."""
    assert abs(Sampling(ratio).share(TRACES).mean() - ratio) < 0.01
    assert Sampling(0.0).share(TRACES).sum() == 0
    assert Sampling(1.0).share(TRACES).all()


def test_one_trace_is_decided_as_many_are():
    """The producer looks at one, the worker at a batch."""
    sampling = Sampling(0.3)
    one_by_one = [sampling.keeps(event_id.replace("-", "")) for event_id in IDS[:1_000]]
    assert sampling.share(TRACES[:1_000]).tolist() == one_by_one


def test_a_higher_ratio_keeps_the_same_and_more():
    """So a producer and a worker with different ratios agree about the lower one."""
    few, many = Sampling(0.05).share(TRACES), Sampling(0.2).share(TRACES)
    assert not (few & ~many).any()


def test_every_serious_detection_is_kept_and_no_rejected_record():
    """Whatever the ratio."""
    rejected = Verdict(NO_LABEL, (), rejected=Rejected(RejectReason.NOT_JSON, ""))
    verdicts = [NOTHING, verdict(Level.LOW), verdict(Level.MEDIUM), rejected, verdict(Level.CRITICAL)]
    different = Different.of(verdicts)
    assert Sampling(0.0, Level.MEDIUM).rows(TRACES[:5], different) == [2, 4]
    assert Sampling(0.0, None).rows(TRACES[:5], different) == []
    assert Sampling(1.0, Level.MEDIUM).rows(TRACES[:5], different) == [0, 1, 2, 4]


def test_span_ids_depend_on_everything_that_tells_spans_apart():
    """Stage, group, topic, partition, offset and trace; and on nothing else."""
    traces = np.repeat(TRACES[:1], 4, axis=0)
    found = [
        *span_ids("consume_event", ["g", "t", "0"], [1, 2, 3, 4], traces),
        *span_ids("write_csv", ["g", "t", "0"], [1], traces[:1]),
        *span_ids("consume_event", ["h", "t", "0"], [1], traces[:1]),
        *span_ids("consume_event", ["g", "t", "1"], [1], traces[:1]),
        *span_ids("consume_event", ["g", "t", "0"], [1], TRACES[1:2]),
    ]
    assert len({each.tobytes() for each in found}) == 8
    alone = span_ids("consume_event", ["g", "t", "0"], [2], traces[:1])
    assert alone[0].tobytes() == found[1].tobytes()


def test_span_ids_are_a_contract():
    """Another process, of another version perhaps, says what the parent is."""
    found = span_ids("consume_event", ["group", "topic", "0"], [7], TRACES[:1])
    assert found.tobytes().hex() == "77a03f26fbb43d08"
