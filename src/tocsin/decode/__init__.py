"""Bytes to events: recognises the shape of a record and never raises."""

from tocsin.decode.batch import decode

__all__ = ["decode"]
