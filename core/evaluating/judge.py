"""A model that judges answers: scores one, or says which of two is the better, seeing them in both orders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from core.errors import ModelFailedError
from core.evaluating.asking import Asking
from core.evaluating.items import Item
from core.evaluating.judge_prompts import Better, Choice, Score, ask_choice, ask_score, read_choice, read_score
from core.ports import PromptMessage

BETTER, ALIKE, WORSE = 1.0, 0.5, 0.0
"""How another answer compares with the original: numbers, so that their mean is the share of wins, a tie half of one.

They stay where an erasure takes the words."""
_READINGS: Final = 2
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Preference:
    """How another answer compares with the original, after the judge has seen both in both orders."""

    value: float
    """`BETTER`, `ALIKE` or `WORSE`; an answer wins only where it does in both orders."""
    is_consistent: bool
    """The judge said the same in both orders."""
    rationale: str


class Judge:
    """Judges by one model. Every method raises what `Asking.ask` does."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking

    @property
    def id(self) -> str:
        """The model's id: what its assessments have for a source."""
        return self.asking.identity.id

    async def score(self, item: Item, answer: str) -> Score:
        """What it makes of an answer, without knowing what people said of it."""
        return await self._read(ask_score(item.prompt, answer), read_score)

    async def prefer(self, item: Item, other: str) -> Preference:
        """How `other` compares with the item's own reply. Equal texts are alike; nobody is asked."""
        if other.strip() == item.response.strip():
            return Preference(ALIKE, is_consistent=True, rationale="Both say the same.")
        after = await self._read(ask_choice(item.prompt, item.response, other, item.expected), read_choice)
        before = await self._read(ask_choice(item.prompt, other, item.response, item.expected), read_choice)
        return joined(after, before)

    async def _read(self, prompt: Sequence[PromptMessage], read: Callable[[str], Read]) -> Read:
        for left in reversed(range(_READINGS)):
            answer = await self.asking.ask(prompt)
            try:
                return read(answer.text)
            except ModelFailedError:
                if not left:
                    raise
        raise AssertionError  # the last reading returns or raises


def joined(after: Choice, before: Choice) -> Preference:
    """Both orders as one: the other answer was shown second in `after`, and first in `before`.

    A judge that always likes the first one, or the second, says nothing of the answers: that is a tie.
    """
    one, two = _value(after.better, Better.SECOND), _value(before.better, Better.FIRST)
    rationales = dict.fromkeys(each.rationale for each in (after, before) if each.rationale)
    return Preference(one if one == two else ALIKE, one == two, "\n".join(rationales))


def _value(better: Better, where: Better) -> float:
    return ALIKE if better is Better.NEITHER else BETTER if better is where else WORSE
