"""Connects workers and producers with whoever keeps traces; without any, nothing is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tocsin.app.settings import Settings
from tocsin.model import Level
from tocsin.ports import Sink
from tocsin.results.location import Location
from tocsin.run.loop import Side
from tocsin.telemetry import names
from tocsin.telemetry.endpoint import endpoint_of, resource_of
from tocsin.telemetry.export import Exporter
from tocsin.telemetry.outlet import Outlets
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.store import StoreWriter
from tocsin.telemetry.traced import TracedProducer, TracedSink, TracedView
from tocsin.telemetry.tracer import Consumer, Pending, Tracer
from tocsin.telemetry.transport import transport_of

Tell = Callable[[str], None]


class Tracing:
    """What stands between a worker and its sinks to trace kept events; nothing when nobody keeps traces.

    Args:
        settings: say what is kept, and whether here.
        environment: names the collector, in OpenTelemetry's variables.
        tell: called with sentences for the person watching, from several threads.
        wanted: False for what is judged once more: it was traced when it was judged first.

    Attributes:
        outlets: count what was exported, stored and dropped; None when nobody keeps traces.
        tracer: counts the spans that were made.

    Raises:
        SettingsError: a variable is none of those that it may be, or gRPC is not installed.
    """

    def __init__(
        self, settings: Settings, environment: Mapping[str, str], tell: Tell, *, wanted: bool = True
    ) -> None:
        folder = settings.results.dir if settings.trace.store else ""
        self.outlets = outlets_of(settings, environment, tell, store=folder) if wanted else None
        self.tracer: Tracer | None = None
        if self.outlets is not None:
            service = resource_of(environment).get("service.name", names.WORKER_SERVICE)
            level = Level[settings.trace.level.upper()]
            sampling = Sampling(_ratio(settings), level)
            self.tracer = Tracer(sampling, Consumer(service, settings.kafka.group), self.outlets.put)

    def sink(self, sink: Sink) -> Sink:
        """Return the sink of the results, traced."""
        if self.tracer is None:
            return sink
        return TracedSink(sink, Pending(self.tracer, self.tracer.judged_and_stored))

    def sides(self, sides: Sequence[Side]) -> list[Side]:
        """Return further sinks, traced."""
        tracer = self.tracer
        if tracer is None:
            return list(sides)
        return [replace(s, sink=TracedSink(s.sink, Pending(tracer, tracer.published))) for s in sides]

    def view(self) -> TracedView | None:
        """Return who traces what the CSV has."""
        return None if self.tracer is None else TracedView(self.tracer)

    def spans(self) -> dict[tuple[str, ...], float]:
        """Return how many spans came to which end so far; see `ends_of`."""
        return ends_of(self.outlets)

    def close(self) -> None:
        """Send and write what is left, within a few seconds."""
        if self.outlets is not None:
            self.outlets.close()


def ends_of(outlets: Outlets | None) -> dict[tuple[str, ...], float]:
    """Return how many spans came to which end so far; one that goes two ways counts twice."""
    exporter = outlets.exporter if outlets is not None else None
    store = outlets.store if outlets is not None else None
    return {
        ("exported",): exporter.exported if exporter is not None else 0,
        ("stored",): store.stored if store is not None else 0,
        ("dropped",): sum(each.dropped for each in (exporter, store) if each is not None),
    }


def producer_trace(settings: Settings, environment: Mapping[str, str], outlets: Outlets) -> TracedProducer:
    """Return who makes the producer's spans."""
    service = resource_of(environment).get("service.name", names.PRODUCER_SERVICE)
    return TracedProducer(service, Sampling(_ratio(settings)), outlets.put)


def outlets_of(
    settings: Settings, environment: Mapping[str, str], tell: Tell, store: str = ""
) -> Outlets | None:
    """Open the ways out that are wished for; None when there are none.

    Args:
        settings: say whether anything is traced.
        environment: names the collector.
        tell: called with sentences for the person watching.
        store: folder of results in which spans are kept; empty for not.

    Raises:
        SettingsError: a variable is none of those that it may be, gRPC is not installed, or the results are
            not in a local folder.
    """
    if settings.trace.events == "off":
        return None
    endpoint = endpoint_of(environment)
    if endpoint is None and not store:
        return None
    exporter = None
    if endpoint is not None:
        exporter = Exporter(transport_of(endpoint), endpoint.name, tell)
        tell(f"traces: {settings.trace.events} to {endpoint.name}")
    writer = None
    if store:
        writer = StoreWriter(Location.of(store).path, tell, settings.trace.store_megabytes * 1_000_000)
    return Outlets(resource_of(environment), exporter, writer)


def _ratio(settings: Settings) -> float:
    return 1.0 if settings.trace.events == "all" else settings.trace.ratio
