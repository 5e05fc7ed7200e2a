"""Recorded events in files: JSON in any arrangement, CSV, EVTX, compressed or not."""

from tocsin.sources.files.listing import STDIN
from tocsin.sources.files.reader import RecordedFiles

__all__ = ["STDIN", "RecordedFiles"]
