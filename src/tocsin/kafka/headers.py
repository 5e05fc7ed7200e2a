"""The headers of a message, whatever their producer has put there."""

from __future__ import annotations

from operator import methodcaller
from typing import cast

from confluent_kafka import Message

from tocsin.model import Headers

_ask = methodcaller("headers")


def headers_of(message: Message) -> Headers:
    """Return a message's headers; none where the name of one is not UTF-8, which Kafka does not check.

    A message must be asked once and no more: after such a failure confluent-kafka answers with a list that
    is not whole, and reading it crashes. It answers *and* leaves an exception behind. Python, once a call is
    warm, no longer looks for that, and raises it somewhere later; a call from C, as by `methodcaller`, always
    looks.
    """
    try:
        return cast(Headers, _ask(message) or ())
    except (SystemError, UnicodeDecodeError):
        return ()
