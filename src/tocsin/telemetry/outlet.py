"""Where spans leave the process: to a collector, to the local store, or to both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.telemetry.export import Exporter
from tocsin.telemetry.otlp import Encoder
from tocsin.telemetry.spans import Spans
from tocsin.telemetry.store import StoreWriter


class Outlets:
    """All of a process's ways out.

    Args:
        resource: see `Encoder`.
        exporter: to a collector, if one is named.
        store: on this machine, if it is wished for.
    """

    def __init__(
        self, resource: Mapping[str, str], exporter: Exporter | None, store: StoreWriter | None
    ) -> None:
        self.exporter = exporter
        self.store = store
        self._encoder = Encoder(resource)

    def put(self, spans: Sequence[Spans]) -> None:
        """Take spans away. Never waits; what does not fit is counted by whom it was for."""
        if self.exporter is not None:
            for count, block in self._encoder.blocks(spans):
                self.exporter.give(count, block)
        if self.store is not None:
            self.store.put(spans)

    def close(self) -> None:
        """Send and write what is left, within a few seconds."""
        if self.store is not None:
            self.store.close()
        if self.exporter is not None:
            self.exporter.close()
