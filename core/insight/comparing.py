"""Which of two models people like better, and whether that can be said by now. Pure.

Both count people: whoever votes a lot decides neither, and whoever likes everything favours neither.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby, product
from math import exp, inf, log, log1p
from operator import attrgetter
from typing import Final, NamedTuple

from core.insight.distributions import beta_cdf, log_beta_density

ALPHA: Final = 0.05
"""How often a verdict may be wrong where there is no difference, however often one looks."""
DIFFERENCES: Final = tuple(step / 4 for step in range(1, 9))
"""The differences that are looked for, as log odds ratios: from 0.25 (80 against 84 %) to 2 (80 against 97 %)."""
_STEPS: Final = 1000
_WIDTH: Final = 12
"""Standard deviations to either side beyond which a beta distribution has nothing that matters."""
_OF_EVERYONE: Final = 2.0
"""Votes for which what everyone thinks stands in the estimate of what one person does."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A person's vote on a reply of one of two models."""

    person: str
    at: datetime
    first: bool
    """The reply is the first model's."""
    positive: bool


class Better(StrEnum):
    """What can be said."""

    FIRST = "first"
    SECOND = "second"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The evidence that people like one model better, for those who look every day and stop when they like."""

    better: Better
    evidence: float
    """An e-value: from 1/ALPHA = 20 on, the verdict stands. The larger, the surer; 1 is none at all."""


_NOTHING_YET: Final = Verdict(Better.OPEN, 1.0)


def odds(evidence: float) -> str:
    """Evidence to one, with no more digits than anybody reads: 0.42, 9,132."""
    many, most = 10, 1_000_000
    if evidence > most:
        return f"> {most:,}"
    return f"{evidence:,.0f}" if evidence >= many else f"{evidence:.2g}"


def probability_better(first: tuple[float, float], second: tuple[float, float]) -> float:
    """The probability that the second of two rates is the higher, each from (positive, negative) and a uniform prior.

    The integral of one posterior's density times the other's distribution function. It is for reading: whoever stops
    as soon as it is high will be wrong more often than it says.
    """
    a, b = second[0] + 1, second[1] + 1
    low, high = _where_it_is(a, b)
    width = (high - low) / _STEPS
    points = [low + (step + 0.5) * width for step in range(_STEPS)]
    masses = [exp(log_beta_density(each, a, b)) * width for each in points]
    below = (mass * beta_cdf(each, first[0] + 1, first[1] + 1) for each, mass in zip(points, masses, strict=True))
    return min(sum(below) / sum(masses), 1.0)


def verdict(votes: Iterable[Vote], *, alpha: float = ALPHA) -> Verdict:
    """Whether one of two models is liked better: wrong in at most `alpha` of all cases, though one looks every day.

    Days are looked at one after the other. A day's votes of one person on both models are a 2×2 table, whose e-value
    is the likelihood ratio of a difference against none: θ0 is the mean of θ1 and θ2, weighted by how many votes each
    model has in it (Turner, Ly & Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for
    optional stopping", Theorem 1). θ1 and θ2 come from the days before. Products over days and people are e-values
    again (Turner & Grünwald 2023, AISTATS, "Safe sequential testing and effect estimation in stratified count data"),
    and so is the mean over the differences that are looked for. People are strata, so that it does not matter how much
    one votes, nor how generous one is; everyone's very first vote is compared with those of the others that are new on
    that day, since one who votes once can be compared with nobody else.
    """
    by_day = [found for _, found in verdicts(votes, alpha=alpha)]
    return by_day[-1] if by_day else _NOTHING_YET


def verdicts(votes: Iterable[Vote], *, alpha: float = ALPHA) -> Iterator[tuple[date, Verdict]]:
    """What `verdict` says at the end of each day that has votes."""
    first, second = dict.fromkeys(DIFFERENCES, 0.0), dict.fromkeys((-each for each in DIFFERENCES), 0.0)
    for day, tables in _days(votes):
        for table, logs in product(tables, (first, second)):
            for difference in logs:
                logs[difference] += _log_e(table, difference)
        yield day, _verdict(_mean(first), _mean(second), alpha)


def _verdict(favour_first: float, favour_second: float, alpha: float) -> Verdict:
    evidence = (favour_first + favour_second) / 2
    if evidence < 1 / alpha:
        return Verdict(Better.OPEN, evidence)
    return Verdict(Better.FIRST if favour_first > favour_second else Better.SECOND, evidence)


def _mean(logs: Mapping[float, float]) -> float:
    """The mean e-value over the differences."""
    return sum(map(_exp, logs.values())) / len(logs)


class _Table(NamedTuple):
    """The votes of one day in one stratum, and how large the share of positive ones there was until then."""

    expected: float
    first: Sequence[int]
    """Positive and negative ones on the first model's replies."""
    second: Sequence[int]


def _days(votes: Iterable[Vote]) -> Iterator[tuple[date, list[_Table]]]:
    """Each day's tables that have votes on both models."""
    everyone = [1, 1]
    own: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for day, given in groupby(sorted(votes, key=attrgetter("at", "person")), key=lambda vote: vote.at.date()):
        told = list(given)
        cells = _cells(told, set(own))
        share = everyone[0] / sum(everyone)
        yield (
            day,
            [
                _Table(_expected(own, stratum, share), *sides)
                for stratum, sides in cells.items()
                if all(map(sum, sides))
            ],
        )
        for vote in told:
            own[vote.person][not vote.positive] += 1
            everyone[not vote.positive] += 1


def _cells(votes: Iterable[Vote], known: set[str]) -> dict[str, tuple[list[int], list[int]]]:
    """Votes for and against each model, by person; under an empty name the first votes of those who are new."""
    cells: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([0, 0], [0, 0]))
    for vote in votes:
        stratum = vote.person if vote.person in known else ""
        known.add(vote.person)
        cells[stratum][not vote.first][not vote.positive] += 1
    return cells


def _expected(own: Mapping[str, list[int]], person: str, share: float) -> float:
    """How large a person's share of positive votes should be, from their own past and everyone's."""
    likes, dislikes = own.get(person, (0, 0))
    return (likes + _OF_EVERYONE * share) / (likes + dislikes + _OF_EVERYONE)


def _log_e(table: _Table, difference: float) -> float:
    odds = log(table.expected) - log1p(-table.expected)
    first, second = _share(odds + difference / 2), _share(odds - difference / 2)
    sizes = sum(table.first), sum(table.second)
    none = (sizes[0] * first + sizes[1] * second) / sum(sizes)
    return (
        table.first[0] * log(first / none)
        + table.first[1] * log((1 - first) / (1 - none))
        + table.second[0] * log(second / none)
        + table.second[1] * log((1 - second) / (1 - none))
    )


def _share(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))


def _exp(power: float) -> float:
    return exp(power) if power < 700 else inf  # noqa: PLR2004 - what a float holds


def _where_it_is(a: float, b: float) -> tuple[float, float]:
    mean = a / (a + b)
    reach = _WIDTH * (mean * (1 - mean) / (a + b + 1)) ** 0.5
    return max(mean - reach, 0.0), min(mean + reach, 1.0)
