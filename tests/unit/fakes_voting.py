"""Votes made up by chance, for tests of what is told of them."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from core.insight.alert import GivenVote

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def votes(
    days: int, *, seed: int, people: int = 20, a_day: int = 20, new: float = 0.0
) -> Iterator[tuple[int, GivenVote]]:
    """Votes of people of different tastes and zeal, with the day (from 0) of each; the share `new` by somebody new."""
    dice = random.Random(seed)
    tastes: dict[str, float] = {}
    for day in range(days):
        for number in range(a_day):
            who = f"new {day} {number}" if dice.random() < new else f"regular {int(people * dice.random() ** 2)}"
            taste = tastes.setdefault(who, dice.betavariate(8, 2))
            at = BEGIN + timedelta(days=day, seconds=dice.uniform(0, 86_400))
            yield day, GivenVote(who, at, positive=dice.random() < taste)


def fallen(given: Iterable[tuple[int, GivenVote]], *, on: int, to: float, seed: int = 0) -> list[GivenVote]:
    """The same votes; from the day `on` only the share `to` of the positive ones stays so."""
    dice = random.Random(seed)
    return [GivenVote(vote.person, vote.at, vote.positive and (day < on or dice.random() < to)) for day, vote in given]
