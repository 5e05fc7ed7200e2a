"""The pipeline as a picture: its stages, how fast each is, and where it waits."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked
from tocsin.app.console.pipeline_view import Pipeline

router = APIRouter(prefix="/api", tags=["live"])


@router.get("/pipeline", response_model=Pipeline)
def pipeline(console: Asked) -> Response:
    """Return the stages with their rates and times, and which of them holds up the others.

    Times are the workers' own where `console.metrics` names them; without that, rates are known from the
    topic and from the results.
    """
    return answered(console.sampler.pipeline())
