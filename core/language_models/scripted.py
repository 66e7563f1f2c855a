"""The twin of a real language model: it answers by a script, for tests."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from core.messages import ModelIdentity
from core.ports import Chunk, PromptMessage

Script = Callable[[Sequence[PromptMessage]], Sequence[Chunk | Exception | float]]


def words(text: str) -> list[Chunk | Exception | float]:
    """The chunks of an answer that comes word by word and ends well."""
    *first, last = text.split(" ")
    pieces = [*(f"{word} " for word in first), last]
    return [*(Chunk(text=piece) for piece in pieces), Chunk(finish_reason="stop")]


class ScriptedModel:
    """Plays what `script` returns for a prompt: a chunk is told, a number waited (seconds), an exception raised."""

    def __init__(self, script: Script, identity: str = "scripted-model") -> None:
        self.script = script
        self.identity = ModelIdentity(identity)
        self.parameters: Mapping[str, Any] = {}
        self.prompts: list[list[PromptMessage]] = []

    async def reply(self, prompt: Sequence[PromptMessage]) -> AsyncGenerator[Chunk, None]:
        """Stream the scripted answer."""
        self.prompts.append(list(prompt))
        for step in self.script(prompt):
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Chunk):
                yield step
            await asyncio.sleep(step if isinstance(step, float) else 0)
