"""Stands before every route of the console: who may ask, how much they may send, and what answers carry."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.app.console.faults import told
from tocsin.errors import SettingsError

BODY_BYTES = 2**20
"""The largest body of a request: an event with a rule to try on it."""

SHORTEST_TOKEN = 16
"""Signs of a token that is asked of other machines: it must not be guessed."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer. Nothing is loaded from elsewhere; no other site may show, read or embed the console."""

_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Door:
    """Who may ask.

    Attributes:
        token: that they have to know; empty for none.
        names: of hosts under which browsers may ask, lower case.
        local: only this machine can reach the console.
    """

    token: str
    names: frozenset[str]
    local: bool

    @property
    def cookie(self) -> str:
        """Return the cookie's name: consoles on other ports of a host see each other's cookies."""
        return "tocsin-" + self._derived("name")[:8]

    @property
    def session(self) -> str:
        """Return the cookie's value, from which the token cannot be told."""
        return self._derived("session")

    def _derived(self, purpose: str) -> str:
        return hmac.new(self.token.encode(), f"tocsin console {purpose}".encode(), hashlib.sha256).hexdigest()

    def knows(self, host: str) -> bool:
        """Say whether a Host header names us, and not a site whose name was made to lead here.

        A page of another site can have its own name lead to this machine (DNS rebinding), and its browser
        then takes our answers for its own. It cannot do that with an address, nor with `localhost`.
        """
        name = _name_in(host)
        if name in self.names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback or not self.local
        except ValueError:
            return False


def door_of(host: str, token: str, names: list[str]) -> Door:
    """Return the door of a console that listens at a host.

    Args:
        host: an address, or a name.
        token: empty for none on loopback, and for a new one elsewhere.
        names: under which browsers may ask besides.

    Raises:
        SettingsError: a token that could be guessed.
    """
    local = is_loopback(host)
    if token and not local and len(token) < SHORTEST_TOKEN:
        raise SettingsError(
            f"console.token: has {len(token)} signs, and other machines can reach {host}",
            f"take at least {SHORTEST_TOKEN}, or leave it out: there is a new one at each start then",
        )
    if not token and not local:
        token = secrets.token_urlsafe(24)
    return Door(token, frozenset(_name_in(name) for name in [*names, host]), local)


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """The ASGI application around the console's.

    Args:
        inner: what is guarded.
        door: who may ask.
    """

    def __init__(self, inner: ASGIApp, door: Door) -> None:
        self._inner = inner
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse to."""
        if scope["type"] != "http":  # there are no WebSockets, and nothing is done at start and end
            return
        request = Request(scope)
        admits = self._is_given(request)
        answer = _Answer(send, request, self._door if admits else None)
        refusal = self._refusal(request) or self._way_in(request, given=admits)
        if refusal is not None:
            await refusal(scope, receive, answer.send)
            return
        await self._inner(scope, _Body(receive).receive, answer.send)

    def _refusal(self, request: Request) -> Response | None:
        """Return why nobody may ask in this way."""
        headers = request.headers
        if not self._door.knows(headers.get("host", "")):
            return told(
                HTTPStatus.MISDIRECTED_REQUEST,
                "the console is not known by this name",
                "name it with --name, or ask by an address or as localhost",
            )
        if request.method not in _READING and not _is_from_here(headers):
            return told(HTTPStatus.FORBIDDEN, "pages of other sites may not send anything here")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_BYTES:
            return told(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {BODY_BYTES:,} bytes")
        return None

    def _way_in(self, request: Request, *, given: bool) -> Response | None:
        """Return where to go on without the token in the address, or that it is missing or wrong."""
        in_api = request.url.path.startswith("/api/") or request.url.path == "/api"
        if in_api and not given and not self._is_known(request):
            return told(
                HTTPStatus.UNAUTHORIZED,
                "the console wants its token",
                "open the address with ?token= that it printed when it started",
                {"WWW-Authenticate": "Bearer"},
            )
        if given and not in_api:
            rest = urlencode([(k, v) for k, v in request.query_params.multi_items() if k != "token"])
            # Relative to this host whatever the path is: two slashes would begin the name of another.
            place = "/" + request.url.path.lstrip("/\\")
            return RedirectResponse(place + (f"?{rest}" if rest else ""), HTTPStatus.SEE_OTHER)
        return None

    def _is_given(self, request: Request) -> bool:
        return bool(self._door.token) and _same(request.query_params.get("token", ""), self._door.token)

    def _is_known(self, request: Request) -> bool:
        if not self._door.token:
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(token.strip(), self._door.token):
            return True
        return _same(request.cookies.get(self._door.cookie, ""), self._door.session)


class _Answer:
    """Adds the headers to an answer on its way out; and the cookie for one who gave the token."""

    def __init__(self, send: Send, request: Request, door: Door | None) -> None:
        self._send = send
        self._in_api = request.url.path.startswith("/api")
        self._secure = "; Secure" if request.url.scheme == "https" else ""
        self._door = door

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            if self._in_api:
                headers["Cache-Control"] = "no-store"
            if self._door is not None:
                cookie = f"{self._door.cookie}={self._door.session}"
                headers.append("Set-Cookie", f"{cookie}; HttpOnly; SameSite=Strict; Path=/{self._secure}")
        await self._send(message)


class _Body:
    """Ends a request whose body becomes too large without having said so."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        return message if self._received <= BODY_BYTES else {"type": "http.disconnect"}


def _is_from_here(headers: Headers) -> bool:
    """Say whether no page sent it, or one of ours."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def _name_in(host: str) -> str:
    """Return the name or address in a Host header, without port and brackets."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    name = text.rpartition(":")[0] if text.count(":") == 1 else text
    return name.removesuffix(".")
