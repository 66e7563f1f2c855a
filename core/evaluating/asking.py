"""A model asked for whole answers: again where it was busy or failed by chance, and not faster than it lets us.

When one call is told to wait, all of them do: they share the limit.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.clock import Clock
from core.errors import ModelFailedError, PlauditError
from core.messages import ModelIdentity
from core.ports import LanguageModel, PromptMessage, Usage
from core.thinking import ThoughtFilter

logger = logging.getLogger(__name__)

TRIES: Final = 5
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
"""Seconds; also for what a server asks for."""
_REFUSED: Final = frozenset({"http_401", "http_403", "http_404", "unreachable"})
"""What would be said of every other question too."""
_FINAL: Final = frozenset({"model_error", "empty"})
_BUSY: Final = frozenset({"busy", "http_429", "http_503"})


class EndpointRefusedError(PlauditError):
    """A model cannot be asked at all."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole answer."""

    text: str
    """Without what the model thought aloud."""
    started_at: datetime
    ended_at: datetime
    usage: Usage | None
    finish_reason: str | None


class Asking:
    """Asks one model. Any number of calls may be under way."""

    def __init__(
        self,
        model: LanguageModel,
        clock: Clock,
        *,
        tries: int = TRIES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._model = model
        self._clock = clock
        self._tries = tries
        self._sleep = sleep
        self._pause_until = 0.0
        self._waits = random.Random(0)  # noqa: S311 - spreads calls, keeps no secret

    @property
    def identity(self) -> ModelIdentity:
        """Which model it is."""
        return self._model.identity

    @property
    def parameters(self) -> dict[str, object]:
        """What it is asked with."""
        return dict(self._model.parameters)

    async def ask(self, prompt: Sequence[PromptMessage]) -> Whole:
        """The whole answer.

        Raises:
            ModelFailedError: it did not come, however often it was asked.
            EndpointRefusedError: the model cannot be reached, is not there, or does not take the token.
        """
        for number in range(1, self._tries + 1):
            await self._wait_for_turn()
            try:
                return await self._once(prompt)
            except ModelFailedError as error:
                is_last = number == self._tries
                if error.reason in _REFUSED and (is_last or error.reason != "unreachable"):
                    raise EndpointRefusedError(_refusal(self.identity, error.reason)) from error
                if is_last or error.reason in _FINAL or _is_our_fault(error.reason):
                    raise
                logger.info("model_asked_again", extra={"model": self.identity.id, "reason": error.reason})
                await self._pause(error, number)
        raise AssertionError  # the last try returns or raises

    async def _once(self, prompt: Sequence[PromptMessage]) -> Whole:
        thoughts, pieces = ThoughtFilter(), list[str]()
        started, usage, finish = self._clock.now(), None, None
        async for chunk in self._model.reply(prompt):
            pieces.append(thoughts.feed(chunk.text)[0])
            usage, finish = chunk.usage or usage, chunk.finish_reason or finish
        text = "".join(pieces) + thoughts.finish()[0]
        if finish is None:
            raise ModelFailedError("The answer broke off in the middle.", reason="cut_off")
        if not text.strip():
            raise ModelFailedError("The answer is empty.", reason="empty")
        return Whole(text, started, self._clock.now(), usage, finish)

    async def _wait_for_turn(self) -> None:
        while (rest := self._pause_until - self._clock.monotonic()) > 0:
            await self._sleep(rest)

    async def _pause(self, error: ModelFailedError, number: int) -> None:
        ours = _FIRST_PAUSE * 2 ** (number - 1) * self._waits.uniform(0.8, 1.2)
        seconds = min(ours if error.retry_after is None else error.retry_after, _LONGEST_PAUSE)
        if error.reason in _BUSY:
            self._pause_until = max(self._pause_until, self._clock.monotonic() + seconds)
        else:
            await self._sleep(seconds)


def _is_our_fault(reason: str) -> bool:
    """A refusal of this very question: asked again, it is refused again."""
    return reason.startswith("http_4") and reason != "http_429"


def _refusal(model: ModelIdentity, reason: str) -> str:
    where = model.metadata.get("endpoint")
    name = f"{model.id} at {where}" if where and where != model.id else model.id
    if reason == "unreachable":
        return f"{name} cannot be reached. What is done is kept: when it is there again, --resume goes on."
    if reason == "http_404":
        return f"There is no model {name}. Check the name and the endpoint."
    return (
        f"{name} does not accept the token. PLAUDIT_EVALUATION_TOKEN and PLAUDIT_JUDGE_TOKEN are the keys of other "
        "endpoints than MODEL_ENDPOINT; without them HF_TOKEN is sent to the Hub and to MODEL_ENDPOINT only."
    )
