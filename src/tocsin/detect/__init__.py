"""Route, match, label: judges batches of records. Pure: no I/O, no clock, no logging."""
