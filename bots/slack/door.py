"""Where Slack's requests come in over HTTP: events, interactions and commands, at one address of the web's server.

The raw bytes are verified before anything of them is read. What is not acknowledged with 200 Slack sends again, up to
three times (docs.slack.dev/apis/events-api, Retries); what it sends twice is kept once, as over a socket.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bots.slack.manifest import PATH
from bots.slack.signed import Signatures
from bots.slack.translate import MALFORMED

logger = logging.getLogger(__name__)

Dispatch: TypeAlias = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]
_OK, _BAD_REQUEST, _UNAUTHORIZED, _NOT_FOUND, _UNAVAILABLE = 200, 400, 401, 404, 503
_LAST_REQUESTS: Final = 3.0
"""Seconds in which requests that are under way still end; Slack waits no longer for any."""


class Door:
    """Lets Slack in, and nobody else."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures
        self._dispatch: Dispatch | None = None
        self._under_way: set[asyncio.Task[object]] = set()

    def router(self) -> APIRouter:
        """The route, for the web's application; it needs no key and is not part of what the web says of itself."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(PATH, self._take, methods=["POST"])
        return router

    @asynccontextmanager
    async def open(self, dispatch: Dispatch) -> AsyncIterator[None]:
        """Hand what comes to `dispatch` while the block lasts; before and after it Slack is told to come again."""
        self._dispatch = dispatch
        try:
            yield
        finally:
            self._dispatch = None
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=_LAST_REQUESTS)

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if reason := self._signatures.refusal(body, timestamp, signature):
            logger.warning("slack_request_refused", extra={"reason": reason, "bytes": len(body)})
            return _problem(_UNAUTHORIZED, f"This is not signed as Slack signs its requests: {reason}.")
        answer = await self._answer(request, body)
        if answer.status_code == _OK:
            self._signatures.took(timestamp, signature)
        return answer

    async def _answer(self, request: Request, body: bytes) -> Response:
        try:
            told = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
            if told.body.get("type") == "url_verification":
                return PlainTextResponse(str(told.body["challenge"]))
        except (*MALFORMED, RecursionError):
            return _malformed(body)
        if (dispatch := self._dispatch) is None:
            return _problem(_UNAVAILABLE, "The bot is not connected to Slack right now.", {"Retry-After": "5"})
        if task := asyncio.current_task():
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        try:
            return _response(await dispatch(told))
        except MALFORMED:  # bolt reads in it before our listeners do
            return _malformed(body)


def _malformed(body: bytes) -> Response:
    logger.warning("slack_request_malformed", extra={"bytes": len(body)})
    return _problem(_BAD_REQUEST, "This is signed, but it is nothing that Slack would send.")


def _response(answer: BoltResponse) -> Response:
    # What nobody here listens for is acknowledged: sent again, it would find nobody either.
    status = _OK if answer.status == _NOT_FOUND else answer.status
    return Response(answer.body if status == answer.status else "", status, answer.first_headers_without_set_cookie())


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": detail}, status, headers)
