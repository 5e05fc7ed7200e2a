"""What may stand in records, as types, and msgspec's structs of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NoReturn, get_origin

import msgspec

SCALAR = str | int | float | bool | None
"""What may stand in a column; any other value makes the record one to be decoded plainly."""


class Absent:
    """The type of what must not be there, not even as null."""


def one_of(values: Sequence[str | int]) -> object:
    """Return the type of a field that has one of these values, and must be there."""
    return Literal[tuple(values)]


def can_be_struct(names: Iterable[str]) -> bool:
    """Say whether msgspec takes names for those of a struct: not such as are written with escapes."""
    return not any(character in _ESCAPED for name in names for character in name)


_ESCAPED = {*'"\\', *map(chr, range(0x20))}


def struct(name: str, types: Mapping[str, object], *, closed: bool = False) -> type[msgspec.Struct]:
    """Return a struct of optional fields with these names, which need not be Python's.

    Where a field's type does not take null it must be there. If it is closed there may be no others.
    """
    renamed = {f"f{place}": name for place, name in enumerate(types)}
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for own, kind in zip(renamed, types.values(), strict=True):
        fields.append((own, kind) if is_required(kind) else (own, kind, None))
    return msgspec.defstruct(
        name, fields, rename=renamed, gc=False, kw_only=True, forbid_unknown_fields=closed
    )


def is_required(kind: object) -> bool:
    """Say whether what has a type must be there."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return True
    return kind is str or get_origin(kind) is Literal


def decoder(row: type[msgspec.Struct]) -> Callable[[bytes], msgspec.Struct]:
    """Return what decodes a record to a row."""
    return msgspec.json.Decoder(row, dec_hook=_refuse).decode


def _refuse(kind: type, found: object) -> NoReturn:
    raise ValueError(f"{found!r} stands where {kind.__name__} is expected")
