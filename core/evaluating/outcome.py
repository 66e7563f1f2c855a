"""What an evaluation comes to: two models as a judge sees them, and how far that judge can be trusted. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Final

from core.evaluating.judge import ALIKE, BETTER, WORSE
from core.evaluating.kept import BothSaid
from core.insight.agreement import Kappa, Weights, cohen_kappa
from core.insight.distributions import t_quantile
from core.insight.statistics import CONFIDENCE, Interval, wilson

_EVEN: Final = 0.5
_SOME: Final = 2
_TRUSTED: Final = 0.4
_WORDS: Final = ((0.8, "almost perfect"), (0.6, "substantial"), (_TRUSTED, "moderate"), (0.2, "fair"), (0.0, "slight"))
"""What a kappa from here on is called (Landis & Koch 1977, Biometrics 33:159–174)."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean, and where it lies with 95 %, by Student's t over items.

    Without two items that differ nothing is known of it: a few that are alike by chance would look certain.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One item, as far as both answers to it were judged."""

    original: float | None
    """The judge's score of the reply, 1 to 5."""
    other: float | None
    preference: float | None
    """`judge.BETTER` where the other answer is, `ALIKE`, or `WORSE`."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a judge and people agree on the replies that both have judged."""

    votes: Kappa
    """People's 👍 or 👎, as most of them voted, against whether the judge thinks who asked would be content."""
    scores: Kappa
    """People's scores against the judge's, 1 to 5, by quadratic weights."""
    words: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Two models beside each other, by a judge."""

    items: int
    answered: int
    original: Mean
    other: Mean
    difference: Mean
    """The other's score less the reply's, item by item."""
    wins: int
    """Items whose other answer the judge likes better, in whichever order it sees them."""
    losses: int
    ties: int
    win_rate: float | None
    """Wins among wins and losses."""
    win_interval: Interval | None
    words: str


def mean_of(values: Iterable[float]) -> Mean:
    """The mean of independent values."""
    found = list(values)
    if not found:
        return Mean(None, None, None, 0)
    mean = fmean(found)
    if len(set(found)) < _SOME:
        return Mean(mean, None, None, len(found))
    half = t_quantile((1 + CONFIDENCE) / 2, len(found) - 1) * stdev(found) / sqrt(len(found))
    return Mean(mean, mean - half, mean + half, len(found))


def outcome(compared: Sequence[Compared], items: int, other: str) -> Outcome:
    """What `compared`, of so many items, comes to; `other` is what the other model is called."""
    preferences = [each.preference for each in compared if each.preference is not None]
    wins, losses, ties = (preferences.count(each) for each in (BETTER, WORSE, ALIKE))
    decided = wins + losses
    interval = wilson(wins, decided) if decided else None
    both = [each for each in compared if each.original is not None and each.other is not None]
    return Outcome(
        items,
        len(compared),
        mean_of(each.original for each in compared if each.original is not None),
        mean_of(each.other for each in compared if each.other is not None),
        mean_of((each.other or 0) - (each.original or 0) for each in both),
        wins,
        losses,
        ties,
        wins / decided if decided else None,
        interval,
        _compared_in_words(interval, other, preferences),
    )


def agreement(both: Sequence[BothSaid], judge: str) -> Agreement:
    """How far the judge and people agree. Replies on which people are divided do not count."""
    votes = [
        (float(each.likes > each.dislikes), each.judge_feedback)
        for each in both
        if each.likes != each.dislikes and each.judge_feedback is not None
    ]
    scores = [
        (float(round(each.mean_rating)), each.judge_score)
        for each in both
        if each.mean_rating is not None and each.judge_score is not None
    ]
    of_votes = cohen_kappa(votes)
    return Agreement(of_votes, cohen_kappa(scores, Weights.QUADRATIC), _agreed_in_words(of_votes, judge, votes))


def is_trusted(kappa: Kappa) -> bool:
    """Whether a judge agrees with people at least moderately, beyond what chance in the sample could make."""
    return kappa.low is not None and kappa.low >= _TRUSTED


def _compared_in_words(interval: Interval | None, other: str, preferences: Sequence[float]) -> str:
    if not preferences:
        return "No judge has compared the answers: name one with --judge."
    if interval is None:
        return f"The judge sees no difference between {other} and the replies."
    if interval.low > _EVEN:
        return f"The judge likes {other} better than the replies that were given."
    if interval.high < _EVEN:
        return f"The judge likes {other} less than the replies that were given."
    return f"The judge cannot tell {other} from the replies that were given: it takes more of them, or they are alike."


def _agreed_in_words(kappa: Kappa, judge: str, votes: Sequence[tuple[float, float]]) -> str:
    trust = "A judge is trusted only as far as it agrees with people."
    if not votes:
        return f"{trust} {judge} and people have judged no reply in common: run `plaudit judge` first."
    if kappa.kappa is None or kappa.low is None:
        return f"{trust} Of {len(votes)} replies all are judged the same, so that nothing can be said yet."
    if len({vote for vote, _ in votes}) < _SOME:
        which = "liked" if votes[0][0] else "disliked"
        return f"{trust} People {which} all {len(votes)} replies: let it judge others too (`plaudit judge`)."
    if kappa.low <= 0:
        said = "it may be no better than chance: do not decide by it"
    else:
        name = next(name for least, name in _WORDS if kappa.low >= least)
        may = "it can stand in for people here" if is_trusted(kappa) else "take it as a hint, not as a verdict"
        said = f"that is at least {name} agreement: {may}"
    return f"{trust} On {len(votes)} replies of both, {judge} reaches κ = {kappa.kappa:.2f}; {said}."
