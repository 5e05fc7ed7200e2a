"""Results as a worker leaves them: events of the lab, judged by the built-in rules."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin import Detector, load_rules
from tocsin.model import Batch, Stream
from tocsin.model.identity import ids_at
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.store import StoreWriter
from tocsin.telemetry.traced import TracedSink
from tocsin.telemetry.tracer import Consumer, Pending, Tracer

BEGAN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
STORED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PACKS = ["builtin:lab"]

HOSTILE = "<script>alert(1)</script>\u202e\x00"


def lab_event(number: int, command: str, host: str = "WS-01", user: str = "fin-01") -> bytes:
    """Return an event of the lab, a minute after the one before."""
    event = {
        "event_id": ids_at(["judged"], [number])[0],
        "event_type": "process_start",
        "timestamp": (BEGAN + timedelta(minutes=number)).isoformat(),
        "host": host,
        "user": user,
        "source_ip": "10.0.0.7",
        "process": "powershell.exe",
        "command_line": command,
        "pid": 2**60 + 1,
    }
    return json.dumps(event).encode()


ENCODED = "powershell -EncodedCommand aQBlAHgA"
EVENTS = (
    lab_event(0, ENCODED),
    lab_event(1, "notepad.exe"),
    lab_event(2, f"{ENCODED} {HOSTILE}", HOSTILE, "adm-01"),
    lab_event(3, ENCODED, "DC-01", "adm-01"),
)


def judge(folder: Path, events: Sequence[bytes] = EVENTS, keep: str = "all", *, traced: bool = False) -> None:
    """Judge events and store what came of it, in one commit; with their spans, if they are traced."""
    sink: ResultsSink | TracedSink = ResultsSink(
        folder, Origin("cluster", "raw-events", "topic-id"), keep, STORED.timestamp
    )
    first = sink.start([0]).get(0, 0)
    count = len(events)
    batch = Batch(
        Stream("topic", "raw-events", "topic-id"),
        [0] * count,
        list(range(first, first + count)),
        [round((BEGAN + timedelta(minutes=n)).timestamp() * 1_000) for n in range(count)],
        [None] * count,
        list(events),
        [()] * count,
    )
    found = Detector(load_rules(PACKS)).judge(batch)
    store = StoreWriter(folder, print)
    if traced:
        tracer = Tracer(Sampling(1.0), Consumer("packet-classifier", "group"), store.put)
        sink = TracedSink(sink, Pending(tracer, tracer.judged_and_stored))
    sink.write(found)
    sink.flush()
    store.close()
