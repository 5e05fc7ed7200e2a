"""How the console tells what it cannot answer: `{"error": ..., "hint": ...}`, whatever went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from tocsin.errors import RuleError, TocsinError


class Unanswered(HTTPException):
    """A question that has no answer here: raised by a route.

    Args:
        status: such as 404.
        problem: one sentence.
        hint: what to do about it; empty when the sentence says it all.
    """

    def __init__(self, status: HTTPStatus, problem: str, hint: str = "") -> None:
        super().__init__(status)
        self.problem = problem
        self.hint = hint


def told(status: int, problem: str, hint: str = "", headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer that tells a problem."""
    return JSONResponse({"error": problem, "hint": hint}, status, headers)


def tell(app: FastAPI) -> None:
    """Have an application tell everything that goes wrong in this one way."""
    app.add_exception_handler(TocsinError, _of_ours)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_question)
    app.add_exception_handler(Exception, _of_mistake)


async def _of_ours(_: Request, error: Exception) -> JSONResponse:
    """Tell that what the console reads is away; a rule that somebody sent is for them to mend."""
    fault = cast(TocsinError, error)
    status = (
        HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(fault, RuleError) else HTTPStatus.SERVICE_UNAVAILABLE
    )
    return told(status, fault.problem, fault.hint)


async def _of_http(_: Request, error: Exception) -> JSONResponse:
    fault = cast(HTTPException, error)
    if isinstance(fault, Unanswered):
        return told(fault.status_code, fault.problem, fault.hint)
    return told(fault.status_code, fault.detail, headers=fault.headers)


async def _of_question(_: Request, error: Exception) -> JSONResponse:
    """Tell which parameter is wrong, without repeating its value."""
    wrong = [
        f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}"
        for found in cast(RequestValidationError, error).errors()
    ]
    return told(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(wrong), "see /api/openapi.json")


async def _of_mistake(_: Request, error: Exception) -> JSONResponse:
    return told(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"the console made a mistake: {type(error).__name__}",
        "its log has the details",
    )
