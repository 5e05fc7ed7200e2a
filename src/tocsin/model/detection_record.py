"""A detection as other programs see it: the same keys in NDJSON, in Kafka and in the API. A contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tocsin.model.contexts import trace_ids
from tocsin.model.identity import id_letters, ids_at
from tocsin.model.record import Batch, Stream
from tocsin.model.verdict import Detection, Events, Judged, Level, Verdict

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Letters = np.ndarray[Any, np.dtype[np.uint8]]


def detection_records(judged: Judged, at_least: Level = Level.INFORMATIONAL) -> Iterator[dict[str, object]]:
    """Yield a detection after the other, in the order of the records, ready to be written as JSON.

    The keys are kept stable for other programs: `matched` is field -> value as text, or a list of
    texts where several values of a field matched; the place is `topic`, `partition`, `offset`, or `file`,
    `line`.

    Args:
        judged: a batch with its verdicts.
        at_least: leave out detections of a lower level.
    """
    rows = [row for row, verdict in enumerate(judged.verdicts) if verdict.detections]
    verdicts = [judged.verdicts[row] for row in rows]
    ids = iter(detection_ids(judged.batch, rows, verdicts))
    traces = trace_ids([judged.events.ids[row] for row in rows], [judged.batch.headers[row] for row in rows])
    for row, verdict, trace in zip(rows, verdicts, traces, strict=True):
        for detection, detection_id in zip(verdict.detections, ids, strict=False):  # as many as there are
            if detection.level >= at_least:
                yield {
                    **_record(detection_id, detection, judged.events, judged.batch, row),
                    "trace_id": trace,
                }


def detection_ids(batch: Batch, rows: Sequence[int], verdicts: Sequence[Verdict]) -> list[str]:
    """Return an id per firing, hashed from where the event lay and the rule: a replay gives the same ids.

    Args:
        batch: what was judged.
        rows: of the verdicts, in the batch.
        verdicts: those with detections, in order.
    """
    groups: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    place = 0
    for row, verdict in zip(rows, verdicts, strict=True):
        for detection in verdict.detections:
            groups[batch.partitions[row], detection.rule_id].append((place, batch.offsets[row]))
            place += 1
    ids = [""] * place
    for (partition, rule_id), members in groups.items():
        scope = [*batch.stream.scope(partition), rule_id]
        made = ids_at(scope, [offset for _, offset in members])
        for (index, _), detection_id in zip(members, made, strict=True):
            ids[index] = detection_id
    return ids


def firing_ids(
    stream: Stream, partitions: Numbers, offsets: Numbers, rules: Numbers, rule_ids: Sequence[str]
) -> Letters:
    """Return the same ids as columns of 36 ASCII letters, in the order of the firings.

    Args:
        stream: that was judged.
        partitions: of the event of each firing.
        offsets: the same.
        rules: of each firing, as a place in `rule_ids`.
        rule_ids: different ones.
    """
    found = np.empty((len(offsets), 36), np.uint8)
    groups = partitions * len(rule_ids) + rules
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    for members in np.split(order, starts[1:]) if len(order) else ():
        first = members[0]
        scope = [*stream.scope(int(partitions[first])), rule_ids[rules[first]]]
        found[members] = id_letters(scope, offsets[members].astype(np.uint64))
    return found


def _record(
    detection_id: str, detection: Detection, events: Events, batch: Batch, row: int
) -> dict[str, object]:
    return {
        "detection_id": detection_id,
        "event_id": events.ids[row],
        "timestamp": events.timestamps[row],
        "rule_id": detection.rule_id,
        "rule_title": detection.rule_title,
        "rule_revision": detection.rule_revision,
        "level": str(detection.level),
        "tactics": detection.tactics,
        "techniques": detection.techniques,
        "host": events.hosts[row],
        "user": events.users[row],
        "source_ip": events.source_ips[row],
        "event_type": events.types[row],
        "matched": _matched(detection),
        **_place(batch, row),
    }


def _matched(detection: Detection) -> dict[str, str | list[str]]:
    values: dict[str, list[str]] = defaultdict(list)
    for field, value in detection.matched:
        values[field].append(value)
    return {field: found[0] if len(found) == 1 else found for field, found in values.items()}


def _place(batch: Batch, row: int) -> dict[str, object]:
    if batch.stream.kind == "file":
        return {"file": batch.stream.name, "line": batch.offsets[row]}
    return {"topic": batch.stream.name, "partition": batch.partitions[row], "offset": batch.offsets[row]}
