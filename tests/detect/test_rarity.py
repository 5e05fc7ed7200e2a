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
