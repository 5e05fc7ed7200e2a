"""The results table that owns the offsets, the dead letters, and the CSV view."""
