"""How fast the console answers with millions of stored detections: each page, each filter, through its API.

    python benchmarks/console.py FOLDER [DETECTIONS]

The first run makes results with so many detections (10 million unless given) in the folder: always the same
ones, of 500 rules on 20,000 hosts by 5,000 users within 90 days, six in ten with a command line of their own.
Then the console's copy is made anew, which is timed, and each question asked five times. The time of the
process is what compares between machines: on two idle cores the clock shows about half of it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import httpx
from deltalake import WriterProperties, write_deltalake

from tocsin.app.console.context import Console, opened
from tocsin.app.console.guard import door_of
from tocsin.app.console.server import application
from tocsin.app.settings import load
from tocsin.results.location import Location
from tocsin.results.opening import opened as opened_table
from tocsin.results.schema import VERDICTS
from tocsin.results.table import Origin

DETECTIONS = 10_000_000
PER_COMMIT = 250_000
TIMES = 5
BASE = "http://127.0.0.1:8600"

_COLUMNS = r"""
    WITH drawn AS (
        SELECT i, hash(i * 7 + 1) AS a, hash(i * 7 + 2) AS b, hash(i * 7 + 3) AS c, hash(i * 7 + 4) AS d,
            (hash(i * 7 + 5) % 1000000) / 1e6 AS share
        FROM range(?, ?) AS numbers(i)
    ),
    named AS (
        SELECT *,
            floor(500 * share * share * share)::INTEGER AS rule,
            make_timestamp(1780000000000000 + (i * ?)::BIGINT + (a % 60000000)::BIGINT) AS moment,
            format('{:08x}-{:04x}-8000-8000-{:012x}', c % 4294967296, d % 65536, i) AS uid,
            CASE WHEN b % 10 < 4
                THEN format('powershell.exe -NoProfile -File C:\Scripts\task{:d}.ps1 -Verbose', b % 2000)
                ELSE format('rundll32.exe C:\Users\user{:d}\AppData\Local\Temp\{:x}.dll,Entry{:d}',
                    c % 5000, b, d % 100)
            END AS command
        FROM drawn
    )
    SELECT
        uid AS event_id, strftime(moment, '%Y-%m-%dT%H:%M:%S.%fZ') AS "timestamp",
        moment::TIMESTAMPTZ AS "time",
        format('user{:d}', c % 5000) AS "user", format('WS-{:05d}', a % 20000) AS host,
        format('10.{:d}.{:d}.{:d}', a % 256, b % 256, c % 256) AS source_ip,
        'process_creation' AS event_type, format('TA{:04d}', rule % 14) AS tactic,
        format('T{:04d}.001', 1000 + rule % 200) AS technique, (rule % 5)::TINYINT AS "level",
        'rules' AS rule_set,
        [{
            'detection_id': md5(i::VARCHAR)::UUID::VARCHAR,
            'rule_id': format('{:08x}-0000-4000-8000-000000000000', rule),
            'rule_title': format('Suspicious activity number {:d}', rule), 'rule_revision': 'revision',
            'level': ['informational', 'low', 'medium', 'high', 'critical'][rule % 5 + 1],
            'tactics': [format('TA{:04d}', rule % 14)],
            'techniques': [format('T{:04d}.001', 1000 + rule % 200)],
            'matched': [
                {'field': 'CommandLine', 'value': command},
                {'field': 'Image', 'value': 'C:\Windows\System32\rundll32.exe'}
            ]
        }] AS detections,
        'raw-events' AS topic, (i % 12)::INTEGER AS "partition", i // 12 AS "offset",
        date_trunc('milliseconds', moment)::TIMESTAMPTZ AS record_time,
        make_timestamp(1780000060000000 + (? * (i // 10000 * 10000))::BIGINT)::TIMESTAMPTZ AS stored_time,
        replace(uid, '-', '') AS trace_id,
        encode(format('{{"EventID": 1, "CommandLine": "{:s}"}}', replace(command, '\', '\\'))) AS raw
    FROM named
"""

_WRITER = WriterProperties(compression="ZSTD", compression_level=3, max_row_group_size=65_536)

_DAY = "2026-08-20T00:00:00Z"

QUESTIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("first page", "/api/detections", {}),
    ("last day", "/api/detections", {"since": _DAY}),
    (
        "one day of June",
        "/api/detections",
        {"since": "2026-06-10T00:00:00Z", "until": "2026-06-11T00:00:00Z"},
    ),
    ("level", "/api/detections", {"level": "critical"}),
    ("tactic", "/api/detections", {"tactic": "TA0003"}),
    ("technique", "/api/detections", {"technique": "T1005"}),
    ("rule", "/api/detections", {"rule": "0000000a-0000-4000-8000-000000000000"}),
    ("host", "/api/detections", {"host": "WS-00042"}),
    ("user", "/api/detections", {"user": "user42"}),
    ("text that is everywhere", "/api/detections", {"q": "rundll32"}),
    ("text that is rare", "/api/detections", {"q": "task1998.ps1"}),
    ("text that is nowhere", "/api/detections", {"q": "mimikatz"}),
    ("text of a host", "/api/detections", {"q": "ws-00042"}),
    ("level, host and text", "/api/detections", {"level": "high", "host": "WS-00042", "q": "rundll32"}),
    ("groups by rule", "/api/detections/groups", {"by": "rule"}),
    ("groups by host", "/api/detections/groups", {"by": "host"}),
    ("groups by user", "/api/detections/groups", {"by": "user"}),
    ("groups by technique", "/api/detections/groups", {"by": "technique"}),
    ("histogram", "/api/detections/histogram", {}),
    ("histogram of a text", "/api/detections/histogram", {"q": "task1998.ps1"}),
    ("one detection", "/api/detections/{id}", {}),
    ("other events of its host", "/api/hosts/{host}/events", {"around": "2026-07-01T00:00:00Z"}),
    ("its trace", "/api/events/{event}/trace", {}),
    ("matrix", "/api/attack", {}),
    ("rules", "/api/rules", {}),
)


def main(arguments: Sequence[str]) -> None:
    """Make the results if they are not there, and the copy; then ask."""
    folder = Path(arguments[0])
    count = int(arguments[1]) if len(arguments) > 1 else DETECTIONS
    if not (folder / "verdicts").exists():
        generate(folder, count)
    with tempfile.TemporaryDirectory(prefix="console-", dir=folder.parent) as cache:
        os.environ["TOCSIN_CACHE"] = cache
        _measure(folder)


def generate(folder: Path, count: int) -> None:
    """Write results with so many detections, one on each event, as compaction leaves them."""
    table = opened_table(Location.of(folder) / "verdicts", VERDICTS, Origin("cluster", "raw-events", "id"))
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    step = 90 * 86_400 * 1_000_000 / count  # microseconds: 90 days in all
    for first in range(0, count, PER_COMMIT):
        end = min(first + PER_COMMIT, count)
        rows = database.sql(_COLUMNS, params=[first, end, step, step]).to_arrow_table()
        write_deltalake(table, rows.cast(VERDICTS), mode="append", writer_properties=_WRITER)


def _measure(folder: Path) -> None:
    settings = load(None, {}, {"results.dir": str(folder), "kafka.bootstrap_servers": "127.0.0.1:1"}).settings
    began, spent = time.monotonic(), time.process_time()
    with opened(settings, watches=False) as console:
        took, cost = time.monotonic() - began, time.process_time() - spent
        size = console.detections.store.path.stat().st_size / 1e6
        _say(f"copy made in {took:.0f} s, {cost:.0f} s of processor; {size:,.0f} MB")
        asyncio.run(_ask(console))
    _say(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


async def _ask(console: Console) -> None:
    transport = httpx.ASGITransport(app=application(console, door_of("127.0.0.1", "", [])))
    async with httpx.AsyncClient(transport=transport, base_url=BASE, timeout=120) as client:
        row = (await client.get("/api/detections", params={"limit": 1})).json()["rows"][0]
        named = {"id": row["detection_id"], "host": row["host"], "event": row["event_id"]}
        _say(f"{'question':28} {'clock s':>8} {'processor s':>12}")
        for name, path, asked in QUESTIONS:
            clock, spent = [], []
            for _ in range(TIMES):
                began, before = time.monotonic(), time.process_time()
                (await client.get(path.format(**named), params=asked)).raise_for_status()
                clock.append(time.monotonic() - began)
                spent.append(time.process_time() - before)
            _say(f"{name:28} {statistics.median(clock):8.3f} {statistics.median(spent):12.3f}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
