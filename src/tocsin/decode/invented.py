"""What decoding may add to an event that its record does not say in these words."""

from __future__ import annotations

INVENTED = frozenset(
    {
        *("untrusted", "low", "medium", "mediumplus", "high", "system"),  # integrity levels, from their ids
        *(
            r"nt authority\system",
            r"nt authority\local service",
            r"nt authority\network service",
        ),  # from SIDs
        *("setvalue", "renamekey", "createpipe", "connectpipe"),  # Sysmon's `EventType`, from the event id
        *("wmifilterevent", "wmiconsumerevent", "wmibindingevent"),
        *("md5=", "sha1=", "sha256=", "imphash=", "dword (0x", "true", "false"),  # the Elastic Common Schema
    }
)
"""In small letters. Numbers are not among them: records may write those in many ways anyway.

Whoever looks for a text in the bytes of records instead of in the values of events has to know these, and
that decoding may join parts of a record by other characters than letters, digits, blanks and `._-:@%$#!`.
"""
