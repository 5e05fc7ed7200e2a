"""The live page: the pipeline at this moment, once or each second."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked
from tocsin.app.console.live_record import Live
from tocsin.app.console.stream import streamed, told_again

router = APIRouter(prefix="/api", tags=["live"])


@router.get("/live", response_model=Live)
def live(console: Asked) -> Response:
    """Return the pipeline at this moment, with the last five minutes."""
    return answered(console.sampler.live())


@router.get(
    "/live/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events named `live`."}},
)
async def live_stream(console: Asked) -> StreamingResponse:
    """Send the same each second as server-sent events; the last minutes are in the first one only."""
    return streamed(told_again(console.sampler.bell, console.sampler.frame))
