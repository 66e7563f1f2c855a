"""What the log holds of a place and the platform no longer shows there: deleted replies, questions and comments.

That a message is gone is concluded only where all of its place was read, and the platform, asked for it alone, says so
too: not from a page that is missing, an error, or a place that cannot be read any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.errors import MessageGoneError, PlaceGoneError
from core.events import MessageDeleted
from core.judging.opinions import comment_origin
from core.messages import Conversation, Message, MessageRef, Role
from core.ports import InTurn, Shown, Store
from core.reconciling.finding import Finder, RemembersChats

_MORE: Final = 20
"""Messages of a conversation that are looked for beside its replies and their questions."""
_COLONS: Final = 3
"""At least so many are in a `MessageRef.key`."""


@dataclass(slots=True)
class Span:
    """The part of a place's past that is read."""

    start: datetime
    end: datetime | None
    """None: up to now."""
    asked: datetime
    seen: set[str] = field(default_factory=set)
    """What stands there, by `MessageRef.key`."""
    news: dict[MessageRef, Shown] = field(default_factory=dict)
    """What the log does not know."""
    is_whole: bool = False

    def covers(self, moment: datetime) -> bool:
        """Whether what was written at `moment` must have been seen."""
        return self.start <= moment <= self.asked and (self.end is None or moment < self.end)


class Missing:
    """Finds what is gone on one platform, and hands it on."""

    def __init__(self, platform: RemembersChats, finder: Finder, store: Store, in_turn: InTurn) -> None:
        self._platform = platform
        self._finder = finder
        self._store = store
        self._in_turn = in_turn

    async def find(self, span: Span, here: Sequence[tuple[Conversation, Message]]) -> None:
        """Hand on the deletion of what must stand in a `span` that was read as a whole: `here` are its replies."""
        for _, reply in here:
            if span.covers(reply.timestamp) and await self._are_gone(span, reply.parts):
                await self._tell_gone(reply.parts[0], span)
            for comment in await self._comments(span, reply):
                await self._tell_if_gone(span, comment)
        for question in await self._questions(span, here):
            await self._tell_if_gone(span, question)

    async def _comments(self, span: Span, reply: Message) -> list[MessageRef]:
        """What people wrote about a reply in its own channel, by what the log says."""
        said = await self._store.standing_assessments(reply.id)
        refs = [_message_of(each.origin) for each in said if span.covers(each.at)]
        return [each for each in refs if each and each.channel == reply.parts[0].channel]

    async def _questions(self, span: Span, here: Sequence[tuple[Conversation, Message]]) -> list[MessageRef]:
        replies: dict[str, list[Message]] = {}
        for conversation, reply in here:
            replies.setdefault(conversation.id, []).append(reply)
        found = []
        for conversation_id, its in replies.items():
            up_to = None if span.end is None else its[0].id
            said = await self._store.history(conversation_id, limit=2 * len(its) + _MORE, up_to=up_to)
            found += [
                each.parts[0]
                for each in said
                if each.role is Role.USER
                and each.conversation_id == conversation_id
                and each.parts
                and each.parts[0].channel == its[0].parts[0].channel
                and span.covers(each.timestamp)
            ]
        return found

    async def _tell_if_gone(self, span: Span, message: MessageRef) -> None:
        if await self._are_gone(span, (message,)):
            await self._tell_gone(message, span)

    async def _tell_gone(self, message: MessageRef, span: Span) -> None:
        name = f"found:{message.key}:deleted"
        await self._finder.hand_on(MessageDeleted(event_id=name, at=span.asked, message=message, found_later=True))

    async def _are_gone(self, span: Span, messages: Sequence[MessageRef]) -> bool:
        if any(each.key in span.seen for each in messages):
            return False
        return all([await self._is_gone(each) for each in messages])

    async def _is_gone(self, message: MessageRef) -> bool:
        try:
            await self._platform.reactions_on(message, self._in_turn)
        except PlaceGoneError:
            return False
        except MessageGoneError:
            return True
        return False


def _message_of(origin: str) -> MessageRef | None:
    """The message with which something was said; None where it was said otherwise."""
    _, _, key = origin.partition(":")
    return (
        MessageRef.parse(key) if key.count(":") >= _COLONS and origin == comment_origin(MessageRef.parse(key)) else None
    )
