"""How good the replies of a time window were, by the people who said so."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from core.feedback import BEST_SCORE
from core.insight.statistics import Interval, PeopleRate, people_rate, wilson
from core.messages import PlaceRef
from core.store.counts import (
    CategoryCounts,
    DimensionCounts,
    Division,
    ModelVote,
    Part,
    PartCounts,
    PersonVotes,
    ReplyRatings,
    ReplyVotes,
    Tally,
)

ALL: Final = "all"
"""The name of the report over everything, beside those of its parts."""
BETWEEN_NAMES: Final = " · "
"""What stands between the names of a part that comes from several divisions."""


class Counts(Protocol):
    """Where the counts of a report come from."""

    async def tally(
        self,
        divisions: Sequence[Division] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        platform: str | None = None,
        workspace: str | None = None,
        channel: PlaceRef | None = None,
    ) -> Tally:
        """The counts of a time window, on one platform, in one workspace, in one channel and its threads, or of all."""
        ...

    async def dimension_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[DimensionCounts]:
        """How people scored the replies, by the name of the dimension."""
        ...

    async def category_counts(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[CategoryCounts]:
        """How many people said which category, the most frequent first."""
        ...

    async def ratings(self, since: datetime | None = None, until: datetime | None = None) -> list[ReplyRatings]:
        """What was said by two people or more of one reply under one name."""
        ...

    async def disliked(self, since: datetime | None = None, until: datetime | None = None) -> list[ReplyVotes]:
        """The replies that anyone is against, in the order of the log."""
        ...

    async def model_votes(
        self, models: Sequence[str], since: datetime | None = None, until: datetime | None = None
    ) -> list[ModelVote]:
        """Each vote on a reply of these models, in the order in which they were given."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a time window. A rate is between 0 and 1, and 0 where there is nothing to divide by."""

    total_traces: int
    """Replies."""
    traces_with_feedback: int
    feedback_rate: float
    """The share of replies that anyone judged."""
    positive_rate: float
    """The share of votes, one a person and reply, that are positive."""
    positive_count: int
    negative_count: int
    feedback_rate_interval: Interval
    by_people: PeopleRate
    """The positive rate in which each person counts alike, and how sure it is."""
    by_askers: PeopleRate
    """The same of those who judge the replies to their own questions."""
    by_bystanders: PeopleRate
    """The same of those who judge replies to others."""


@dataclass(frozen=True, slots=True)
class Score:
    """What people make of the replies in one dimension."""

    average: float
    """0.2 to 1.0: the mean of the scores, normalised."""
    people: int


def report(tally: Tally) -> Report:
    """The figures of everything in `tally`, which is not divided by segment."""
    replies, judged = sum(each.replies for each in tally.parts), sum(each.judged for each in tally.parts)
    return _report(PartCounts((), replies, judged), tally.votes)


def reports(tally: Tally) -> dict[Part, Report]:
    """The figures of each part."""
    votes: Mapping[Part, list[PersonVotes]] = defaultdict(list)
    for each in tally.votes:
        votes[each.part].append(each)
    return {each.part: _report(each, votes[each.part]) for each in tally.parts}


def scores(counts: Iterable[DimensionCounts]) -> dict[str, Score]:
    """What people make of each dimension, by its name."""
    return {each.name: Score(each.mean / BEST_SCORE, each.people) for each in counts}


async def reports_by(
    counts: Counts, *divisions: Division, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Report]:
    """A report for each part of the divisions, by its name, and last the one for `ALL`."""
    tally = await counts.tally(divisions, since, until)
    # A reply is in every segment.
    whole = await counts.tally((), since, until) if Division.SEGMENT in divisions else tally
    parts = reports(tally) if divisions else {}
    return {BETWEEN_NAMES.join(part): each for part, each in parts.items()} | {ALL: report(whole)}


def _report(counts: PartCounts, votes: Sequence[PersonVotes]) -> Report:
    askers, bystanders = (
        _people(each for each in votes if each.by_asker),
        _people(each for each in votes if not each.by_asker),
    )
    everyone = {person: list(sums) for person, sums in askers.items()}
    for person, (likes, dislikes) in bystanders.items():
        sums = everyone.setdefault(person, [0, 0])
        sums[0] += likes
        sums[1] += dislikes
    positive, negative = (
        sum(likes for likes, _ in everyone.values()),
        sum(dislikes for _, dislikes in everyone.values()),
    )
    return Report(
        total_traces=counts.replies,
        traces_with_feedback=counts.judged,
        feedback_rate=_share(counts.judged, counts.replies),
        positive_rate=_share(positive, positive + negative),
        positive_count=positive,
        negative_count=negative,
        feedback_rate_interval=wilson(counts.judged, counts.replies),
        by_people=people_rate(everyone.values()),
        by_askers=people_rate(askers.values()),
        by_bystanders=people_rate(bystanders.values()),
    )


def _people(votes: Iterable[PersonVotes]) -> dict[str, list[int]]:
    """Each person's votes for and against."""
    people: dict[str, list[int]] = {}
    for each in votes:
        sums = people.setdefault(each.person, [0, 0])
        sums[0] += each.positive
        sums[1] += each.negative
    return people


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
