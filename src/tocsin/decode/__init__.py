"""Bytes to events: recognises the shape of a record and never raises."""

from tocsin.decode.batch import decode
from tocsin.decode.columns import COMPOSITE, ColumnDecoder, Constants, Decoded, Group, Wanted

__all__ = ["COMPOSITE", "ColumnDecoder", "Constants", "Decoded", "Group", "Wanted", "decode"]
