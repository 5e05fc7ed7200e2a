"""Bytes to events: recognises the shape of a record and never raises."""
