"""Adapters that send what Tocsin has to other places: Kafka."""

from tocsin.sinks.publisher import Counts, Failure, Outgoing, Publisher, largest_batch

__all__ = ["Counts", "Failure", "Outgoing", "Publisher", "largest_batch"]
