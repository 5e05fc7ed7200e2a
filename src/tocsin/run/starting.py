"""Finds out where to read partitions on from: every sink is asked, and the furthest behind decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tocsin.errors import StreamError
from tocsin.ports import BEGINNING, Positions
from tocsin.run.writer import Answer, Writer


@dataclass(slots=True)
class _Question:
    """What was asked of all writers at once, and their answers so far.

    Attributes:
        partitions: those that are still to be started.
        positions: by the writers' places, what each has; a writer that did not answer yet is missing.
        begun: the writers that had to be told where to begin, and have been.
    """

    partitions: set[int]
    positions: dict[int, Positions] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)


class Starting:
    """The partitions whose position is being asked. Used by the loop's thread only.

    A question has a ticket; an answer to an older one is not heard, for the partition was given away and
    came back meanwhile.

    Args:
        writers: the first one's sink decides where later sinks begin.
        backfill: the places of writers whose sinks begin at the log's start instead.
        beginning: returns the first offsets that the log has, or raises `StreamError` to be asked again.
    """

    def __init__(
        self,
        writers: Sequence[Writer],
        backfill: frozenset[int],
        beginning: Callable[[list[int]], Positions],
    ) -> None:
        self._writers = writers
        self._backfill = backfill
        self._beginning = beginning
        self._questions: dict[int, _Question] = {}
        self._tickets = 0

    @property
    def partitions(self) -> set[int]:
        """Return those that are being asked for."""
        return {p for question in self._questions.values() for p in question.partitions}

    def ask(self, partitions: list[int]) -> None:
        """Ask all sinks, anew if that was under way."""
        self.forget(partitions)
        self._tickets += 1
        self._questions[self._tickets] = _Question(set(partitions))
        for writer in self._writers:
            writer.ask(self._tickets, partitions)

    def forget(self, partitions: list[int]) -> None:
        """Ask no more for these."""
        for ticket, question in list(self._questions.items()):
            question.partitions.difference_update(partitions)
            if not question.partitions:
                del self._questions[ticket]

    def answered(self) -> dict[int, int]:
        """Hear the writers, and return the positions of those partitions of which everything is known now."""
        for place, writer in enumerate(self._writers):
            for answer in writer.answers():
                self._hear(place, answer)
        found: dict[int, int] = {}
        for ticket, question in list(self._questions.items()):
            if len(question.positions) == len(self._writers) and self._all_know(ticket, question):
                del self._questions[ticket]
                found.update({p: self._lowest(p, question) for p in question.partitions})
        return found

    def _hear(self, place: int, answer: Answer) -> None:
        question = self._questions.get(answer.ticket)
        if question is None:
            return
        if answer.positions is None:  # another worker came in between
            self.ask(sorted(question.partitions))
        else:
            question.positions[place] = {**question.positions.get(place, {}), **answer.positions}

    def _all_know(self, ticket: int, question: _Question) -> bool:
        """Tell later sinks where to begin; say whether there was nothing to tell."""
        first = question.positions[0]
        everybody = True
        for place, writer in enumerate(self._writers[1:], 1):
            new = sorted(question.partitions - question.positions[place].keys())
            if not new:
                continue
            everybody = False
            if place not in question.begun:
                with suppress(StreamError):  # the source tells about it; asked again in the next turn
                    writer.begin(ticket, self._begins(new, {} if place in self._backfill else first))
                    question.begun.add(place)
        return everybody

    def _begins(self, partitions: list[int], first: Positions) -> Positions:
        """Return where the first sink is, and of those that it does not know the log's start."""
        unknown = [p for p in partitions if p not in first]
        known = {p: first[p] for p in partitions if p in first}
        return {**known, **(self._beginning(unknown) if unknown else {})}

    def _lowest(self, partition: int, question: _Question) -> int:
        known = [positions.get(partition) for positions in question.positions.values()]
        return BEGINNING if None in known else min(p for p in known if p is not None)
