"""Whether people like the replies less than they did, for those who look all the time. Pure.

A fall is looked for from each day on. People are compared with themselves: each vote since that day is paired with an
earlier vote of the same person, and the first vote of somebody new with the first vote of somebody who was new before.
So neither who votes, nor how often, nor how generous they are makes a fall. Where nothing changed, a pair that differs
is a coin: better then or better now. Evidence is what a gambler would have won who bets on "better then".
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import exp, log, log1p
from operator import add
from typing import Final, Self

from core.insight.comparing import DIFFERENCES
from core.insight.statistics import PeopleRate, people_rate

REFERENCE: Final = timedelta(days=28)
"""How far before a day votes are compared with those since."""
RECENT: Final = 28
"""Days from which on a fall is looked for."""
_NEW: Final = timedelta(days=28)
"""Whoever has not voted for so long is new."""
_OF_ONE: Final = 4
"""Pairs of one person that differ and count. One person alone, or two, are no fall: their mood may be."""
_MOST: Final = 50_000
"""Votes that are looked at, the newest: more would cost seconds, and tell no more."""
_STRANGERS: Final = 0
_BETTER_THEN: Final = [log(2) - log1p(exp(-each)) for each in DIFFERENCES]
_BETTER_NOW: Final = [log(2) - log1p(exp(each)) for each in DIFFERENCES]
"""What a pair adds to the logarithm of the evidence: twice its probability, since a coin gives it one half."""
_LARGEST: Final = 700.0
"""The logarithm of what a float holds."""
REACH: Final = _NEW + REFERENCE + timedelta(days=RECENT)
"""How far back votes are needed."""


@dataclass(frozen=True, slots=True)
class GivenVote:
    """A person's vote on a reply."""

    person: str
    at: datetime
    positive: bool


@dataclass(frozen=True, slots=True)
class Fall:
    """People like the replies less, from a day on."""

    since: date
    """In UTC."""
    evidence: float
    """An e-value: from `once_in_days` on it is told."""
    before: PeopleRate
    """The positive rate in the time before, each person counting alike."""
    after: PeopleRate


def fall(
    votes: Iterable[GivenVote],
    now: datetime,
    *,
    once_in_days: float,
    last: date | None = None,
    told: date | None = None,
) -> Fall | None:
    """The fall that most speaks for, where it is enough.

    Each day has a test of its own, which is wrong with a probability of at most 1/`once_in_days` however often one
    looks (Ville's inequality), so that in so many days at most one fall is expected that is none. The test of a day:
    of the pairs that differ, the odds of "better then" are 1 where nothing changed and exp(d) where the log odds of
    a positive vote fell by d (McNemar's table; Breslow & Day 1980, Statistical Methods in Cancer Research I, 5.2); the
    e-value is the likelihood ratio, and the mean over `comparing.DIFFERENCES` is one again (Ramdas, Grünwald, Vovk &
    Shafer 2023, Statist. Sci. 38:576–601, sections 2 and 3).

    `last` and `told`: the day from which on the last fall was, and that on which it was told. That fall is not told
    again: what came before it is no longer compared with, and only days behind that are looked at.
    """
    given = sorted(votes, key=lambda vote: (vote.at, vote.person))[-_MOST:]
    ordered = _Ordered.of(given)
    today = now.astimezone(UTC).date()
    first = max(filter(None, (today - timedelta(days=RECENT - 1), told and told + timedelta(days=1))))
    best: tuple[float, date] | None = None
    for day in _days(first, today):
        evidence = _log_evidence(ordered.pairs(_reference(day, last), _midnight(day)))
        if best is None or evidence > best[0]:
            best = evidence, day
    if best is None or best[0] < log(once_in_days):
        return None
    evidence, day = best
    before = [each for each in given if _reference(day, last) <= each.at < _midnight(day)]
    after = [each for each in given if each.at >= _midnight(day)]
    return Fall(day, exp(min(evidence, _LARGEST)), _rate(before), _rate(after))


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Votes in their order. Every day goes through most of them: so they are numbers, a list for each."""

    at: Sequence[datetime]
    strata: Sequence[int]
    """A number for each person; `_STRANGERS` where they are new."""
    positive: Sequence[bool]

    @classmethod
    def of(cls, votes: Sequence[GivenVote]) -> Self:
        latest: dict[str, datetime] = {}
        numbers: dict[str, int] = {}
        strata = []
        for vote in votes:
            before = latest.get(vote.person)
            is_new = before is None or vote.at - before > _NEW
            strata.append(_STRANGERS if is_new else numbers.setdefault(vote.person, len(numbers) + 1))
            latest[vote.person] = vote.at
        return cls([vote.at for vote in votes], strata, [vote.positive for vote in votes])

    def pairs(self, begin: datetime, day: datetime) -> Iterator[bool]:
        """Of the pairs that differ, in the order of their later votes: whether the earlier one is the positive one."""
        first, middle = bisect_left(self.at, begin), bisect_left(self.at, day)
        waiting: dict[int, list[bool]] = defaultdict(list)
        for stratum, positive in zip(self.strata[first:middle], self.positive[first:middle], strict=True):
            waiting[stratum].append(positive)
        differing = Counter[int]()
        for stratum, positive in zip(self.strata[middle:], self.positive[middle:], strict=True):
            if (earlier := waiting.get(stratum)) and (earlier_one := earlier.pop()) is not positive:
                differing[stratum] += 1
                if stratum != _STRANGERS and differing[stratum] == _OF_ONE:
                    earlier.clear()
                yield earlier_one


def _log_evidence(pairs: Iterable[bool]) -> float:
    """The logarithm of the highest e-value on the way: whoever looked then would have told it."""
    logs, highest = [0.0] * len(DIFFERENCES), 0.0
    for was_better in pairs:
        logs = list(map(add, logs, _BETTER_THEN if was_better else _BETTER_NOW))
        top = max(logs)
        if top > highest:  # the mean is no higher than the highest of them
            highest = max(highest, top + log(sum([exp(each - top) for each in logs]) / len(logs)))
    return highest


def _rate(votes: Iterable[GivenVote]) -> PeopleRate:
    people: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for vote in votes:
        people[vote.person][not vote.positive] += 1
    return people_rate(people.values())


def _reference(day: date, last: date | None) -> datetime:
    """From when on votes are compared with those since `day`."""
    begin = _midnight(day) - REFERENCE
    return max(begin, _midnight(last)) if last else begin


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
