"""The replies that are being written right now, and where on the platforms they show.

People react to a reply while it still grows, before the log holds it; this is where its address is known meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.messages import MessageRef, PlaceRef
from core.ports import Leases, PendingTurn

_PATIENCE = 2.0
"""Seconds to wait for the answer to a post under way in the channel that someone reacts in."""
_UNTIL_NOTED = 0.3
"""Seconds in which another process notes what it has posted."""


@dataclass(eq=False, slots=True)
class LiveReply:
    """A reply in the making."""

    id: str
    conversation_id: str
    asker: str
    place: PlaceRef
    parts: list[MessageRef] = field(default_factory=list)
    is_posting: Callable[[], bool] = lambda: False
    """A post is under way: the platform may show a part whose address has not reached us yet."""


class LiveReplies:
    """Finds a reply in the making by its address or its conversation.

    Those of other processes, and those that a process which has died left behind, are known by their waiting turns.
    """

    def __init__(self, leases: Leases | None = None) -> None:
        self._leases = leases
        self._by_part: dict[MessageRef, LiveReply] = {}
        self._all: set[LiveReply] = set()
        self._news = asyncio.Event()

    @property
    def count(self) -> int:
        """How many replies are in the making here."""
        return len(self._all)

    @contextmanager
    def growing(self, reply: LiveReply) -> Iterator[LiveReply]:
        """Within this block, `reply` is in the making."""
        self._all.add(reply)
        try:
            yield reply
        finally:
            self._all.discard(reply)
            for part in reply.parts:
                self._by_part.pop(part, None)
            self._tell()

    def posted(self, reply: LiveReply, part: MessageRef) -> None:
        """`reply` shows at one more address."""
        reply.parts.append(part)
        self._by_part[part] = reply
        self._tell()

    def in_conversation(self, conversation_id: str) -> LiveReply | None:
        """The reply that grows in a conversation and shows already."""
        return next((each for each in self._all if each.conversation_id == conversation_id and each.parts), None)

    def showing(self) -> list[LiveReply]:
        """All that show already."""
        return [each for each in self._all if each.parts]

    async def at(self, part: MessageRef) -> LiveReply | None:
        """The growing reply that shows at `part`; waits a moment if it may just be appearing."""
        if part in self._by_part or not self._may_appear(part):
            return self._by_part.get(part)
        try:
            async with asyncio.timeout(_PATIENCE):
                while part not in self._by_part and self._may_appear(part):
                    await self._news.wait()
        except TimeoutError:
            pass
        return self._by_part.get(part)

    async def elsewhere(self, part: MessageRef) -> PendingTurn | None:
        """The turn of the reply that shows at `part`, where another process is at it."""
        if self._leases is None:
            return None
        for pause in (_UNTIL_NOTED, 0):
            here = [each for each in await self._leases.showing(part.channel) if not self._is_ours(each)]
            for each in here:
                if part in each.parts:
                    return each
            if not here:
                return None
            await asyncio.sleep(pause)
        return None

    async def elsewhere_in(self, conversation_id: str) -> PendingTurn | None:
        """The turn of the reply that shows in a conversation, where another process is at it."""
        turns = await self._leases.waiting(conversation_id) if self._leases else ()
        return next((each for each in turns if each.parts and not self._is_ours(each)), None)

    def _is_ours(self, turn: PendingTurn) -> bool:
        return any(each.id == turn.reply_id for each in self._all)

    def _may_appear(self, part: MessageRef) -> bool:
        return any(each.is_posting() and part.channel in (each.place.channel, each.place.thread) for each in self._all)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
