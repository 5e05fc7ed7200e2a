"""Downloads one file over HTTPS, bounded in size and time: how rules come in from outside."""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import urlsplit

from tocsin.errors import SettingsError, StreamError, TocsinError

Watch = Callable[[int, int | None], None]
"""Called with the bytes that have come, and how many there will be if the server has said so."""

_SILENCE = 30.0
"""Seconds without a byte after which a download is given up..."""

_PATIENCE = 600.0
"""... and seconds for all of it: 64 MB at 1 Mbit/s would take 9 minutes."""

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What was downloaded.

    Attributes:
        sha256: of its bytes, in hexadecimal.
        size: in bytes.
        way: the URL that was asked for, and each that it led to.
    """

    sha256: str
    size: int
    way: tuple[str, ...]


def download(url: str, into: IO[bytes], max_bytes: int, watch: Watch) -> Downloaded:
    """Write what is at a URL to a file.

    The URL must be HTTPS, and so must all that it leads to. This machine's own servers (on loopback) may also
    speak HTTP. Proxies and certificates are those of the environment: `HTTPS_PROXY`, `SSL_CERT_FILE`.

    Raises:
        SettingsError: the URL is of another kind, leads to one, is not there, or holds more than `max_bytes`.
        StreamError: the server is away, refuses, or breaks off.
    """
    check_url(url)
    way = [url]
    digest, size = hashlib.sha256(), 0
    with _opened(url, way) as answer:
        total = _announced(answer)
        for chunk in _chunks(url, answer):
            size += len(chunk)
            if max(size, total or 0) > max_bytes:
                raise SettingsError(f"{url}: is larger than {max_bytes:,} bytes", "is it the right file?")
            digest.update(chunk)
            into.write(chunk)
            watch(size, total)
    if total is not None and size != total:
        raise StreamError(f"{url}: the server broke off after {size:,} of {total:,} bytes", "try again")
    return Downloaded(digest.hexdigest(), size, tuple(way))


def check_url(url: str) -> None:
    """Refuse a URL that is not to be downloaded from.

    Raises:
        SettingsError: it is neither HTTPS nor of this machine, or has a password in it.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise SettingsError(
            f"{url!r} is not a URL", "blanks and letters beyond ASCII are written as %20 and the like"
        )
    try:
        parts = urlsplit(url)
        named = parts.username is not None or parts.password is not None
        _ = parts.port
    except ValueError as error:
        raise SettingsError(f"{url}: is not a URL: {error}") from error
    if named:  # not repeated here: messages and pins are read by others
        raise SettingsError("a URL with a user name or a password in it is not taken", "leave them out")
    if not parts.hostname or not (parts.scheme == "https" or _is_plain_loopback(url)):
        raise SettingsError(f"{url}: rules are downloaded over HTTPS only", "a URL that begins with https://")


def _is_plain_loopback(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects from HTTPS to HTTPS only, and remembers them."""

    def __init__(self, way: list[str]) -> None:
        self._way = way

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:  # the signature is urllib's
        """Return the request that a redirect asks for."""
        plain = _is_plain_loopback(newurl) and _is_plain_loopback(req.full_url)
        if not plain and urlsplit(newurl).scheme != "https":
            fp.close()
            target = urlsplit(newurl)  # without its query, which may hold a signature
            raise SettingsError(
                f"{self._way[0]}: leads to {target.scheme}://{target.hostname}, which is not HTTPS",
                "a URL that stays with https://",
            )
        self._way.append(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(url: str, way: list[str]) -> Any:  # noqa: ANN401 - what urllib's openers return has no type
    opener = urllib.request.OpenerDirector()  # not build_opener, which adds file:, data: and ftp:
    for handler in (
        urllib.request.ProxyHandler({} if _is_plain_loopback(url) else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(way),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "tocsin")]
    try:
        return opener.open(url, timeout=_SILENCE)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, error) from error


def _announced(answer: Any) -> int | None:  # noqa: ANN401 - as above
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _chunks(url: str, answer: Any) -> Iterator[bytes]:  # noqa: ANN401 - as above
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            chunk: bytes = answer.read1(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(url, error) from error
        if not chunk:
            return
        if time.monotonic() > deadline:
            raise StreamError(f"{url}: was not downloaded within {_PATIENCE:,.0f} s", "try again")
        yield chunk


def _refused(url: str, error: urllib.error.HTTPError) -> TocsinError:
    said = f"{error.code} {error.reason}"
    if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return SettingsError(f"{url}: is not there ({said})", "is the release's name right?")
    if error.code < HTTPStatus.BAD_REQUEST:  # urllib gave up on a redirect
        return SettingsError(f"{url}: leads nowhere ({' '.join(said.split())})")
    return StreamError(f"{url}: the server refuses: {said}", "try again later")


def _unreachable(url: str, error: Exception) -> StreamError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        hint = "does a proxy look into HTTPS here? The variable SSL_CERT_FILE names its certificate"
        return StreamError(f"{url}: the server's certificate is not trusted: {reason.verify_message}", hint)
    hint = "is this machine online? A proxy is named by the variable HTTPS_PROXY"
    said = "no answer in time" if isinstance(reason, TimeoutError) else str(reason) or type(reason).__name__
    return StreamError(f"{url}: cannot be downloaded: {said}", hint)
