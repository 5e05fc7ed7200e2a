"""Puts the console together: routes, assets and the guard before them, one application."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from tocsin.app.console import (
    attack,
    dead_letters,
    detection_detail,
    detections,
    faults,
    live,
    pipeline,
    rules,
    status,
    summary,
    topics,
    traces,
)
from tocsin.app.console.assets import Assets
from tocsin.app.console.context import Console
from tocsin.app.console.guard import Door, Guard
from tocsin.version import __version__

ROUTERS: tuple[APIRouter, ...] = (
    status.router,
    live.router,
    pipeline.router,
    topics.router,
    dead_letters.router,
    summary.router,
    detections.router,
    detection_detail.router,
    attack.router,
    rules.router,
    traces.router,
)
"""What is answered under `/api`: one module each."""

_ABOUT = """What Tocsin's workers do and what they found. Everything is read, nothing is changed.

Times are UTC in ISO 8601. Lists are paged: `next` of an answer is the `cursor` of the next question, and null
at the end. Where the console wants a token, send it as `Authorization: Bearer TOKEN`. What cannot be answered
is told as `{"error": "...", "hint": "..."}`."""


def application(console: Console, door: Door) -> ASGIApp:
    """Return the application.

    Args:
        console: what it answers from; the caller closes it after the last answer.
        door: who may ask.
    """
    # Around everything, so that also an answer about a mistake of ours has the guard's headers.
    return Guard(api(console), door)


def api(console: Console) -> FastAPI:
    """Return what is behind the guard: the routes under `/api`, and the pages."""
    app = FastAPI(
        title="Tocsin console",
        description=_ABOUT,
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages load programs from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.console = console
    for router in ROUTERS:
        app.include_router(router)
    app.router.default = Assets()  # not a route: that would hide which methods the others have
    faults.tell(app)
    return app
