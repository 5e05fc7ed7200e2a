"""Where results are kept: a local folder, or a prefix in an S3-compatible store; all of this room asks here.

A store needs nothing but conditional puts (`If-None-Match`), which S3 and its kin have: they decide which of
two commits came first. Credentials, region and endpoint are those of the environment, as for every AWS tool.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError
from pyarrow.fs import FileSystem, LocalFileSystem, S3FileSystem

from tocsin.errors import SettingsError, StreamError
from tocsin.results.damage import damage_of

_SCHEMES = ("s3://", "s3a://")

_RETRIES = {"max_retries": "4", "retry_timeout": "30s", "connect_timeout": "5s", "timeout": "60s"}
"""A store that is away is told within half a minute; whoever writes tries again with what it holds."""


@dataclass(frozen=True, slots=True)
class Location:
    """A folder of results, or one of the tables in it.

    Attributes:
        text: a local path as it was given, or a URL such as `s3://bucket/prefix`.
    """

    text: str

    @classmethod
    def of(cls, where: Where) -> Location:
        """Return the location that a user named.

        Raises:
            SettingsError: a URL of a kind that is not supported, or without a bucket.
        """
        if isinstance(where, Location):
            return where
        text = str(where)
        scheme, there, rest = text.partition("://")
        if not there:
            return cls(text)
        if f"{scheme}://" not in _SCHEMES or not rest.strip("/"):
            raise SettingsError(
                f"{text}: results cannot be kept there", "name a local folder, or s3://BUCKET/PREFIX"
            )
        return cls(f"s3://{rest.rstrip('/')}")

    def __str__(self) -> str:
        return self.text

    def __truediv__(self, name: str) -> Location:
        return Location(
            f"{self.text.rstrip('/') or '/'}/{name}" if self.is_remote else str(Path(self.text) / name)
        )

    @property
    def is_remote(self) -> bool:
        """Say whether it is a URL."""
        return "://" in self.text

    @property
    def name(self) -> str:
        """Return the last part: of a table, its name."""
        return self.text.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> Location:
        """Return the folder that a table is in."""
        return Location(self.text.rpartition("/")[0] if self.is_remote else str(Path(self.text).parent))

    @property
    def path(self) -> Path:
        """Return the local folder.

        Raises:
            SettingsError: it is not a local one.
        """
        if self.is_remote:
            raise SettingsError(f"{self.text}: this needs results in a local folder")
        return Path(self.text)

    @property
    def home(self) -> str:
        """Return what names the place wherever it is asked from: the URL, or the absolute path."""
        return self.text if self.is_remote else str(Path(self.text).absolute())

    @property
    def options(self) -> dict[str, str] | None:
        """Return what the table library is told beyond the environment."""
        if not self.is_remote:
            return None
        endpoint = _endpoint()
        options = {**_RETRIES, "conditional_put": "etag"}
        if endpoint:
            options["aws_endpoint"] = endpoint
            options["allow_http"] = str(endpoint.startswith("http://")).lower()
        return options

    def opened(self) -> DeltaTable:
        """Open the table that is here."""
        for _ in range(_LISTINGS):
            try:
                return DeltaTable(self.text, storage_options=self.options)
            except DeltaError as error:
                if not is_passing(error):
                    raise
        return DeltaTable(self.text, storage_options=self.options)

    def is_table(self) -> bool:
        """Say whether a table is here.

        Raises:
            StreamError: the store does not answer.
        """
        with told(self):
            return bool(DeltaTable.is_deltatable(self.text, storage_options=self.options))

    def files(self) -> tuple[FileSystem, str]:
        """Return the file system that the table's files are read from, and this place in it.

        The table library's own file system would hold Python's lock while it waits for the network.
        """
        if not self.is_remote:
            return LocalFileSystem(), self.text
        endpoint = _endpoint()
        store = S3FileSystem(
            connect_timeout=5, request_timeout=60, **({"endpoint_override": endpoint} if endpoint else {})
        )
        return store, self.text.partition("://")[2]


Where = Location | Path | str
"""How callers name a place."""


def _endpoint() -> str:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""


@contextmanager
def told(place: Location) -> Iterator[None]:
    """Tell what the store refuses as a `StreamError`; a lost race stays what it is."""
    try:
        yield
    except CommitFailedError:
        raise
    except (OSError, DeltaError) as error:
        raise refusal(place, error) from error


def refusal(place: Location, error: Exception) -> StreamError:
    """Return what a refusal of the store means for the reader."""
    text = plainly(error)
    if is_full(error):
        return StreamError(
            f"{place}: the disk is full: {text}", "make room; what is held is written by the next try"
        )
    if place.is_remote:
        return StreamError(
            f"{place}: the store does not answer, or refuses: {text}",
            "check AWS_ENDPOINT_URL, AWS_REGION, the credentials and the bucket",
        )
    damage = damage_of(place.path)
    if damage:
        return StreamError(*damage)
    return StreamError(
        f"{place}: the results cannot be read or written: {text}",
        "is the folder gone, or a file in it damaged?",
    )


@contextmanager
def rows_read(place: object) -> Iterator[None]:
    """Tell that rows cannot be read, and from which file, as a `StreamError`."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise StreamError(
            f"{place}: the results cannot be read: {error}",
            "was a file of the table removed or damaged? restore it from a backup",
        ) from error


def is_passing(error: BaseException | None) -> bool:
    """Say whether a listing of the log seemed to have a gap, as it may while others add commits."""
    return "found gap" in str(error)


_LISTINGS = 5
"""How often the log is listed anew when there was a gap; one that stays is damage."""


_FULL = re.compile(
    r"No space left on device|os error 28|Disk quota exceeded|os error 122|File too large|os error 27"
)


def is_full(error: BaseException) -> bool:
    """Say whether a write failed for want of room; the table library tells it in words only."""
    known = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return known or bool(_FULL.search(str(error)))


_MARKS = re.compile(r"\x1b\[[0-9;]*m|↳")
_TRACE = re.compile(r"\s*\d+: ")


def plainly(error: Exception) -> str:
    """Return an error of the table library in one line: causes without colours, arrows and stack traces."""
    causes: list[str] = []
    for line in _MARKS.sub("", str(error)).splitlines():
        if _TRACE.match(line):
            break
        if line.strip():
            causes.append(line.strip())
    return ": ".join(causes)[:_LONGEST] or type(error).__name__


_LONGEST = 500
"""Signs of an error's text: enough for a URL and its cause."""
