"""Hundreds of people who ask and judge, and a model that fails them now and then.

They are `asking`'s people, who do not wait for an answer that does not come, and talk about something else meanwhile.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from bots.pocket.model_answers import (
    HEARTBEAT,
    MALFORMED,
    NO_CHOICES,
    NO_CONTENT,
    Answer,
    Cut,
    ErrorObject,
    Fault,
    Interjection,
    QuietEnd,
    Refusal,
    Stall,
)
from bots.pocket.server import Pocket
from bots.pocket.things import Platform
from tests.faults.asking import Asked, People, answer

_FIRST: Final = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Jon")
_WAITS: Final = 10.0
"""Seconds after which nobody waits any more."""
_FAILING: Final = 0.12
"""The part of the answers in which something goes wrong."""


def names(count: int) -> list[str]:
    """So many different names."""
    return [f"{_FIRST[i % len(_FIRST)]} {i // len(_FIRST)}" for i in range(count)]


class Throng(People):
    """Everyone who asks."""

    def __init__(
        self, pocket: Pocket, platforms: Sequence[Platform], chance: random.Random, *, places: int, people: int
    ) -> None:
        super().__init__(pocket, platforms, chance, places=places, names=names(people))

    def waits(self, asked: Asked) -> bool:
        """Whoever asked waits for the answer still, but not for long."""
        return super().waits(asked) and time.monotonic() - asked.message.first_seen < _WAITS


class FailingModel:
    """What the model says: `asking.answer`, and while `fails`, in a part of the answers something goes wrong."""

    def __init__(self, chance: random.Random, injected: Counter[str]) -> None:
        """`injected` counts what went wrong."""
        self.fails = False
        self._chance = chance
        self._injected = injected

    def __call__(self, messages: list[dict[str, Any]]) -> Answer:
        """The answer to what was asked."""
        meant = answer(messages)
        if not self.fails or self._chance.random() > _FAILING:
            return meant
        fault = self._fault(len(meant.pieces))
        self._injected["model stalls" if isinstance(fault, Stall) else "model errors"] += 1
        return Answer(
            meant.text,
            tokens_per_second=meant.tokens_per_second,
            first_token_after=meant.first_token_after,
            fault=fault,
        )

    def _fault(self, pieces: int) -> Fault:
        after = self._chance.randrange(pieces)
        return self._chance.choice(
            [
                Refusal(429, retry_after=1.0),
                Refusal(500),
                Refusal(503),
                ErrorObject(after),
                ErrorObject(after, {"message": "overloaded", "type": "server_error"}),
                Cut(after),
                QuietEnd(after),
                Stall(after, self._chance.uniform(0.5, 4.0)),
                Interjection(after, self._chance.choice([HEARTBEAT, MALFORMED, NO_CHOICES, NO_CONTENT])),
            ]
        )
