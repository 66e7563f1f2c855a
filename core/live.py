"""The replies that are being written right now, and where on the platforms they show.

People react to a reply while it still grows, before the log holds it; this is where its address is known meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.messages import MessageRef, PlaceRef

_PATIENCE = 2.0
"""Seconds to wait for the answer to a post under way in the channel that someone reacts in."""


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
    """Finds a reply in the making by its address or its conversation."""

    def __init__(self) -> None:
        self._by_part: dict[MessageRef, LiveReply] = {}
        self._all: set[LiveReply] = set()
        self._news = asyncio.Event()

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

    def _may_appear(self, part: MessageRef) -> bool:
        return any(each.is_posting() and part.channel in (each.place.channel, each.place.thread) for each in self._all)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
