"""`tocsin dead-letters`: look at what could not be decoded, and send it again."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.app.cli.options import SHAPE, takes
from tocsin.app.cli.output import FORMATS, emit, is_table, notice
from tocsin.app.replaying import Mending, Outcome, Position, replay
from tocsin.app.settings import Loaded, limits_of
from tocsin.app.wire import cluster_of
from tocsin.errors import SettingsError
from tocsin.kafka import topic_there
from tocsin.model import RejectReason
from tocsin.results.dead_letters import Choice, DeadLetter, find
from tocsin.sinks.replay import Replay

REASON = click.option(
    "--reason", type=click.Choice([r.value for r in RejectReason]), help="Only of this kind."
)


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at the records that could not be decoded, and send them again."""


@dead_letters.command("list")
@takes("results.dir")
@REASON
@click.option("--all", "with_replayed", is_flag=True, help="Also those that were sent again.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many.")
@FORMATS
def list_(
    *, loaded: Loaded, reason: str | None, with_replayed: bool, limit: int | None, format_: str | None
) -> None:
    """List dead letters, each with its position and reason.

    As NDJSON each has its whole value, as text or, where it is not UTF-8, as base64: edit that file and
    give it to `replay --mended`.
    """
    choice = Choice(reason=reason, replayed=None if with_replayed else False)
    letters = islice(find(loaded.settings.results.dir, choice), limit)
    show = _shown if is_table(format_) else _row
    emit(
        (show(letter) for letter in letters),
        format_,
        columns=["partition", "offset", "reason", "detail", "time"],
    )


@dead_letters.command()
@takes("results.dir")
@click.argument("partition", type=int)
@click.argument("offset", type=int)
def show(*, loaded: Loaded, partition: int, offset: int) -> None:
    """Print one record's value to stdout, byte for byte, and what is known of it to stderr."""
    results = loaded.settings.results.dir
    letter = next(find(results, Choice(partition=partition, offset=offset)), None)
    if letter is None:
        raise SettingsError(
            f"no dead letter at partition {partition}, offset {offset}", "see: tocsin dead-letters list"
        )
    for key, value in _row(letter).items():
        if key not in ("value", "value_base64"):
            notice(f"{key}: {value}")
    click.echo(letter.record.value or b"", nl=False)


@dead_letters.command("replay")
@takes("kafka.bootstrap_servers", "kafka.topic", "kafka.group", "kafka.client", "results.dir")
@REASON
@SHAPE
@click.option(
    "--mended",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="NDJSON as `list` prints it, with mended values.",
)
def replay_(*, loaded: Loaded, reason: str | None, shape: str | None, mended: Path | None) -> None:
    """Send dead letters to their topic again if they are events by now, each once however often you try.

    Records that still cannot be decoded stay where they are. Of those whose bytes were not kept there is
    nothing to send.
    """
    settings = loaded.settings
    cluster = cluster_of(settings)
    topic = topic_there(cluster, settings.kafka.topic)
    values = MendedFile(mended) if mended else None
    mending = Mending(values, shape, limits_of(settings))
    with closing(Replay(cluster, topic, settings.kafka.group)) as to:
        done = replay(
            settings.results.dir, to, Choice(reason=reason), mending, _tell_progress(sys.stderr.isatty())
        )
    if done.recovered:
        notice(f"{done.recovered:,} had been sent by a replay that was interrupted; marked now")
    notice(f"{done.sent:,} sent to topic {topic.name} again; {done.still:,} still are no events")
    for letter, rejected in done.examples:
        notice(f"  {letter.record.partition}/{letter.record.offset}: {rejected.detail}")
    if done.before:
        notice(f"{done.before:,} of those mended were sent by an earlier replay, or are not of this kind")
    if done.lost:
        notice(f"{done.lost:,} cannot be sent: their bytes were not kept, or retention took the records")


def _tell_progress(shown: bool) -> Callable[[Outcome], None]:
    def tell(done: Outcome) -> None:
        if shown:
            click.echo(f"\r\x1b[K{done.sent:,} sent", err=True, nl=False)

    return tell


def _row(letter: DeadLetter) -> dict[str, Any]:
    record = letter.record
    row: dict[str, Any] = {
        "topic": record.stream.name,
        "partition": record.partition,
        "offset": record.offset,
        "reason": letter.reason,
        "detail": letter.detail,
        "time": record.timestamp,
        "key": (record.key or b"").decode("utf-8", "replace"),
        "headers": {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers},
        "replayed": letter.replayed.isoformat() if letter.replayed else None,
    }
    try:
        row["value"] = None if record.value is None else record.value.decode("utf-8")
    except UnicodeDecodeError:
        row["value_base64"] = base64.b64encode(record.value or b"").decode("ascii")
    return row


def _shown(letter: DeadLetter) -> dict[str, Any]:
    """Return the row for people, with Kafka's time in words; it is none where the number is none."""
    row = _row(letter)
    try:
        time = datetime.fromtimestamp(row["time"] / 1_000, UTC) if row["time"] >= 0 else None
    except (OverflowError, ValueError, OSError):  # producers may send any number
        time = None
    return {**row, "time": time and f"{time:%Y-%m-%d %H:%M:%S}"}


class MendedFile:
    """The values in an NDJSON file as `list` prints it; only where they are is kept in memory.

    Raises:
        SettingsError: a line is not as it should be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[Position, int] = {}  # where each begins
        begin = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    position, value = self._read(line, number)
                    if value is not None:
                        self._lines[position] = begin
                begin += len(line)

    def positions(self) -> Iterable[Position]:
        """Return the positions that have a value."""
        return self._lines

    def value(self, position: Position) -> bytes | None:
        """Return the value for a position, or None when the file has none."""
        begin = self._lines.get(position)
        if begin is None:
            return None
        with self._path.open("rb") as file:
            file.seek(begin)
            return self._read(file.readline(), 0)[1]

    def _read(self, line: bytes, number: int) -> tuple[Position, bytes | None]:
        try:
            row = msgspec.json.decode(line)
            position = (int(row["partition"]), int(row["offset"]))
            if row.get("value_base64") is not None:
                return position, base64.b64decode(row["value_base64"], validate=True)
            value = row.get("value")
            return position, None if value is None else str(value).encode()
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise SettingsError(
                f"{self._path}:{number}: {error}",
                "expected partition, offset and value as `dead-letters list` prints them",
            ) from error
