"""The pages: files of the front end, and one page for every address that the front end knows by itself."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from tocsin.app.console.faults import told

FOLDER = Path(__file__).parent / "static"

HOW_TO_BUILD = "the console's pages are not built: run 'python hatch_build.py' in a clone, or install a wheel"

_HASHED = "assets/"
"""Names in this folder contain a hash of what is in the file: they may be kept for ever."""


def are_built(folder: Path = FOLDER) -> bool:
    """Say whether there are pages to show."""
    return (folder / "index.html").is_file()


class Assets:
    """The ASGI application for everything outside of `/api`.

    Args:
        folder: with index.html.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self._answer(Request(scope), scope)
        await response(scope, receive, send)

    async def _answer(self, request: Request, scope: Scope) -> Response:
        path = request.url.path.lstrip("/")
        if path == "api" or path.startswith("api/"):
            return told(HTTPStatus.NOT_FOUND, "no such address", "see /api/openapi.json")
        if request.method not in ("GET", "HEAD"):
            return told(HTTPStatus.METHOD_NOT_ALLOWED, "pages are only read")
        if not are_built(self._folder):
            return PlainTextResponse(HOW_TO_BUILD + "\n", HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            found = await self._files.get_response(self._files.get_path(scope), scope)
        except HTTPException as missing:
            if missing.status_code != HTTPStatus.NOT_FOUND or path.startswith(_HASHED):
                return told(missing.status_code, "no such file")
            found = FileResponse(self._folder / "index.html")
        kept = path.startswith(_HASHED) and found.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
        found.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return found
