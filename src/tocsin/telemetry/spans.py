"""Spans as columns, and who they are: what is made of kept events, on its way to whoever keeps traces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

import numpy as np

from tocsin.model.contexts import Bytes
from tocsin.telemetry.otlp_fields import Value, attribute, varint

Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Kind(IntEnum):
    """OTLP's kinds of spans."""

    INTERNAL = 1
    PRODUCER = 4
    CONSUMER = 5


class Attributes:
    """Attributes that many spans share: encoded once.

    Attributes:
        pairs: names with values.
        wire: the same as fields of an OTLP span.
    """

    __slots__ = ("pairs", "wire")

    def __init__(self, *pairs: tuple[str, Value]) -> None:
        self.pairs: tuple[tuple[str, Value], ...] = pairs
        self.wire = b"".join(attribute(name, value) for name, value in pairs)


class Column(Protocol):
    """Some attributes of each of many spans."""

    def wires(self) -> Sequence[bytes]:
        """Return them as fields of OTLP spans."""

    def pairs(self) -> Sequence[Sequence[tuple[str, Value]]]:
        """Return them as names with values."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A column of attributes that many spans share."""

    own: Sequence[Attributes]

    def wires(self) -> Sequence[bytes]:
        """See `Column`."""
        return [attributes.wire for attributes in self.own]

    def pairs(self) -> Sequence[Sequence[tuple[str, Value]]]:
        """See `Column`."""
        return [attributes.pairs for attributes in self.own]


class Each:
    """A column of one attribute with a value of its own for each span; encoded once, however often asked.

    Args:
        name: of the attribute.
        values: texts, or numbers >= 0.
    """

    __slots__ = ("_name", "_values", "_wires")

    def __init__(self, name: str, values: Sequence[str] | Sequence[int]) -> None:
        self._name = name
        self._values = values
        self._wires: list[bytes] | None = None

    def wires(self) -> Sequence[bytes]:
        """See `Column`; quick when most values are as long as one another."""
        if self._wires is None:
            fronts: dict[int, bytes] = {}
            found = []
            for value in self._values:
                plain = value.encode("utf-8", "replace") if isinstance(value, str) else varint(value)
                front = fronts.get(len(plain))
                if front is None:
                    whole = attribute(self._name, value)
                    front = fronts[len(plain)] = whole[: len(whole) - len(plain)]
                found.append(front + plain)
            self._wires = found
        return self._wires

    def pairs(self) -> Sequence[Sequence[tuple[str, Value]]]:
        """See `Column`."""
        return [((self._name, value),) for value in self._values]


class Link(NamedTuple):
    """Another span that has to do with this one."""

    trace: bytes
    span: bytes


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of one name, as columns of equal length.

    Attributes:
        service: whose they are.
        traces: trace ids, of shape (spans, 16).
        ids: span ids, of shape (spans, 8).
        parents: ids of the parents, of shape (spans, 8); zeros for a root.
        begins, ends: nanoseconds since 1970.
        attributes: of the spans, column beside column.
        links: of each span; an empty column for none at all.
        remote: the parents are in other processes.
    """

    service: str
    name: str
    kind: Kind
    traces: Bytes
    ids: Bytes
    parents: Bytes
    begins: Numbers
    ends: Numbers
    attributes: Sequence[Column]
    links: Sequence[Sequence[Link]] = ()
    remote: bool = False

    def __len__(self) -> int:
        return len(self.ids)


def span_ids(stage: str, scope: Sequence[str], offsets: Sequence[int], traces: Bytes) -> Bytes:
    """Return a span id per event, equal in every process that knows what the event is and where it lay.

    Hashed once from the stage and the scope; then mixed with the offset and the trace id by SplitMix64
    (Steele, Lea and Flood, OOPSLA 2014), for all events at once. The offset tells events apart that a foreign
    producer sent in one and the same trace, or twice.

    Args:
        stage: the span's name.
        scope: what offsets are relative to: consumer group, topic, partition.
        offsets: one per event.
        traces: a trace id per event, of shape (events, 16).
    """
    person = b"tocsin.span"
    seed = hashlib.blake2b(
        "\0".join([stage, *scope]).encode("utf-8", "replace"), digest_size=8, person=person
    )
    halves = np.ascontiguousarray(traces).view(">u8").astype(np.uint64).reshape(-1, 2)
    state = np.asarray(offsets, np.int64).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for part in (np.uint64(int.from_bytes(seed.digest(), "big")), halves[:, 0], halves[:, 1]):
        state = _mixed(state + part)
    state[state == 0] = 1  # which W3C Trace Context forbids
    return state.astype(">u8").view(np.uint8).reshape(-1, 8)


def _mixed(z: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
