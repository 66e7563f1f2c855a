"""A model that is asked while the question is still being kept: what it says waits here until it may be shown.

The disk and the model's server take their time side by side, not one after the other.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from core.clock import Clock
from core.ports import Chunk, LanguageModel, PromptMessage
from core.tasks import cancelled


class HeadStart:
    """One answer that was asked for ahead of its turn. It is `reply`ed, or given up, and may be both."""

    def __init__(self, model: LanguageModel, prompt: Sequence[PromptMessage], clock: Clock) -> None:
        self.model = model
        self.asked_at = clock.now()
        self.is_taken = False
        """The turn that it is for waits to be answered here."""
        self._chunks = model.reply(prompt)
        self._first = asyncio.create_task(anext(self._chunks, None), name="ask a model ahead of the turn")

    async def reply(self) -> AsyncGenerator[Chunk, None]:
        """The answer. Raises ModelFailedError, as the model's own `reply`."""
        try:
            if (first := await self._first) is not None:
                yield first
                async for chunk in self._chunks:
                    yield chunk
        finally:
            await self.give_up()

    async def give_up(self) -> None:
        """Hear no more of it; again, nothing."""
        await cancelled([self._first])
        await self._chunks.aclose()
