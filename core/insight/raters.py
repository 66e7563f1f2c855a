"""Whether people who judge the same replies agree, and which of two models they like better."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.feedback import USER_FEEDBACK
from core.insight.agreement import Alpha, Level, Ratings, krippendorff_alpha
from core.insight.comparing import Better, Verdict, Vote, probability_better, verdict
from core.insight.report import Counts
from core.insight.statistics import PeopleRate, people_rate
from core.store.counts import ModelVote

_WORDS: Final = {
    Better.FIRST: "People like {first} better than {second}; that can be relied on, however often one looks.",
    Better.SECOND: "People like {second} better than {first}; that can be relied on, however often one looks.",
    Better.OPEN: "It cannot be said yet which of them people like better: it takes more votes, or they are alike.",
}
_NOTHING: Final = (0, 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models beside each other."""

    first: str
    second: str
    first_rate: PeopleRate
    """The positive rate of each, in which each person counts alike."""
    second_rate: PeopleRate
    probability_second_better: float
    """For reading, at one look; what may be decided is `verdict`."""
    verdict: Verdict
    words: str


async def agreement(
    counts: Counts, *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Alpha]:
    """Krippendorff's alpha by the name of what was judged: of votes nominal, of scores ordinal."""
    units: dict[str, list[Ratings]] = defaultdict(list)
    for each in await counts.ratings(since, until):
        units[each.name].append(each.people)
    return {
        name: krippendorff_alpha(ratings, Level.NOMINAL if name == USER_FEEDBACK else Level.ORDINAL)
        for name, ratings in units.items()
    }


async def compare(
    counts: Counts, first: str, second: str, *, since: datetime | None = None, until: datetime | None = None
) -> Comparison:
    """Two models by their ids."""
    return comparison(await counts.model_votes([first, second], since, until), first, second)


def comparison(votes: Sequence[ModelVote], first: str, second: str) -> Comparison:
    """The same from the votes on both, in the order in which they were given."""
    rates = {model: _rate([each for each in votes if each.model == model]) for model in (first, second)}
    found = verdict(Vote(each.person, each.at, first=each.model == first, positive=each.positive) for each in votes)
    return Comparison(
        first,
        second,
        rates[first],
        rates[second],
        probability_better(_as_votes(rates[first]), _as_votes(rates[second])),
        found,
        _WORDS[found.better].format(first=first, second=second),
    )


def _rate(votes: list[ModelVote]) -> PeopleRate:
    people: dict[str, tuple[int, int]] = {}
    for each in votes:
        positive, negative = people.get(each.person, _NOTHING)
        people[each.person] = (positive + each.positive, negative + (not each.positive))
    return people_rate(people.values())


def _as_votes(rate: PeopleRate) -> tuple[float, float]:
    """As many independent votes as tell as much."""
    return rate.rate * rate.effective, (1 - rate.rate) * rate.effective
