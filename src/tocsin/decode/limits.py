"""How large and how nested a record may be: what is beyond goes to the dead letters, unread."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds on one record; each is a setting of the section `[limits]` by the same name.

    They bound the work that whoever writes events can cause. A record that is `small` is within all but the
    depth whatever it holds, so that most records pay for one comparison.

    Attributes:
        record_bytes: of the record; the default is ten times what a Kafka broker takes by default.
        depth: objects and arrays inside one another; events have five, and what reads them may recurse.
        text_characters: of one text; Windows ends an event at 64 KB.
        values: fields and items of arrays in all, however nested.
        small: in bytes; derived.
    """

    record_bytes: int = 10 * 2**20
    depth: int = 100
    text_characters: int = 2**20
    values: int = 10_000
    small: int = field(init=False)

    def __post_init__(self) -> None:
        # n bytes of JSON have at most n/2 values, and n/2 of them below names of n/2 characters
        small = min(self.record_bytes, self.text_characters, 2 * self.values, _SMALL)
        object.__setattr__(self, "small", small)


_SMALL = 8 * 1024

PATHS = 64 * 2**20
"""Characters that the dotted names of a record may have in all: those of a `small` one stay below 16 MB."""

DEFAULT = Limits()
