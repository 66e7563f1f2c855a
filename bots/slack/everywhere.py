"""Slack's workspaces as one platform: each call goes to the workspace that it is about."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

from bots.slack.adapter import SlackPlatform
from bots.slack.render import LIMITS, STREAM_LIMITS, without_live_mentions
from bots.slack.translate import PLATFORM
from core.controls import Attachment, Button, Notice
from core.errors import PlatformError, PlatformUnavailableError, RateLimitedError
from core.events import MessageReceived
from core.messages import Attached, MessageRef, PersonRef, PlaceRef
from core.ports import InTurn, Limits, Own, Reaction, Sent, Shown, StreamLimits, Tally

logger = logging.getLogger(__name__)

PlatformOf = Callable[[str], Awaitable[SlackPlatform]]


class SlackEverywhere:
    """Posts and edits wherever the app is installed; tickets are answered by the workspace that told of the act.

    Every call raises as `SlackPlatform`'s, and PlaceGoneError where the app is not installed any more.
    """

    name = PLATFORM
    limits: Limits = LIMITS
    stream_limits: StreamLimits = STREAM_LIMITS

    def __init__(self, platform_of: PlatformOf, *, teams: Callable[[], Iterable[str]] = tuple, streams: bool) -> None:
        """`platform_of` a workspace, by its id; `teams`: the ids of all."""
        self._of = platform_of
        self._teams = teams
        self._streams = streams

    async def hears(self) -> bool:
        """Where the web's server runs, it does."""
        return True

    def edit_bucket(self, place: PlaceRef) -> str:
        """All edits in a workspace share one."""
        return f"{place.workspace}:chat.update"

    def append_bucket(self, place: PlaceRef) -> str:
        """All appends in a workspace share one."""
        return f"{place.workspace}:chat.appendStream"

    def can_stream_in(self, place: PlaceRef, asker: PersonRef) -> bool:
        """Slack streams in threads, and wants to know for whom."""
        return self._streams and bool(place.thread and asker.id)

    def harmless(self, text: str) -> str:
        """Without mentions that ring."""
        return without_live_mentions(text)

    async def post(
        self, place: PlaceRef, text: str, *, reply_to: MessageRef | None, nonce: str, again: bool = False
    ) -> Sent:
        """Post in the channel or thread."""
        platform = await self._of(place.workspace)
        return await platform.post(place, text, reply_to=reply_to, nonce=nonce, again=again)

    async def edit(self, message: MessageRef, text: str) -> Sent:
        """Show `text` in place of what the message showed."""
        return await (await self._of(message.workspace)).edit(message, text)

    async def own_since(self, place: PlaceRef, question: MessageRef) -> Sequence[Own]:
        """Ours that came after `question`, each with its nonce."""
        return await (await self._of(place.workspace)).own_since(place, question)

    async def start_stream(self, place: PlaceRef, text: str, *, asker: PersonRef, nonce: str) -> Sent:
        """Post the beginning of a message that will grow."""
        return await (await self._of(place.workspace)).start_stream(place, text, asker=asker, nonce=nonce)

    async def append(self, message: MessageRef, text: str) -> Sent:
        """Add `text` to a message that is streamed."""
        return await (await self._of(message.workspace)).append(message, text)

    async def stop_stream(self, message: MessageRef, text: str) -> Sent:
        """Add `text` and end the stream."""
        return await (await self._of(message.workspace)).stop_stream(message, text)

    async def react(self, message: MessageRef, emoji: str) -> None:
        """Put an emoji on a message; twice is once."""
        await (await self._of(message.workspace)).react(message, emoji)

    async def unreact(self, message: MessageRef, emoji: str) -> None:
        """Take our own emoji off a message."""
        await (await self._of(message.workspace)).unreact(message, emoji)

    async def offer(self, message: MessageRef, text: str, buttons: Sequence[Button]) -> Sent:
        """Show `text` with `buttons` below it."""
        return await (await self._of(message.workspace)).offer(message, text, buttons)

    @property
    def tells_in_place(self) -> bool:
        """Slack shows people what others do not see."""
        return True

    async def tell(self, person: PersonRef, place: PlaceRef, notice: Notice) -> None:
        """Show `notice` to `person` alone, in `place`."""
        await (await self._of(place.workspace)).tell(person, place, notice)

    async def share(self, place: PlaceRef, text: str, file: Attachment, *, nonce: str) -> None:
        """Post `text` with `file` beside it."""
        await (await self._of(place.workspace)).share(place, text, file, nonce=nonce)

    async def files_beside(self, message: MessageRef, place: PlaceRef) -> Sequence[Attached]:
        """What someone attached to a message."""
        return await (await self._of(message.workspace)).files_beside(message, place)

    async def fetch(self, file: Attached, limit: int) -> bytes:
        """What is in a file that someone attached."""
        return await (await self._of(file.workspace)).fetch(file, limit)

    async def link(self, message: MessageRef) -> str:
        """Where `message` is opened."""
        return await (await self._of(message.workspace)).link(message)

    async def channel_names(self, workspace: str) -> Mapping[str, str]:
        """What the channels of a workspace are called that the bot is in."""
        return await (await self._of(workspace)).channel_names(workspace)

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> Sequence[MessageReceived]:
        """What was written in a thread or a direct conversation from `since` on, oldest first."""
        return await (await self._of(place.workspace)).messages_since(place, since, limit)

    async def rooms_since(self, since: datetime, in_turn: InTurn) -> Sequence[PlaceRef]:
        """The channels and conversations that the bot is in, in all workspaces that tell."""
        found: list[PlaceRef] = []
        for team in tuple(self._teams()):
            try:
                found += await (await self._of(team)).rooms_since(since, in_turn)
            except (RateLimitedError, PlatformUnavailableError):
                raise  # it says nothing of this workspace
            except PlatformError as error:
                logger.warning("rooms_not_known", extra={"workspace": team, "error": str(error)})
        return found

    async def shown_in(
        self, place: PlaceRef, since: datetime, until: datetime | None, in_turn: InTurn
    ) -> AsyncGenerator[Sequence[Shown], None]:
        """What stands in a thread or a direct conversation, page by page."""
        platform = await self._of(place.workspace)
        async with aclosing(platform.shown_in(place, since, until, in_turn)) as pages:
            async for page in pages:
                yield page

    async def reactions_on(
        self, message: MessageRef, in_turn: InTurn, tallies: Sequence[Tally] | None = None
    ) -> Sequence[Reaction]:
        """Every reaction on a message, with all who put it there."""
        return await (await self._of(message.workspace)).reactions_on(message, in_turn, tallies)

    async def roles_of(self, person: PersonRef, in_turn: InTurn) -> tuple[str, ...]:
        """What someone is in their workspace."""
        return await (await self._of(person.workspace)).roles_of(person, in_turn)
