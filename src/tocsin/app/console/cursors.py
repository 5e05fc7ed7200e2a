"""Cursors: where a page ended, written so that it can be sent back and nobody takes it for more."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus
from typing import TypeVar

import msgspec

from tocsin.app.console.faults import Unanswered

T = TypeVar("T")


def written(mark: object) -> str:
    """Return a cursor for data of any kind."""
    return base64.urlsafe_b64encode(msgspec.json.encode(mark)).decode("ascii").rstrip("=")


def read(cursor: str, kind: type[T]) -> T:
    """Return the data in a cursor.

    Raises:
        Unanswered: it is none of ours.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, ValueError) as error:
        raise Unanswered(
            HTTPStatus.UNPROCESSABLE_ENTITY, "cursor: not one of ours", "take `next` of the answer before"
        ) from error
