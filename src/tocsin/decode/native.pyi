# The native scanner; its sources are in `native/`.

from collections.abc import Sequence
from typing import Any

INTERFACE: int

class Memory:
    def __init__(self, portable: bool = False) -> None: ...

class Scanner:
    def __init__(
        self,
        names: Sequence[str],
        may_be: bytes,
        only: Sequence[Sequence[Any]],
        closed: bool,
        limits: tuple[int, int, int, int, int],
    ) -> None: ...
    def scan(
        self, memory: Memory, records: list[bytes], rows: Sequence[int]
    ) -> tuple[list[list[Any] | None], list[int]]: ...

def rows_by_mark(records: list[bytes], mark: bytes, length: int) -> dict[bytes, list[int]]: ...
