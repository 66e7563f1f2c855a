"""How sure one can be of a rate: intervals that count people. Pure: numbers in, numbers out; nothing of replies."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Final

from core.insight.distributions import log_beta_density, normal_quantile, t_quantile

CONFIDENCE: Final = 0.95
_HALVINGS: Final = 60
_ADDED: Final = 0.5
"""People added to the spread. With 0 the intervals of ten people hold the truth too seldom, with 1 too often."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a rate lies; both ends are between 0 and 1."""

    low: float
    high: float


ANYTHING: Final = Interval(0.0, 1.0)
"""What is known of a rate before anything was seen."""


@dataclass(frozen=True, slots=True)
class PeopleRate:
    """A rate in which each person counts alike, however often they voted."""

    rate: float
    """The mean of each person's own rate; 0 where there is nobody."""
    interval: Interval
    """For one look."""
    sequence: Interval
    """For those who look again and again: all of these together hold the truth with the same confidence."""
    people: int
    votes: int
    effective: float
    """As how many independent votes theirs tell."""


def wilson(successes: float, trials: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a rate (Wilson 1927, JASA 22:209–212, eq. 4). Anything, where there are no trials.

    `successes` of `trials` independent ones; they need not be whole numbers. It is never wider than 0 to 1.
    """
    return _score_interval(successes, trials, normal_quantile((1 + confidence) / 2))


def people_rate(people: Iterable[Sequence[int]], confidence: float = CONFIDENCE) -> PeopleRate:
    """The mean over `people`, each (positive, negative) votes, of each one's own share of positive votes.

    The variance is taken from the spread of the people's rates, since one person's votes resemble each other. It gives
    the number of independent votes that would tell as much, p(1-p)/variance (Kish 1965, Survey Sampling, 8.2); of
    these the interval is Wilson's, with Student's t of people − 1 degrees of freedom in place of the normal quantile
    (Dean & Pagano 2015, J. Surv. Stat. Methodol. 3:484–503). Half a person who votes once is added to the spread:
    a few who agree by chance would otherwise look certain. One person says nothing of people: 0 to 1.
    """
    own = [
        (positive / (positive + negative), positive + negative) for positive, negative in people if positive + negative
    ]
    votes, number = sum(size for _, size in own), len(own)
    if not own:
        return PeopleRate(0.0, ANYTHING, ANYTHING, 0, 0, 0.0)
    rate = sum(share for share, _ in own) / number
    if number == 1:
        return PeopleRate(rate, ANYTHING, ANYTHING, 1, votes, 1.0)
    effective = _effective_votes([share for share, _ in own], rate, votes)
    interval = _score_interval(rate * effective, effective, t_quantile((1 + confidence) / 2, number - 1))
    sequence = confidence_sequence(rate * effective, (1 - rate) * effective, confidence)
    return PeopleRate(rate, interval, sequence, number, votes, effective)


def confidence_sequence(successes: float, failures: float, confidence: float = CONFIDENCE) -> Interval:
    """Where a rate lies, for those who look after every vote: all such intervals together hold it with `confidence`.

    The rates whose prior density is less than 1/(1 − confidence) times the posterior's, with a uniform prior: the
    prior-posterior ratio is a martingale (Waudby-Smith & Ramdas 2020, NeurIPS 33, "Confidence sequences for sampling
    without replacement", section 2.2).
    """
    trials = successes + failures
    if not trials:
        return ANYTHING
    floor, mode = log(1 - confidence), successes / trials

    def inside(rate: float) -> bool:
        return log_beta_density(rate, successes + 1, failures + 1) > floor

    return Interval(_edge(0.0, mode, inside), _edge(1.0, mode, inside))


def _effective_votes(shares: Sequence[float], rate: float, votes: int) -> float:
    """As how many independent votes those of these people tell; never more than there are."""
    number = len(shares)
    if rate in {0.0, 1.0}:
        return float(number)
    smoothed = (rate * number + 0.5) / (number + 1)
    spread = sum((share - rate) ** 2 for share in shares) + _ADDED * smoothed * (1 - smoothed)
    return min(rate * (1 - rate) * number * (number - 1 + _ADDED) / spread, float(votes))


def _score_interval(successes: float, trials: float, z: float) -> Interval:
    if trials <= 0:
        return ANYTHING
    rate, square = successes / trials, z * z
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * sqrt(max(rate * (1 - rate), 0.0) / trials + square / (4 * trials * trials))
    return Interval(max(0.0, min(middle - half, rate)), min(1.0, max(middle + half, rate)))


def _edge(outside: float, within: float, inside: Callable[[float], bool]) -> float:
    """The point between the two where `inside` begins to hold; `outside` itself, if it holds there."""
    if inside(outside):
        return outside
    for _ in range(_HALVINGS):
        middle = (outside + within) / 2
        outside, within = (outside, middle) if inside(middle) else (middle, within)
    return outside
