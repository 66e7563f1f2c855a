"""How much a person or a channel may ask for in a day, and how much of it is spent. Days are UTC's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in a day; None: as much as one likes."""

    person_turns: int | None = None
    """Questions of one person."""
    person_tokens: int | None = None
    """Tokens read and written for them, as the model counts."""
    channel_turns: int | None = None
    channel_tokens: int | None = None

    @property
    def is_unlimited(self) -> bool:
        """Nothing is counted."""
        return self == Budget()


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent in a day."""

    turns: int = 0
    tokens: int = 0

    def is_over(self, turns: int | None, tokens: int | None) -> bool:
        """More questions than `turns`, or `tokens` used up."""
        return (turns is not None and self.turns > turns) or (tokens is not None and self.tokens >= tokens)


class Spending(Protocol):
    """Counts over all processes."""

    async def spend(self, day: date, who: Mapping[str, Spent]) -> Mapping[str, Spent]:
        """Add to what each has spent that day; returns what it comes to. Raises DatabaseUnavailableError."""
        ...

    async def name_of(self, person: str) -> str:
        """What a person (`PersonRef.key`) is counted under: a name that leads to nobody."""
        ...
