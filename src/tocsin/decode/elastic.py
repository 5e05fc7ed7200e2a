"""Events that Elastic's agents read from other products' logs: back to the names that these have."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.decode.paths import at, first, text_at
from tocsin.decode.products import Product, product_of_dataset
from tocsin.model import Event


def product_behind(found: Mapping[str, object]) -> Product | None:
    """Return the product whose log an agent has read, or None when it is none that is known."""
    dataset = text_at(found, ("event.dataset", "data_stream.dataset"))
    known = product_of_dataset(dataset) if dataset else None
    if known is None and isinstance(at(found, "auditd"), dict):
        return product_of_dataset("auditd")
    return known


def to_event(product: Product, found: Mapping[str, object], event_id: str, recorded: int) -> Event:
    """Return the event as its product would have written it; the schema's fields stay beside.

    Args:
        product: whose log it was.
        found: the object.
        event_id: of the record.
        recorded: the broker's timestamp, for an event without a time.
    """
    fields = dict(found)
    for ours, theirs in product.ecs.items():
        value = first(found, theirs)
        if value is not None and ours not in fields:
            fields[ours] = value
    made = product.to_event(fields, event_id, recorded)
    return Event(
        event_id=event_id,
        timestamp=made.timestamp,
        user=made.user or text_at(found, ("user.name",)),
        host=text_at(found, ("host.name", "host.hostname")) or made.host,
        source_ip=made.source_ip or text_at(found, ("source.ip",)),
        event_type=made.event_type,
        fields=made.fields,
        logsource=made.logsource,
    )
