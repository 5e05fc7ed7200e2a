"""A thousand malformed records of twenty kinds among good ones: each kept with its reason."""

import base64
import gzip
import json
import os
import random
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Message, Producer

from tocsin.errors import ExitCode
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.results import dead_letters
from tocsin.results.dead_letters import Choice
from tocsin.results.table import dataset

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SEED = 20
EACH = 50
GOOD = 2_000
RECORD, TEXT, VALUES, DEPTH = 100_000, 20_000, 2_000, 40
LIMITS = {
    "TOCSIN_LIMITS_RECORD_BYTES": str(RECORD),
    "TOCSIN_LIMITS_TEXT_CHARACTERS": str(TEXT),
    "TOCSIN_LIMITS_VALUES": str(VALUES),
    "TOCSIN_LIMITS_DEPTH": str(DEPTH),
}


def login(**other: object) -> bytes:
    fields = {"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}
    return json.dumps({**fields, **other}).encode()


KINDS: dict[str, tuple[bytes | None, str]] = {
    "tombstone": (None, "tombstone"),
    "nothing": (b"", "not_json"),
    "blanks": (b" \r\n", "not_json"),
    "cut off": (login(user="anna")[:-1], "not_json"),
    "two at once": (login() + login(), "not_json"),
    "not a number": (login()[:-1] + b', "x": NaN}', "not_json"),
    "a line of text": (b"Nov 21 10:00:00 ws-01 sshd[1]: Failed password", "not_json"),
    "XML": (b"<Event><System><EventID>1</EventID></System></Event>", "not_json"),
    "Latin-1": (login(user="x").replace(b'"x"', b'"J\xfcrgen"'), "not_utf8"),
    "compressed": (gzip.compress(login(), mtime=0), "not_utf8"),
    "an array": (b"[" + login() + b"]", "not_an_object"),
    "a text": (json.dumps(login().decode()).encode(), "not_an_object"),
    "null": (b"null", "not_an_object"),
    "nested": (login(x=0).replace(b"0}", b"[" * DEPTH + b"]" * DEPTH + b"}"), "too_deep"),
    "large": (login(x=["y" * 1_000] * (RECORD // 1_000)), "too_large"),
    "a long text": (login(command_line="y" * (TEXT + 1)), "too_large"),
    "many values": (login(x=[0] * VALUES), "too_large"),
    "many in one": (b'{"Records": [{"a": 1}, {"a": 2}]}', "unknown_shape"),
    "of the wrong kind": (login(event_type=3), "bad_field"),
    "without a date": (login(timestamp="yesterday"), "bad_field"),
}

MENDED = {
    "cut off": login(user="anna"),
    "Latin-1": login(user="Jürgen"),
    "compressed": login(),
    "without a date": login(),
}
"""What a person can do about four of the kinds."""

Position = tuple[int, int]


@pytest.fixture
def topic(kafka, unique_name) -> Topic:
    return topic_of(Cluster(kafka), unique_name, 3)


def sent(kafka: str, topic: Topic) -> dict[Position, str]:
    """Send all in a random order, and return what lies where: a kind, or an empty text for a good one."""
    order = [*(kind for kind in KINDS for _ in range(EACH)), *[""] * GOOD]
    random.Random(SEED).shuffle(order)
    found: dict[Position, str] = {}

    def note(kind: str, _: object, message: Message) -> None:
        found[message.partition() or 0, message.offset() or 0] = kind

    producer = Producer({"bootstrap.servers": kafka})
    for number, kind in enumerate(order):
        value = KINDS[kind][0] if kind else login()
        producer.produce(
            topic.name,
            value,
            partition=number % topic.partitions,
            on_delivery=partial(note, kind),
        )
        producer.poll(0)
    producer.flush()
    return found


class Commands:
    def __init__(self, kafka: str, topic: Topic, folder: Path) -> None:
        self.results = folder / "results"
        self._where = ["--bootstrap-servers", kafka, "--topic", topic.name, "--group", topic.name]

    def run(self, *arguments: str, reads: bool = True) -> subprocess.CompletedProcess[str]:
        where = [*(self._where if reads else ()), "--results", str(self.results)]
        done = subprocess.run(
            [sys.executable, "-m", "tocsin", *arguments, *where],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **LIMITS},
        )
        assert done.returncode == ExitCode.OK, done.stderr
        return done

    def classify(self) -> None:
        self.run("detect", "--once", "--rules", "builtin:lab", "--csv", "")

    def dead(self) -> dict[Position, tuple[str, bytes | None]]:
        found = list(dead_letters.find(self.results, Choice()))
        letters = {(d.record.partition, d.record.offset): (d.reason, d.record.value) for d in found}
        assert len(letters) == len(found), "one record is there twice"
        return letters

    def stored(self) -> Counter[Position]:
        rows = dataset(self.results).to_table(columns=["partition", "offset"])
        return Counter(zip(rows["partition"].to_pylist(), rows["offset"].to_pylist(), strict=True))


def as_mended(row: dict[str, Any], kind: str) -> dict[str, Any]:
    """Edit a line of `dead-letters list`, as a person would."""
    value = MENDED.get(kind)
    kept = {name: held for name, held in row.items() if name not in ("value", "value_base64")}
    return row if value is None else {**kept, "value_base64": base64.b64encode(value).decode()}


def test_all_are_kept_with_their_reason_and_can_be_mended_and_sent_again_once(kafka, topic, tmp_path):
    """Bytes, reason, position; the good ones around them are all classified; replaying twice adds nothing."""
    assert len(KINDS) * EACH == 1_000
    records = sent(kafka, topic)
    commands = Commands(kafka, topic, tmp_path)
    commands.classify()
    bad = {place: kind for place, kind in records.items() if kind}
    value_and_reason = {place: KINDS[kind] for place, kind in bad.items()}
    assert commands.dead() == {place: (reason, value) for place, (value, reason) in value_and_reason.items()}
    assert commands.stored() == Counter(place for place, kind in records.items() if not kind)

    listed = commands.run("dead-letters", "list", reads=False).stdout
    rows = [json.loads(line) for line in listed.splitlines()]
    mended = tmp_path / "mended.ndjson"
    edited = (as_mended(row, bad[row["partition"], row["offset"]]) for row in rows)
    mended.write_text("".join(json.dumps(row) + "\n" for row in edited))
    can_be = len(MENDED) * EACH
    for again in range(2):
        said = commands.run("dead-letters", "replay", "--mended", str(mended)).stderr
        assert f"{0 if again else can_be:,} sent" in said
        assert f"{1_000 - can_be:,} still are no events" in said
        commands.classify()
        assert commands.stored().total() == GOOD + can_be
        assert commands.stored().most_common(1)[0][1] == 1
        assert commands.dead().keys() == bad.keys()
    ids = dataset(commands.results).to_table(columns=["event_id"])["event_id"].to_pylist()
    assert len(set(ids)) == GOOD + can_be
