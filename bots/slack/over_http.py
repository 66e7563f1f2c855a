"""One workspace of Slack over HTTP: what people do comes in by the door, what the bot does goes out as ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.adapter import CatchUp, Handle, SlackPlatform, client_of, who_am_i
from bots.slack.door import Door
from bots.slack.listening import bolt, listen
from bots.slack.people import Directory
from bots.slack.translate import Identity
from core.clock import Clock, SystemClock
from core.tasks import cancelled

_LATE: Final = 2
"""The retry that comes a minute after the one before: by then Slack may have given up on what it had to tell first."""
_GIVES_UP: Final = timedelta(minutes=6)
"""After so long the last retry was made: at once, after a minute, after five (docs.slack.dev/apis/events-api)."""


class Workspace:
    """The bot in one workspace: a client, an identity, people's names, and what listens there."""

    def __init__(
        self, client: AsyncWebClient, me: Identity, *, handle: Handle, catch_up: CatchUp, streams: bool, clock: Clock
    ) -> None:
        self.directory = Directory(client)
        self.platform = SlackPlatform(client, me, self.directory, streams=streams)
        self.platform.hears = _always
        self._catch_up = catch_up
        self._clock = clock
        self._caught_up = clock.monotonic()
        self._app: AsyncApp = bolt(client, me, str(client.token))
        listen(self._app, me, self.directory, lambda event: handle(event, self.platform), clock.now)

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        """Let the assistant have what a request tells; answered with 200 once it is kept."""
        answer = await self._app.async_dispatch(request)
        if _retry(request) >= _LATE:
            self._was_away()
        return answer

    def _was_away(self) -> None:
        """Look back, once for all retries of one absence."""
        if self._clock.monotonic() - self._caught_up > _GIVES_UP.total_seconds():
            self._caught_up = self._clock.monotonic()
            self._catch_up(self.platform, None)


@asynccontextmanager
async def connected(
    door: Door, *, bot_token: str, api_url: str, handle: Handle, catch_up: CatchUp, streams: bool = True
) -> AsyncIterator[SlackPlatform]:
    """The workspace of the token: while the block lasts, what comes to `door` reaches `handle`.

    `catch_up` and `streams` as for `bots.slack.adapter.connected`; `catch_up` is called after the start, and when
    Slack's retries tell that the bot could not be reached for long.

    Raises:
        PlatformUnavailableError: Slack cannot be reached, or is out of order; another try may do.
        PlatformError: Slack refuses the token; the message says what to do.
    """
    async with aiohttp.ClientSession() as session:
        client = client_of(bot_token, api_url, session)
        me = await who_am_i(client)
        workspace = Workspace(client, me, handle=handle, catch_up=catch_up, streams=streams, clock=SystemClock())
        loading = asyncio.create_task(workspace.directory.load(), name="load Slack's users")
        # Once the names are known: only they tell bots' reactions from people's.
        loading.add_done_callback(lambda task: None if task.cancelled() else catch_up(workspace.platform, None))
        try:
            async with door.open(workspace.dispatch):
                yield workspace.platform
        finally:
            await cancelled([loading])


async def _always() -> bool:
    """Where the web's server runs, it hears; whether Slack finds the way to it, no one here can know."""
    return True


def _retry(request: AsyncBoltRequest) -> int:
    [told, *_] = request.headers.get("x-slack-retry-num") or ["0"]
    return int(told) if told.isascii() and told.isdecimal() and len(told) == 1 else 0
