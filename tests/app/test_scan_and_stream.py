"""The same events give the same detections from files and from a topic."""

import itertools
import zipfile

import pytest

from tests.corpora import corpus
from tocsin import Detector, load_rules
from tocsin.app.scan import scan
from tocsin.model import Batch, Judged, Stream
from tocsin.model.detection_record import detection_records
from tocsin.run.loop import Watch, Worker
from tocsin.run.pace import Pace
from tocsin.sources.files import RecordedFiles
from tocsin.testing import ListSink, MemorySource

COUNT = 1_500
PLACE = {"detection_id", "event_id", "trace_id", "file", "line", "topic", "partition", "offset"}


@pytest.fixture(scope="module")
def detector():
    return Detector(load_rules([corpus("sigmahq/sigmahq-rules.zip")]))


@pytest.fixture(scope="module")
def lines():
    """The first recorded Windows events of an attack."""
    with zipfile.ZipFile(corpus("windows-events/empire_launcher_vbs.zip")) as archive:
        (name,) = archive.namelist()
        with archive.open(name) as file:
            return [line.rstrip(b"\n") for line in itertools.islice(file, COUNT)]


def said(judged):
    """Return what the detections say but for where their events lay."""
    return [{k: v for k, v in record.items() if k not in PLACE} for record in detection_records(judged)]


def test_a_topic_and_a_file_give_the_same_detections(detector, lines, tmp_path):
    """However the records are cut into partitions and batches."""
    path = tmp_path / "events.json"
    path.write_bytes(b"\n".join(lines))
    from_file: list[Judged] = []
    scan(RecordedFiles([str(path)]).batches(), detector, [from_file.append])

    topic = Stream("topic", "raw-events", "t1")
    batches = []
    for begin in range(0, COUNT, 400):
        part = lines[begin : begin + 400]
        n = len(part)
        offsets = range(begin, begin + n)
        batches.append(Batch(topic, [begin % 3] * n, offsets, [0] * n, [None] * n, part, [()] * n))
    from_topic: list[Judged] = []
    worker = Worker(MemorySource(batches), detector, ListSink(), Pace(), Watch(from_topic.append))
    worker.run(lambda: sum(len(judged.batch) for judged in from_topic) >= COUNT)

    found = [record for judged in from_file for record in said(judged)]
    assert found == [record for judged in from_topic for record in said(judged)]
    assert {record["level"] for record in found} >= {"high", "medium"}
    assert sum(len(judged.verdicts) for judged in from_topic) == COUNT
