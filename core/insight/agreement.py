"""Whether those who judge agree: Krippendorff's alpha among many, Cohen's kappa between two. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from math import sqrt
from typing import Final, TypeAlias

from core.insight.distributions import normal_quantile
from core.insight.statistics import CONFIDENCE

Ratings: TypeAlias = Mapping[float, int]
"""What was said of one thing: by how many people which value."""
Distance: TypeAlias = Callable[[float, float], float]

_PAIR: Final = 2


class Level(StrEnum):
    """What the values are, and so how far two of them are apart."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


class Weights(StrEnum):
    """How much a disagreement between two scores counts, by the steps that lie between them."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha: 1 where all agree, 0 as by chance, below 0 where they disagree more than by chance."""

    alpha: float | None
    """None where nothing was rated by two, or every rating there is is the same."""
    units: int
    """Things that at least two people rated."""
    ratings: int
    """What was said of these."""


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa between two who rated the same things, from -1 to 1, with its interval."""

    kappa: float | None
    """None where nothing was rated, or both say one and the same of everything."""
    low: float | None
    high: float | None
    units: int


def krippendorff_alpha(units: Iterable[Ratings], level: Level = Level.NOMINAL) -> Alpha:
    """How far those who rated the same things agree (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").

    Things that one person rated do not count. It does not matter who rated what, nor how many did.
    """
    pairable = [each for each in units if sum(each.values()) >= _PAIR]
    totals: Counter[float] = Counter()
    for each in pairable:
        totals.update(each)
    ratings = totals.total()
    distance = _distance(level, totals)
    expected = _disagreement(totals, distance) / (ratings - 1) if ratings else 0.0
    if not expected:
        return Alpha(None, len(pairable), ratings)
    # Units of the same ratings are alike: what each adds is computed once.
    alike = Counter(tuple(sorted(each.items())) for each in pairable)
    observed = sum(
        times * _disagreement(dict(unit), distance) / (sum(count for _, count in unit) - 1)
        for unit, times in alike.items()
    )
    return Alpha(1 - observed / expected, len(pairable), ratings)


def cohen_kappa(
    pairs: Iterable[tuple[float, float]], weights: Weights = Weights.NONE, confidence: float = CONFIDENCE
) -> Kappa:
    """How far two agree beyond chance; each pair is what one and the other said of one thing.

    The interval is from the large-sample variance of Fleiss, Cohen & Everitt 1969 (Psychol. Bull. 72:323–327, eq. 8).
    For scores from 1 to 5 use weights.
    """
    counts = Counter(pairs)
    total = counts.total()
    values = sorted({value for pair in counts for value in pair})
    if len(values) < _PAIR:
        return Kappa(None, None, None, total)
    shares = {pair: count / total for pair, count in counts.items()}
    first, second = _margins(shares, values)
    agreement = _agreement(values, weights)
    chance = sum(first[a] * second[b] * agreement(a, b) for a in values for b in values)
    observed = sum(share * agreement(*pair) for pair, share in shares.items())
    kappa = (observed - chance) / (1 - chance)
    # What each value agrees with on the average of the other's.
    of_first = {a: sum(second[b] * agreement(a, b) for b in values) for a in values}
    of_second = {b: sum(first[a] * agreement(a, b) for a in values) for b in values}
    square = sum(
        share * (agreement(a, b) - (of_first[a] + of_second[b]) * (1 - kappa)) ** 2 for (a, b), share in shares.items()
    )
    variance = max(square - (kappa - chance * (1 - kappa)) ** 2, 0.0) / total / (1 - chance) ** 2
    half = normal_quantile((1 + confidence) / 2) * sqrt(variance)
    return Kappa(kappa, max(kappa - half, -1.0), min(kappa + half, 1.0), total)


def _disagreement(ratings: Ratings, distance: Distance) -> float:
    """The sum of the distances of all ordered pairs."""
    return sum(
        count * other_count * distance(value, other)
        for value, count in ratings.items()
        for other, other_count in ratings.items()
        if value != other
    )


def _distance(level: Level, totals: Counter[float]) -> Distance:
    """How far two values are apart, squared; for ordinal ones, by how many ratings lie between them."""
    if level is Level.NOMINAL:
        return lambda _one, _other: 1.0
    if level is Level.INTERVAL:
        return lambda one, other: (one - other) ** 2
    values = sorted(totals)
    up_to = dict(zip(values, accumulate(totals[each] for each in values), strict=True))
    middle = {each: up_to[each] - totals[each] / 2 for each in values}
    return lambda one, other: (middle[one] - middle[other]) ** 2


def _margins(
    shares: Mapping[tuple[float, float], float], values: Sequence[float]
) -> tuple[dict[float, float], dict[float, float]]:
    """How often one says each value, and how often the other."""
    first, second = dict.fromkeys(values, 0.0), dict.fromkeys(values, 0.0)
    for (a, b), share in shares.items():
        first[a] += share
        second[b] += share
    return first, second


def _agreement(values: Sequence[float], weights: Weights) -> Distance:
    """1 for the same value, 0 for the two that are farthest apart, or for any two where they have no order."""
    if weights is Weights.NONE:
        return lambda a, b: float(a == b)
    widest, power = values[-1] - values[0], 1 if weights is Weights.LINEAR else 2
    return lambda a, b: 1 - (abs(a - b) / widest) ** power
