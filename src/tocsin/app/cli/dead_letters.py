"""`tocsin dead-letters`: look at what could not be decoded, and send it again."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, emit, notice
from tocsin.app.replaying import SUFFIX, Position, replay
from tocsin.app.settings import Loaded
from tocsin.app.wire import cluster_of
from tocsin.errors import SettingsError
from tocsin.kafka import topic_of
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
    letters = islice(find(Path(loaded.settings.results.dir), choice), limit)
    emit(
        (_row(letter) for letter in letters),
        format_,
        columns=["partition", "offset", "reason", "detail", "time"],
    )


@dead_letters.command()
@takes("results.dir")
@click.argument("partition", type=int)
@click.argument("offset", type=int)
def show(*, loaded: Loaded, partition: int, offset: int) -> None:
    """Print one record's value to stdout, byte for byte, and what is known of it to stderr."""
    results = Path(loaded.settings.results.dir)
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
@takes(
    "kafka.bootstrap_servers", "kafka.topic", "kafka.partitions", "kafka.group", "kafka.client", "results.dir"
)
@REASON
@click.option(
    "--mended",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="NDJSON as `list` prints it, with mended values.",
)
def replay_(*, loaded: Loaded, reason: str | None, mended: Path | None) -> None:
    """Send dead letters to their topic again if they are events by now, each once however often you try.

    Records that still cannot be decoded stay where they are.
    """
    settings = loaded.settings
    cluster = cluster_of(settings)
    topic = topic_of(cluster, settings.kafka.topic, settings.kafka.partitions)
    values = dict(_mended(mended)) if mended else {}
    with closing(Replay(cluster, topic, settings.kafka.group + SUFFIX)) as to:
        done = replay(Path(settings.results.dir), to, Choice(reason=reason), values)
    if done.recovered:
        notice(f"{done.recovered:,} had been sent by a replay that was interrupted; marked now")
    notice(f"{done.sent:,} sent to topic {topic.name} again; {len(done.still):,} still are no events")
    for letter, rejected in done.still[:10]:
        notice(f"  {letter.record.partition}/{letter.record.offset}: {rejected.detail}")


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


def _mended(path: Path) -> Iterator[tuple[Position, bytes]]:
    """Yield position and new bytes from each line of a file."""
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
            position = (int(row["partition"]), int(row["offset"]))
            if row.get("value_base64") is not None:
                yield position, base64.b64decode(row["value_base64"], validate=True)
            elif row.get("value") is not None:
                yield position, str(row["value"]).encode()
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"{path}:{number}: {error}",
                "expected partition, offset and value as `dead-letters list` prints them",
            ) from error
