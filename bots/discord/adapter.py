"""The Discord adapter: connects to the gateway, hands events to the assistant, posts and edits. No decisions here."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from bots.discord.answers import Answers
from bots.discord.client import check_permissions, logged_in, user_agent
from bots.discord.connection import PAUSES
from bots.discord.direct import DirectMessages
from bots.discord.gateway import Gateway
from bots.discord.history import History
from bots.discord.identifying import IDENTIFY_PAUSE, Identifying
from bots.discord.indicator import Indicator
from bots.discord.listening import Listener
from bots.discord.reading import PLATFORM, permalink
from bots.discord.refusals import UnknownEmojiError
from bots.discord.registration import register
from bots.discord.render import LIMITS, render
from bots.discord.render_controls import rows
from bots.discord.rest import CALLS_PER_SECOND, Rest
from bots.discord.shards import ALONE, Shards, chosen, read_advice
from bots.discord.surroundings import CachedSurroundings
from core.clock import Clock, SystemClock
from core.controls import Attachment, Button, Form, Notice
from core.errors import MessageGoneError, PlatformError, RateLimitedError
from core.events import Event, Interaction, MessageReceived
from core.messages import Attached, MessageRef, PersonRef, PlaceRef
from core.ports import ChatPlatform, InTurn, Limits, Own, Reaction, Sent, Shown, Tally, never
from core.tasks import cancelled

logger = logging.getLogger(__name__)

Handle = Callable[[Event, ChatPlatform], Coroutine[Any, Any, None]]
CatchUp = Callable[[ChatPlatform, datetime | None], None]

_REGISTERING_SECONDS: Final = 15.0
"""How long the start waits until Discord knows the commands."""


class DiscordPlatform:
    """Posts and edits wherever the bot is."""

    name = PLATFORM
    tells_in_place = False

    def __init__(self, rest: Rest, around: CachedSurroundings, clock: Clock, application: str) -> None:
        self._rest = rest
        self.answers = Answers(rest, application)
        self._direct = DirectMessages(rest)
        self._indicator = Indicator(rest)
        self._around = around
        self._history = History(rest, around, clock)
        self.hears: Callable[[], Awaitable[bool]] = never
        """Whether Discord's events reach it right now, over all of its connections."""
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

    async def own_since(self, place: PlaceRef, question: MessageRef) -> Sequence[Own]:
        """Ours that may answer `question`."""
        return await self._history.own_since(place, question)

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

    async def share(self, place: PlaceRef, text: str, file: Attachment, *, nonce: str) -> None:
        """Post `text` with `file` beside it; needs the permission Attach Files there."""
        room = _room(place)
        shown = {"id": 0, "filename": file.name, "description": file.description}
        body = {**render(text), "nonce": nonce, "enforce_nonce": True, "attachments": [shown]}
        path, bucket = f"/channels/{room}/messages", ("post", room)
        await self._rest.call("POST", path, bucket=bucket, body=body, attachment=file, patient=True)

    async def files_beside(self, message: MessageRef, place: PlaceRef) -> Sequence[Attached]:
        """What someone attached to a message."""
        return await self._history.files_beside(message, place)

    async def fetch(self, file: Attached, limit: int) -> bytes:
        """What is in a file that someone attached."""
        return await self._rest.fetch(file.address, limit)

    async def link(self, message: MessageRef) -> str:
        """Where `message` is opened: its address tells."""
        return permalink(message)

    async def channel_names(self, workspace: str) -> Mapping[str, str]:
        """What the channels of a server are called."""
        return await self._around.channel_names(workspace)

    def typing(self, place: PlaceRef) -> AbstractAsyncContextManager[None]:
        """Show that an answer is on its way, until the first text of it or the end of the block."""
        return self._indicator.shown(_room(place))

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> Sequence[MessageReceived]:
        """What was written in a channel or thread from `since` on, oldest first."""
        return await self._history.messages_since(place, since, limit)

    async def rooms_since(self, since: datetime, in_turn: InTurn) -> Sequence[PlaceRef]:
        """The channels and threads in which something was written; what Discord told at the start says it."""
        del in_turn
        return self._history.rooms_since(since)

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

    async def roles_of(self, person: PersonRef, in_turn: InTurn) -> tuple[str, ...]:
        """The roles of a member, by id and name."""
        return await self._history.roles_of(person, in_turn)


@asynccontextmanager
async def connected(
    *,
    token: str,
    api_url: str,
    gateway_url: str,
    handle: Handle,
    session: aiohttp.ClientSession,
    catch_up: CatchUp = lambda *_: None,
    shards: Shards | None = ALONE,
    calls_per_second: int = CALLS_PER_SECOND,
    identify_pause: float = IDENTIFY_PAUSE,
    pauses: Sequence[float] = PAUSES,
) -> AsyncIterator[DiscordPlatform]:
    """A live connection to Discord: while it is open, what people do reaches `handle`.

    `session` is used for every call, also by the replies that are finished after this block was left.
    `catch_up` is called with each new session, in whose absence something may have been missed, and with the moment
    until which nothing was (None at the start). `shards`: what is heard here of the bot's servers; None for all of
    them, in as many sessions as Discord advises. `pauses`: seconds before tries in a row to connect again.

    Raises:
        PlatformUnavailableError: Discord cannot be reached, or is out of order; another try may do.
        PlatformError: Discord refuses the token, or lets the bot do nothing; the message says what to do.
    """
    clock = SystemClock()
    rest = Rest(
        session, api_url, token.strip(), user_agent=user_agent(), clock=clock, calls_per_second=calls_per_second
    )
    heard, at_once = await _split(rest, shards)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(logged_in(token, api_url, shard, heard.count)) for shard in heard.ids
        ]
        around = CachedSurroundings(clients, rest)
        application = str(clients[0].application_id)
        platform = DiscordPlatform(rest, around, clock, application)

        async def take(event: Event) -> None:
            if isinstance(event, Interaction):
                await platform.answers.attend(event.ticket, lambda: handle(event, platform))
            else:
                await handle(event, platform)

        registering = asyncio.create_task(register(rest, application), name="register commands")
        stack.push_async_callback(cancelled, [registering])
        gateway = Gateway(
            clients,
            gateway_url,
            clock,
            Identifying(clock, pause=identify_pause, at_once=at_once),
            listener=lambda: Listener(around, take, clock),
            on_session=lambda since: catch_up(platform, since),
            pauses=pauses,
        )
        await stack.enter_async_context(gateway)
        platform.hears = gateway.hears
        await gateway.ready()
        check_permissions(clients, are_all=heard.are_all)
        await asyncio.wait({registering}, timeout=_REGISTERING_SECONDS)
        catch_up(platform, None)
        yield platform


async def _split(rest: Rest, shards: Shards | None) -> tuple[Shards, int]:
    """The shards that are heard here, and how many of them may begin at once."""
    if shards == ALONE:
        return ALONE, 1
    advice = read_advice((await rest.call("GET", "/gateway/bot", bucket=("gateway", ""))).data)
    heard = chosen(shards, advice)
    logger.info("shards_chosen", extra={"platform": PLATFORM, "shards": len(heard.ids), "of": heard.count})
    return heard, advice.at_once


def _room(place: PlaceRef) -> str:
    return place.thread or place.channel


def _path(message: MessageRef) -> str:
    return f"/channels/{message.channel}/messages/{message.id}"
