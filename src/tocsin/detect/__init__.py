"""Route, match, label: judges batches of records. Pure: no I/O, no clock, no logging."""

from tocsin.detect.detector import Detector

__all__ = ["Detector"]
