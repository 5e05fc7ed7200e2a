"""How much a consumer fetches ahead of whoever polls: the first of the bounds that hold a worker's memory.

librdkafka takes each answer to a fetch apart at once, uncompressed, and gives every record in it some 400
bytes of its own. So what lies in memory is what may wait, and one answer: partitions times what is asked of
each, times how well it was compressed. With 64 MB that might wait and 1 MB asked of each, a worker that
emptied a full topic had 85 MB more, and was no faster.
"""

from __future__ import annotations

from collections.abc import Mapping

AHEAD: Mapping[str, object] = {
    "queued.max.messages.kbytes": 8_192,  # a batch or two; an answer is not larger either (fetch.max.bytes)
    "max.partition.fetch.bytes": 262_144,  # compressed; a batch that is larger comes whole, alone
    "fetch.queue.backoff.ms": 20,  # until there is room again; a second, by default, would leave us waiting
}
"""Defaults of a consumer's client; the user's own properties win over them."""
