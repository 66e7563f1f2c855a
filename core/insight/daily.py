"""The counts of one day's replies by model and channel, and of several days together, for one scope. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias, TypeVar

from core.insight.statistics import PeopleRate, people_rate
from core.store.counts import Division, Part, PartCounts, PersonVotes, Tally, name_of

_REMEMBERED: Final = 16
"""Scopes for which a day keeps its sums."""
Key = TypeVar("Key")
Pair: TypeAlias = tuple[int, int]
DIVISIONS: Final = (Division.MODEL, Division.CHANNEL)
"""What a day's counts are divided by; a channel tells its platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which replies: those of so many days up to today, of one platform, model or channel where one is named."""

    days: int
    platform: str = ""
    model: str = ""
    channel: str = ""
    """As `platform:workspace:channel`."""

    def holds(self, part: Part) -> bool:
        """Whether the replies of this model in this channel belong to it."""
        model, channel = part
        in_platform = not self.platform or channel.split(":", 1)[0] == self.platform
        return in_platform and self.model in {"", model} and self.channel in {"", channel}


@dataclass
class Sums:
    """Counts by the name of one division's part. They are not changed once they are looked at."""

    counts: dict[str, Pair] = field(default_factory=dict)
    """Replies, and how many of them anyone judged."""
    votes: dict[str, dict[tuple[str, bool], Pair]] = field(default_factory=dict)
    """By person, and whether on the replies to their own questions: votes for and against."""

    @cached_property
    def by_people(self) -> PeopleRate:
        """The positive rate over all parts, in which each person counts alike."""
        return people_rate(_people(self.votes.values()).values())

    @cached_property
    def rates(self) -> dict[str, float]:
        """The same of each part that anyone voted on, without an interval."""
        return {name: _mean_share(votes) for name, votes in self.votes.items() if votes}

    def tally(self) -> Tally:
        """As reports take it."""
        return Tally(
            tuple(PartCounts((name,), *counts) for name, counts in sorted(self.counts.items())),
            tuple(
                PersonVotes((name,), person, by_asker, *votes)
                for name, people in self.votes.items()
                for (person, by_asker), votes in people.items()
            ),
        )


class Day:
    """The counts of one day, and what was made of them for the scopes that were looked at."""

    def __init__(self, tally: Tally) -> None:
        # Plain tuples: there are many for long, and the garbage collector need not look at them.
        self.counts = tuple((each.part, each.replies, each.judged) for each in tally.parts)
        self._votes = tuple(
            (each.part, each.person, each.by_asker, each.positive, each.negative) for each in tally.votes
        )
        self._sums: dict[tuple[str, str, str, Division], Sums] = {}

    def sums(self, scope: Scope, division: Division) -> Sums:
        """What of them belongs to a scope, by the part of a division."""
        key = (scope.platform, scope.model, scope.channel, division)
        # Several threads may look at once.
        sums = self._sums.get(key)
        if sums is None:
            if len(self._sums) >= _REMEMBERED:
                self._sums.clear()
            sums = self._sums[key] = self._summed(scope, division)
        return sums

    def _summed(self, scope: Scope, division: Division) -> Sums:
        sums = Sums()
        names = {part: _name(part, division) for part, _, _ in self.counts if scope.holds(part)}
        for part, replies, judged in self.counts:
            if part in names:
                _put(sums.counts, names[part], (replies, judged))
        for part, person, by_asker, positive, negative in self._votes:
            if part in names:
                _put(sums.votes.setdefault(names[part], {}), (person, by_asker), (positive, negative))
        return sums


def merged(found: Iterable[Sums]) -> Sums:
    """The counts of several days together."""
    several: Sequence[Sums] = list(found)
    if len(several) == 1:
        return several[0]
    whole = Sums()
    for sums in several:
        for name, counts in sums.counts.items():
            _put(whole.counts, name, counts)
        for name, votes in sums.votes.items():
            people = whole.votes.setdefault(name, {})
            for who, given in votes.items():
                _put(people, who, given)
    return whole


def _name(part: Part, division: Division) -> str:
    model, channel = part
    return name_of(division, model if division is Division.MODEL else channel)


def _put(sums: dict[Key, Pair], key: Key, counts: Pair) -> None:
    """Add two counts to those of `key`."""
    there = sums.get(key)
    sums[key] = counts if there is None else (there[0] + counts[0], there[1] + counts[1])


def _people(votes: Iterable[Mapping[tuple[str, bool], Pair]]) -> dict[str, Pair]:
    """Each person's votes for and against."""
    everyone: dict[str, Pair] = {}
    for each in votes:
        for (person, _), given in each.items():
            _put(everyone, person, given)
    return everyone


def _mean_share(votes: Mapping[tuple[str, bool], Pair]) -> float:
    everyone = _people([votes]).values()
    return sum(positive / (positive + negative) for positive, negative in everyone) / len(everyone)
