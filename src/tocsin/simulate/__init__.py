"""Synthetic Windows activity with attacks mixed in, seeded."""
