"""Spans to the bytes of OTLP, a column at a time: what all spans of a name share is laid out once.

The fixed part of a span (ids, name, kind, times, flags) is a row of a NumPy structured array whose bytes are
those on the wire; the attributes follow, encoded once for all spans that share them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np

from tocsin.telemetry.otlp_fields import LENGTHS, resource_attribute, sized, varint
from tocsin.telemetry.spans import Link, Spans
from tocsin.version import __version__

BLOCK_SPANS = 4_000
"""Spans in a block at most: about a megabyte, far below what collectors take at once."""

_SAMPLED = 0x01
_REMOTE_IS_KNOWN, _REMOTE = 0x100, 0x200  # Span.flags, bits 8 and 9

_SCOPE = sized(b"\x0a", sized(b"\x0a", b"tocsin") + sized(b"\x12", __version__.encode()))
_PARENT_BYTES = 2 + 8


class Encoder:
    """Makes blocks of OTLP bytes. An export request is one block after the other.

    Args:
        resource: attributes of the process that all its services share; `service.name` is left out.
    """

    def __init__(self, resource: Mapping[str, str]) -> None:
        self._shared = {name: value for name, value in resource.items() if name != "service.name"}
        self._resources: dict[str, bytes] = {}

    def blocks(self, spans: Sequence[Spans]) -> Iterator[tuple[int, bytes]]:
        """Yield blocks, each with how many spans are in it; a block is of one service."""
        for service in dict.fromkeys(each.service for each in spans):
            own = (each for each in spans if each.service == service and len(each))
            waiting: list[bytes] = []
            for span in chain.from_iterable(map(_encoded, own)):
                waiting.append(span)
                if len(waiting) == BLOCK_SPANS:
                    yield len(waiting), self._block(service, waiting)
                    waiting = []
            if waiting:
                yield len(waiting), self._block(service, waiting)

    def _block(self, service: str, spans: Sequence[bytes]) -> bytes:
        resource = self._resources.get(service)
        if resource is None:
            said = {"service.name": service, **self._shared}
            fields = b"".join(resource_attribute(name, value) for name, value in said.items())
            resource = self._resources[service] = sized(b"\x0a", fields)
        return sized(b"\x0a", resource + sized(b"\x12", _SCOPE + b"".join(spans)))


def _encoded(spans: Spans) -> Iterator[bytes]:
    """Yield each span as a field of its scope: a tag, a length, and what it is."""
    columns = [column.wires() for column in spans.attributes]
    if spans.links:
        columns.append([b"".join(map(_link, own)) for own in spans.links])
    contents = list(map(b"".join, zip(_plain_heads(spans), *columns, strict=True)))
    for content, length in zip(contents, map(len, contents), strict=True):
        yield (_FRONTS[length] if length < len(_FRONTS) else b"\x12" + varint(length)) + content


_FRONTS = [b"\x12" + length for length in LENGTHS]


def _plain_heads(spans: Spans) -> list[bytes]:
    """Return the heads as bytes; a root's ends before its parent."""
    heads = _heads(spans)
    size, plain = heads.dtype.itemsize, heads.tobytes()
    ends = np.arange(size, len(plain) + 1, size) - np.where(spans.parents.any(axis=1), 0, _PARENT_BYTES)
    return [plain[begin:end] for begin, end in zip(range(0, len(plain), size), ends.tolist(), strict=True)]


def _heads(spans: Spans) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Lay out what all spans have; the parent comes last, so that it can be left out."""
    before = sized(b"\x2a", spans.name.encode()) + b"\x30" + varint(int(spans.kind)) + b"\x39"
    flags = _SAMPLED | _REMOTE_IS_KNOWN | (_REMOTE if spans.remote else 0)
    layout = np.dtype(
        [
            ("trace_tag", "u1", 2),  # trace_id = 1
            ("trace", "u1", 16),
            ("id_tag", "u1", 2),  # span_id = 2
            ("id", "u1", 8),
            ("before", "u1", len(before)),  # name = 5, kind = 6, start_time_unix_nano = 7
            ("begin", "<u8"),
            ("end_tag", "u1"),  # end_time_unix_nano = 8
            ("end", "<u8"),
            ("flags_tag", "u1", 2),  # flags = 16
            ("flags", "<u4"),
            ("parent_tag", "u1", 2),  # parent_span_id = 4
            ("parent", "u1", 8),
        ]
    )
    heads = np.empty(len(spans), layout)
    heads["trace_tag"], heads["trace"] = (0x0A, 16), spans.traces
    heads["id_tag"], heads["id"] = (0x12, 8), spans.ids
    heads["before"] = np.frombuffer(before, np.uint8)
    heads["begin"], heads["end_tag"], heads["end"] = spans.begins, 0x41, spans.ends
    heads["flags_tag"], heads["flags"] = (0x85, 0x01), flags
    heads["parent_tag"], heads["parent"] = (0x22, 8), spans.parents
    return heads


def _link(link: Link) -> bytes:
    return sized(b"\x6a", b"\x0a\x10" + link.trace + b"\x12\x08" + link.span)
