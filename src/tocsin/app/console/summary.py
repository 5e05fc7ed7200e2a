"""The numbers of `tocsin stats`, for the console."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tocsin.app.console.context import Asked

router = APIRouter(prefix="/api", tags=["summary"])


@router.get("/summary", response_model=dict[str, Any])
def summary(console: Asked) -> Response:
    """Return the numbers of `tocsin stats --format json`; the answer may be ten seconds old.

    Of many millions of events it may be older: it is asked for anew when five times as long has passed as it
    took.
    """
    return Response(console.summaries.json(), media_type="application/json")
