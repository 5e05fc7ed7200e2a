"""Sigma text to a rule set with a load report."""
