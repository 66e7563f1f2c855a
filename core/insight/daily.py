"""The counts of one day's replies by model and channel, and of several days together, for one scope. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from core.insight.statistics import PeopleRate, people_rate
from core.store.counts import Division, Part, PartCounts, PersonVotes, Tally, name_of

_REMEMBERED: Final = 16
"""Scopes for which a day keeps its sums."""
Key = TypeVar("Key")
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

    counts: dict[str, list[int]] = field(default_factory=dict)
    """Replies, and how many of them anyone judged."""
    votes: dict[str, dict[tuple[str, bool], list[int]]] = field(default_factory=dict)
    """By person, and whether on the replies to their own questions: votes for and against."""

    @cached_property
    def by_people(self) -> PeopleRate:
        """The positive rate over all parts, in which each person counts alike."""
        everyone: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for votes in self.votes.values():
            _add(everyone, votes)
        return people_rate(everyone.values())

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
        self.tally = tally
        self._sums: dict[tuple[str, str, str, Division], Sums] = {}

    def sums(self, scope: Scope, division: Division) -> Sums:
        """What of them belongs to a scope, by the part of a division."""
        key = (scope.platform, scope.model, scope.channel, division)
        # Several threads may look at once.
        sums = self._sums.get(key)
        if sums is None:
            if len(self._sums) >= _REMEMBERED:
                self._sums.clear()
            sums = self._sums[key] = _summed(self.tally, scope, division)
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


def _summed(tally: Tally, scope: Scope, division: Division) -> Sums:
    sums = Sums()
    names = {part: _name(part, division) for part in {each.part for each in tally.parts} if scope.holds(part)}
    for part in tally.parts:
        if part.part in names:
            _put(sums.counts, names[part.part], (part.replies, part.judged))
    for each in tally.votes:
        if each.part in names:
            people = sums.votes.setdefault(names[each.part], {})
            _put(people, (each.person, each.by_asker), (each.positive, each.negative))
    return sums


def _name(part: Part, division: Division) -> str:
    model, channel = part
    return name_of(division, model if division is Division.MODEL else channel)


def _put(sums: dict[Key, list[int]], key: Key, counts: Sequence[int]) -> None:
    """Add two counts to those of `key`; the lists of others are left as they are."""
    there = sums.get(key)
    if there is None:
        sums[key] = [*counts]
    else:
        there[0] += counts[0]
        there[1] += counts[1]


def _add(everyone: dict[str, list[int]], votes: dict[tuple[str, bool], list[int]]) -> None:
    for (person, _), (positive, negative) in votes.items():
        sums = everyone[person]
        sums[0] += positive
        sums[1] += negative


def _mean_share(votes: dict[tuple[str, bool], list[int]]) -> float:
    everyone: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    _add(everyone, votes)
    return sum(positive / (positive + negative) for positive, negative in everyone.values()) / len(everyone)
