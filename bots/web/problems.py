"""What goes wrong, as answers: `{"detail": "a sentence that says what to do"}`, whatever it was."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core.errors import DatabaseUnavailableError, NotFoundError, PlauditError, SettingsError

logger = logging.getLogger(__name__)

LOGIN: Final = "/login"


class Problem(BaseModel):
    """What went wrong."""

    detail: str = Field(description="A sentence that says what to do.")


STATUS: Final[Mapping[type[PlauditError], int]] = {
    NotFoundError: 404,
    SettingsError: 422,
    DatabaseUnavailableError: 503,
}
_WORDS: Final = {
    400: "The body is not JSON.",
    401: "There is no key, or it is not in use.",
    403: "The key is not for this.",
    404: "There is no such thing.",
    409: "It is not time for this yet.",
    413: "The body is too large.",
    422: "Something in the request cannot be; the sentence says what.",
    429: "Too many requests: `Retry-After` says when to go on.",
    503: "Not now: try again in a moment.",
}


def may_answer(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the description of the interface: the statuses that a route may refuse with, besides those of all."""
    return {status: {"model": Problem, "description": _WORDS[status]} for status in (401, 403, 422, 429, *statuses)}


SENT: Final = (400, 413)
"""The statuses for what is wrong with a body."""


def handle_problems(app: FastAPI) -> None:
    """Let `app` answer in this way."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(PlauditError, _failed)
    app.add_exception_handler(Exception, _unforeseen)


def _answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, dict(headers or {}))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for mypy: it is added for these
    wants_page = "text/html" in request.headers.get("accept", "")
    if error.status_code == 401 and wants_page and request.method == "GET":  # noqa: PLR2004 - HTTP's own
        return RedirectResponse(LOGIN, 303)
    return _answer(error.status_code, str(error.detail), error.headers)


async def _not_valid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the same
    return _answer(422, "; ".join(_told(each) for each in error.errors()))


async def _failed(_: Request, error: Exception) -> Response:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    return _answer(status, str(error), {"Retry-After": "5"} if status == 503 else None)  # noqa: PLR2004 - HTTP's own


async def _unforeseen(request: Request, error: Exception) -> Response:
    logger.error("request_failed", extra={"path": request.scope.get("path")}, exc_info=error)
    return _answer(500, "Something went wrong on my side; the log says what.")


def _told(error: Mapping[str, Any]) -> str:
    """One fault in a sentence, without what was sent: it may be anything, and in no character set."""
    kind, *where = error.get("loc", ())
    place: Sequence[str] = [str(each) for each in where if isinstance(each, str | int)]
    return f"{'.'.join(place) or kind}: {error['msg'][:1].lower()}{error['msg'][1:]}".encode(
        "utf-8", "replace"
    ).decode()
