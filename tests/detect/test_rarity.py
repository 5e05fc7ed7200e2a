"""Of what a rule cannot do without, the rarest is looked for."""

from __future__ import annotations

from tocsin.detect.clues import Pattern, Where
from tocsin.detect.plan import Plan
from tocsin.rules.ir import And, Text, Wild


def test_what_nearly_all_paths_have_is_not_looked_for_where_something_else_is():
    """However long it is: a folder of Windows tells less than the name of a program."""
    folder = Text("Image", ("C:\\Windows\\System32\\", Wild.MANY))
    program = Text("ParentImage", (Wild.MANY, "\\winword.exe"))
    plan = Plan([And((folder, program)), folder])
    assert plan.covers == [
        frozenset({Pattern("ParentImage", Where.END, "\\winword.exe")}),
        frozenset({Pattern("Image", Where.START, "c:\\windows\\system32\\")}),
    ]


def test_what_is_short_is_only_looked_for_on_behalf_of_rules_that_are_tested_on_many_events():
    """It would have to be looked for in each value, which is dearer than a few tests."""
    program = Text("Image", (Wild.MANY, "\\svchost.exe"))
    option = Text("CommandLine", (Wild.MANY, "-k", Wild.MANY))
    plan = Plan([And((program, option))])
    plan.decide([0])
    assert plan.lacking([0]) == frozenset()
    plan.spare_nothing([0])
    assert plan.lacking([0]) == frozenset({Pattern("CommandLine", Where.ANYWHERE, "-k")})
