"""Recorded events are published as they are, at the pace one asks for, and judged as a scan judges them."""

import json
import subprocess
import sys
import zipfile

import pytest

from tests.corpora import corpus
from tocsin.app.recorded import RecordedFeed, Tempo
from tocsin.detect import Detector
from tocsin.errors import ExitCode
from tocsin.results import dead_letters
from tocsin.results.table import dataset
from tocsin.rules import load_rules
from tocsin.sources.files import RecordedFiles


def sysmon(second: int, host: str = "WS-01") -> dict[str, object]:
    return {
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Hostname": host,
        "@timestamp": f"2026-11-21T10:00:{second:02}.000Z",
        "CommandLine": "whoami",
    }


def written(folder, *lines: object) -> RecordedFiles:
    path = folder / "events.ndjson"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return RecordedFiles([str(path)])


def test_records_are_handed_out_byte_for_byte(tmp_path):
    """The original stays in the body, its host becomes the key, and a rerun gives the same ids."""
    lines = [json.dumps(sysmon(0)), '{"no": "shape"}', "not even JSON"]
    first, second, third = RecordedFeed(written(tmp_path, *lines)).take(10)
    assert [r.value for r in (first, second, third)] == [line.encode() for line in lines]
    assert (first.host, second.host) == ("WS-01", "")
    again = RecordedFeed(written(tmp_path, *lines)).take(10)
    assert [r.event_id for r in again] == [r.event_id for r in (first, second, third)]
    assert len({r.event_id for r in again}) == 3


class Time:
    """A clock that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.stop_at = float("inf")

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def tempo(self, speed: float) -> Tempo:
        return Tempo(speed, lambda: self.now, self.sleep, lambda: self.now >= self.stop_at)


def test_at_a_speed_each_waits_for_its_time(tmp_path):
    """Ten times real time: events ten seconds apart come a second apart; those due together come together."""
    time = Time()
    events = [sysmon(0), sysmon(0, "WS-02"), sysmon(10), sysmon(5), sysmon(30)]
    feed = RecordedFeed(written(tmp_path, *events), tempo=time.tempo(10))
    taken = []
    while batch := feed.take(100):
        taken.append((round(time.now - 100.0, 3), len(batch)))
    assert taken == [(0.0, 2), (1.0, 2), (3.0, 1)]


def test_waiting_ends_when_somebody_wants_to_stop(tmp_path):
    """A gap of an hour in the recording must not hold up Ctrl-C."""
    time = Time()
    time.stop_at = 101.0
    feed = RecordedFeed(written(tmp_path, sysmon(0), sysmon(59)), tempo=time.tempo(1))
    assert len(feed.take(10)) == 1
    assert feed.take(10) == []
    assert time.now < 102


def test_what_cannot_be_read_is_counted_with_its_place(tmp_path):
    """A broken archive has no bytes to publish; it is not passed over in silence."""
    path = tmp_path / "broken.ndjson.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00 this is no deflate stream")
    feed = RecordedFeed(RecordedFiles([str(path)]))
    assert feed.take(10) == []
    assert sum(feed.unreadable.values()) == 1
    assert feed.examples[0].file.startswith(str(path))


def tocsin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments], capture_output=True, text=True, timeout=170, check=False
    )


@pytest.mark.kafka
@pytest.mark.slow
def test_through_kafka_and_through_scan_the_detections_are_the_same(kafka, unique_name, tmp_path):
    """One engine: the same recorded events and rules give the same detections, whichever way they come."""
    recording = corpus("windows-events") / "empire_launcher_vbs.zip"
    rules = ["builtin:lab", "builtin:windows"]
    where = ["--bootstrap-servers", kafka, "--topic", unique_name]
    results = tmp_path / "results"
    published = tocsin("produce", *where, "--from", str(recording))
    assert published.returncode == ExitCode.OK, published.stderr
    worker = ["detect", "--once", *where, "--group", unique_name, "--results", str(results), "--csv", ""]
    worked = tocsin(*worker, *(part for rule in rules for part in ("--rules", rule)))
    assert worked.returncode == ExitCode.OK, worked.stderr

    stored = dataset(results).to_table(columns=["event_id", "detections"]).to_pylist()
    through_kafka = {(row["event_id"], d["rule_id"]) for row in stored for d in row["detections"]}
    detector = Detector(load_rules(rules))
    through_files = {
        (event_id, detection.rule_id)
        for judged in map(detector.judge, RecordedFiles([str(recording)]).batches())
        for event_id, verdict in zip(judged.events.ids, judged.verdicts, strict=True)
        for detection in verdict.detections
    }
    assert through_kafka == through_files
    assert len(through_kafka) > 0
    with zipfile.ZipFile(recording) as archive:
        lines = sum(
            archive.read(name).count(b"\n") for name in archive.namelist() if not name.startswith("__MACOSX")
        )
    assert len(stored) + sum(dead_letters.count(results).values()) == lines
