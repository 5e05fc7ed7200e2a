"""Adapters that hand out records: Kafka, files, memory."""
