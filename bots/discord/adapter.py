"""The Discord adapter: connects to the gateway, hands events to the assistant, posts and edits. No decisions here."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from bots.discord.answers import Answers
from bots.discord.client import check_permissions, logged_in
from bots.discord.connection import IDENTIFY_PAUSE, PAUSES, Connection
from bots.discord.direct import DirectMessages
from bots.discord.history import History
from bots.discord.indicator import Indicator
from bots.discord.listening import Listener
from bots.discord.reading import PLATFORM
from bots.discord.refusals import UnknownEmojiError
from bots.discord.registration import register
from bots.discord.render import LIMITS, render
from bots.discord.render_controls import rows
from bots.discord.rest import CALLS_PER_SECOND, Rest
from bots.discord.surroundings import CachedSurroundings
from core.clock import Clock, SystemClock
from core.controls import Button, Form, Notice
from core.errors import MessageGoneError, PlatformError, RateLimitedError
from core.events import Event, Interaction, MessageReceived
from core.messages import MessageRef, PersonRef, PlaceRef
from core.ports import ChatPlatform, InTurn, Limits, Reaction, Sent, Shown, Tally

logger = logging.getLogger(__name__)

Handle = Callable[[Event, ChatPlatform], Coroutine[Any, Any, None]]
CatchUp = Callable[[ChatPlatform, datetime | None], None]

_START_SECONDS: Final = 15.0
"""How long the start waits for a session and for the channels of every server: one may be away for long."""


class DiscordPlatform:
    """Posts and edits wherever the bot is."""

    name = PLATFORM
    tells_in_place = False

    def __init__(self, rest: Rest, around: CachedSurroundings, clock: Clock, application: str) -> None:
        self._rest = rest
        self.answers = Answers(rest, application)
        self._direct = DirectMessages(rest)
        self._indicator = Indicator(rest)
        self._history = History(rest, around, clock)
        self._unsure: set[str] = set()
        """The nonces of posts that failed: Discord may have taken them."""

    @property
    def limits(self) -> Limits:
        """Discord's."""
        return LIMITS

    def edit_bucket(self, place: PlaceRef) -> str:
        """The edits in one channel or thread share one."""
        return _room(place)

    async def post(
        self, place: PlaceRef, text: str, *, reply_to: MessageRef | None, nonce: str, again: bool = False
    ) -> Sent:
        """Post in the channel or thread. For some minutes Discord answers a repeated nonce with the first message."""
        room = _room(place)
        body = {**render(text), "nonce": nonce, "enforce_nonce": True}
        if reply_to is not None and reply_to.channel == room:
            body["message_reference"] = {"message_id": reply_to.id, "fail_if_not_exists": False}
        self._indicator.end(room)
        is_retry = again or nonce in self._unsure
        try:
            answer = await self._rest.call("POST", f"/channels/{room}/messages", bucket=("post", room), body=body)
        except RateLimitedError:
            raise
        except PlatformError:
            self._unsure.add(nonce)
            raise
        self._unsure.discard(nonce)
        return Sent(MessageRef(PLATFORM, place.workspace, room, answer.data["id"]), is_found_again=is_retry)

    async def edit(self, message: MessageRef, text: str) -> Sent:
        """Show `text` in place of what the message showed. Whoever calls paces by the budget that comes back."""
        answer = await self._rest.call("PATCH", _path(message), bucket=None, body=render(text))
        return Sent(message, answer.budget)

    async def react(self, message: MessageRef, emoji: str) -> None:
        """Put an emoji on a message; twice is once."""
        path = f"{_path(message)}/reactions/{quote(emoji)}/@me"
        await self._rest.call("PUT", path, bucket=("react", message.channel), patient=True)

    async def unreact(self, message: MessageRef, emoji: str) -> None:
        """Take our own emoji off a message, if it is there."""
        path = f"{_path(message)}/reactions/{quote(emoji)}/@me"
        with contextlib.suppress(MessageGoneError, UnknownEmojiError):
            await self._rest.call("DELETE", path, bucket=("react", message.channel), patient=True)

    async def offer(self, message: MessageRef, text: str, buttons: Sequence[Button]) -> Sent:
        """Show buttons below a message of ours; they stay when it is edited later."""
        body = {**render(text), "components": rows(buttons)}
        answer = await self._rest.call("PATCH", _path(message), bucket=None, body=body)
        return Sent(message, answer.budget)

    async def whisper(self, ticket: str, notice: Notice) -> None:
        """Show `notice` to the person whose act the ticket is for."""
        await self.answers.whisper(ticket, notice)

    async def open_form(self, ticket: str, form: Form) -> None:
        """Put `form` before them."""
        await self.answers.open_form(ticket, form)

    async def tell(self, person: PersonRef, place: PlaceRef, notice: Notice) -> None:
        """Write `notice` to `person` as a direct message."""
        del place  # Discord shows a message to one person alone where it answers them, and nowhere else
        await self._direct.tell(person, notice)

    def typing(self, place: PlaceRef) -> AbstractAsyncContextManager[None]:
        """Show that an answer is on its way, until the first text of it or the end of the block."""
        return self._indicator.shown(_room(place))

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> Sequence[MessageReceived]:
        """What was written in a channel or thread from `since` on, oldest first."""
        return await self._history.messages_since(place, since, limit)

    def shown_in(
        self, place: PlaceRef, since: datetime, until: datetime | None, in_turn: InTurn
    ) -> AsyncGenerator[Sequence[Shown], None]:
        """What stands in a channel or thread, page by page."""
        return self._history.shown_in(place, since, until, in_turn)

    async def reactions_on(
        self, message: MessageRef, in_turn: InTurn, tallies: Sequence[Tally] | None = None
    ) -> Sequence[Reaction]:
        """Who put which emoji on a message; super ones count as others do."""
        return await self._history.reactions_on(message, in_turn, tallies)


@asynccontextmanager
async def connected(
    *,
    token: str,
    api_url: str,
    gateway_url: str,
    handle: Handle,
    session: aiohttp.ClientSession,
    catch_up: CatchUp = lambda *_: None,
    calls_per_second: int = CALLS_PER_SECOND,
    identify_pause: float = IDENTIFY_PAUSE,
    pauses: Sequence[float] = PAUSES,
) -> AsyncIterator[DiscordPlatform]:
    """A live connection to Discord: while it is open, what people do reaches `handle`.

    `session` is used for every call, also by the replies that are finished after this block was left.
    `catch_up` is called with each new session, in whose absence something may have been missed, and with the moment
    until which nothing was (None at the start). `pauses`: seconds before tries in a row to connect again.

    Raises:
        PlatformError: Discord cannot be reached, refuses the token, or lets the bot do nothing; the message says what
            to do.
    """
    clock = SystemClock()
    async with logged_in(token, api_url) as client:
        rest = Rest(
            session,
            api_url,
            token.strip(),
            user_agent=client.http.user_agent,
            clock=clock,
            calls_per_second=calls_per_second,
        )
        around = CachedSurroundings(client, rest)
        application = str(client.application_id)
        platform = DiscordPlatform(rest, around, clock, application)

        async def take(event: Event) -> None:
            if isinstance(event, Interaction):
                await platform.answers.attend(event.ticket, lambda: handle(event, platform))
            else:
                await handle(event, platform)

        listener = Listener(around, take, clock)
        connection = Connection(
            client,
            gateway_url,
            clock,
            on_session=lambda since: catch_up(platform, since),
            pauses=pauses,
            identify_pause=identify_pause,
        )

        def hear(frame: dict[str, Any]) -> None:
            listener.hear(frame)
            connection.heard(frame)

        client.hear = hear
        keeping = asyncio.create_task(connection.keep(), name="stay connected to Discord")
        registering = asyncio.create_task(register(rest, application), name="register commands")
        try:
            await _ready(connection, keeping, gateway_url)
            check_permissions(client)
            await asyncio.wait({registering}, timeout=_START_SECONDS)
            keeping.add_done_callback(_ended)
            catch_up(platform, None)
            yield platform
        finally:
            keeping.cancel()
            registering.cancel()
            await asyncio.gather(keeping, registering, return_exceptions=True)
            await listener.close()


async def _ready(connection: Connection, keeping: asyncio.Task[None], gateway_url: str) -> None:
    waiting = asyncio.create_task(connection.ready.wait(), name="wait for Discord's servers")
    try:
        await asyncio.wait((waiting, keeping), timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if keeping.done():
        keeping.result()
    if not connection.has_session:
        raise PlatformError(
            f"Discord's gateway cannot be reached at {gateway_url}. Check the network, or DISCORD_GATEWAY_URL if you "
            "set it."
        )


def _ended(keeping: asyncio.Task[None]) -> None:
    if not keeping.cancelled() and (error := keeping.exception()):
        logger.error("connection_ended", extra={"platform": PLATFORM, "error": str(error)})


def _room(place: PlaceRef) -> str:
    return place.thread or place.channel


def _path(message: MessageRef) -> str:
    return f"/channels/{message.channel}/messages/{message.id}"
