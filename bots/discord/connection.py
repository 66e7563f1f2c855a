"""One gateway session after another: connects, resumes, starts anew, and says what it lost. It knows no events.

discord.py's `Client.connect` ends with the first malformed payload, and after a longer outage it waits for up to a
quarter of an hour; here its steps are taken one by one.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from bots.discord.identifying import Identifying
from bots.discord.permissions import INTENT_MISSING
from bots.discord.refusals import NOT_ACCEPTED
from core.clock import Clock
from core.errors import PlatformError, PlatformRefusedTokenError

logger = logging.getLogger(__name__)

PAUSES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, *[15.0] * 8, 60.0)
"""Seconds before each try in a row to connect again; the last is kept to."""
_PATIENCE: Final = 60.0
_BROKEN: Final = (aiohttp.ClientError, OSError, TimeoutError)
_MALFORMED_IN_A_ROW: Final = 10
"""So many, and it is the connection that is out of joint."""
_STEADY: Final = 30.0
"""Seconds after which a connection counts as one that holds."""
_REFUSED_TOKEN: Final = 4004
_FINAL: Final = {
    _REFUSED_TOKEN: NOT_ACCEPTED,
    4010: "Discord refuses shard {shard} of {count}: check --shards.",
    4011: "Discord wants a bot in so many servers split into more shards than {count}: start it with --shards auto.",
    4012: "Discord no longer speaks this version of its gateway: update Plaudit.",
    4013: "Discord does not know one of the intents that were asked for: update Plaudit.",
    4014: INTENT_MISSING,
}
"""Close codes after which trying again is in vain
(docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes)."""
_NOT_TO_BE_RESUMED: Final = (4007, 4009)
"""The number of the last frame is wrong; the session is too old."""


class Connection:
    """Keeps a client connected to the gateway, as the shard that the client is."""

    def __init__(
        self,
        client: discord.Client,
        gateway: str,
        clock: Clock,
        identifying: Identifying,
        *,
        on_session: Callable[[datetime | None], None],
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`on_session` is told of each session but the first, with the moment until which nothing was lost."""
        self.shard = client.shard_id or 0
        self._client = client
        self._gateway = yarl.URL(gateway)
        self._clock = clock
        self._on_session = on_session
        self._pauses = pauses
        self._identifying = identifying
        self._heard_at = clock.now()
        self._lost_at: datetime | None = None
        self._sessions = 0
        self._ready = asyncio.Event()
        self._put_off = False

    @property
    def hears(self) -> bool:
        """It is connected right now, and has a session."""
        return bool(self._sessions) and self._lost_at is None

    @property
    def has_session(self) -> bool:
        """It has been connected at least once."""
        return bool(self._sessions)

    def was_put_off(self) -> bool:
        """Since this was asked last, Discord has answered, and not let a session begin."""
        was, self._put_off = self._put_off, False
        return was

    async def gets_ready(self, seconds: float) -> bool:
        """Wait for so long until there is a session and the guilds are known; whether they are."""
        try:
            async with asyncio.timeout(seconds):
                return await self._ready.wait()
        except TimeoutError:
            return False

    def heard(self, frame: dict[str, Any]) -> None:
        """Take note of a frame."""
        kind = frame.get("t")
        if kind in ("READY", "RESUMED"):
            self._back(resumed=kind == "RESUMED")
        self._heard_at = self._clock.now()
        if self._sessions and not any(each.unavailable for each in self._client.guilds):
            self._ready.set()

    async def keep(self) -> None:
        """Stay connected until cancelled. Raises PlatformError for a refusal that no further try would change."""
        resume = False
        failures = 0
        while True:
            began = self._clock.monotonic()
            try:
                await self._listen(resume=resume)
            except ReconnectWebSocket as asked:
                resume = asked.resume and not self._was_sent_away()
                reason = "closed" if asked.resume else "session_ended"
            except discord.ConnectionClosed as closed:
                if sentence := _FINAL.get(closed.code):
                    refused = PlatformRefusedTokenError if closed.code == _REFUSED_TOKEN else PlatformError
                    raise refused(sentence.format(shard=self.shard, count=self._client.shard_count)) from closed
                resume, reason = True, f"closed_{closed.code}"
            except _BROKEN as error:
                resume, reason = True, type(error).__name__
            except Exception:  # noqa: BLE001 - logged below, each time
                resume, reason = False, "malformed_payloads"
            self._lost(reason)
            await self._hang_up()
            if reason == "session_ended":
                self._put_off = True
                await self._identifying.step_back()
            failures = 0 if self._clock.monotonic() - began > _STEADY else failures
            await asyncio.sleep(self._pauses[min(failures, len(self._pauses) - 1)])
            failures += 1

    async def _listen(self, *, resume: bool) -> None:
        before = self._client.ws
        if resume and before is not None and before.session_id is not None:
            connecting = DiscordWebSocket.from_client(
                self._client,
                gateway=before.gateway,
                shard_id=self.shard,
                session=before.session_id,
                sequence=before.sequence,
                resume=True,
            )
            async with asyncio.timeout(_PATIENCE):
                self._client.ws = await connecting
        else:
            async with self._identifying.turn(self.shard):
                connecting = DiscordWebSocket.from_client(
                    self._client, initial=True, gateway=self._gateway, shard_id=self.shard
                )
                async with asyncio.timeout(_PATIENCE):
                    self._client.ws = await connecting
                    # Discord's clock runs from when it took the identify, not from when that was sent.
                    await self._poll(self._client.ws, until=lambda: self._client.ws.session_id is not None)
        await self._poll(self._client.ws)

    async def _poll(self, ws: DiscordWebSocket, *, until: Callable[[], bool] = lambda: False) -> None:
        malformed = 0
        while not until():
            try:
                await ws.poll_event()
                malformed = 0
            except (ReconnectWebSocket, discord.ConnectionClosed, *_BROKEN):
                raise
            except Exception as error:
                # One payload that discord.py cannot read says nothing against the next; what it tells, we have heard.
                # Nor do its words go into a line: they may be what somebody wrote.
                trace = error if logger.isEnabledFor(logging.DEBUG) else None
                logger.warning("gateway_payload_malformed", extra={"reason": type(error).__name__}, exc_info=trace)
                malformed += 1
                if malformed == _MALFORMED_IN_A_ROW:
                    raise

    def _was_sent_away(self) -> bool:
        # The client's `ws` is typed as if it were always there.
        return self._client.ws is not None and self._client.ws.socket.close_code in _NOT_TO_BE_RESUMED

    async def _hang_up(self) -> None:
        if self._client.ws is not None and self._client.ws.open:
            await self._client.ws.close(code=4000)

    def _lost(self, reason: str) -> None:
        if self._lost_at is None:
            self._lost_at = self._heard_at
        logger.warning("connection_lost", extra={"platform": "discord", "shard": self.shard, "reason": reason})

    def _back(self, *, resumed: bool) -> None:
        lost_at, self._lost_at = self._lost_at, None
        self._sessions += not resumed
        if lost_at is None:
            return
        seconds = round((self._clock.now() - lost_at).total_seconds(), 1)
        told = {"platform": "discord", "shard": self.shard, "resumed": resumed, "seconds": seconds}
        logger.info("reconnected", extra=told)
        if not resumed:
            self._on_session(lost_at)
