"""Tocsin: security events in, ATT&CK-labelled detections out, every event traceable end to end."""

__version__ = "0.1.0"
