"""Sigma text to a rule set with a load report."""

from tocsin.rules.load import load_rules, read_rules
from tocsin.rules.rule import Rule, RuleReport, RuleSet, Status

__all__ = ["Rule", "RuleReport", "RuleSet", "Status", "load_rules", "read_rules"]
