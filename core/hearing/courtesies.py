"""What the assistant shows beside its replies: marks, buttons, sentences. What is kept does not depend on it."""

import logging
from collections.abc import Coroutine

from core.answering import Answering
from core.errors import PlatformError
from core.events import MessageReceived
from core.hearing.offering import mark
from core.messages import MessageRef
from core.ports import ChatPlatform
from core.tasks import Tasks

logger = logging.getLogger(__name__)


class Courtesies:
    """Shows it in the background, and what is left undone at the end stays undone."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._tasks = Tasks()

    async def close(self, seconds: float) -> None:
        """Let what is under way finish for so long."""
        await self._tasks.wait(seconds)
        await self._tasks.cancel()

    def start(self, work: Coroutine[None, None, None], name: str) -> None:
        """Do `work` on the side."""
        self._tasks.start(work, name)

    def say(self, event: MessageReceived, platform: ChatPlatform, text: str) -> None:
        """Answer a message with a sentence of our own."""
        self.start(self._say(event, platform, text), f"answer {event.message.key}")

    def mark(self, message: MessageRef, platform: ChatPlatform, emoji: str, *, off: bool = False) -> None:
        """Put an emoji of ours on a message, or take it off."""
        self.start(mark(platform, message, emoji, off=off), f"mark {message.key}")

    async def _say(self, event: MessageReceived, platform: ChatPlatform, text: str) -> None:
        try:
            await self._answering.say(event, platform, text)
        except PlatformError as error:
            logger.warning("post_failed", extra={"error": str(error)})
