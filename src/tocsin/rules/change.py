"""What a new rule set changes, for the people who watch a reload."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.rules.rule import RuleReport, RuleSet, Status


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between two rule sets.

    Attributes:
        added, removed, changed: ids of rules.
        broken: what the report of the new set says of rules that the old set had and a mistake has cost it.
    """

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]
    broken: tuple[RuleReport, ...]

    def __str__(self) -> str:
        counts = ((self.added, "new"), (self.changed, "changed"), (self.removed, "gone"))
        told = ", ".join(f"{len(ids):,} {word}" for ids, word in counts if ids)
        return told or "none of them different"


def change(old: RuleSet, new: RuleSet) -> Change:
    """Return what is different in a new rule set.

    A rule is broken when the new set lacks it, and the report has a mistake for its id or its file:
    somebody who edits a rule does not mean to switch it off.
    """
    before, after = old.by_id, new.by_id
    removed = before.keys() - after.keys()
    files = {before[id_].path for id_ in removed}
    mistakes = (Status.INVALID, Status.UNSUPPORTED)
    broken = [
        entry
        for entry in new.report
        if entry.status in mistakes and (entry.id in removed or (entry.id is None and entry.path in files))
    ]
    return Change(
        added=frozenset(after.keys() - before.keys()),
        removed=frozenset(removed),
        changed=frozenset(i for i in before.keys() & after.keys() if before[i].revision != after[i].revision),
        broken=tuple(broken),
    )
