"""How good the replies of a time window were, by the people who said so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from core.feedback import BEST_SCORE
from core.messages import PlaceRef
from core.store.counts import CategoryCounts, DimensionCounts, Division, GroupCounts, ReportCounts

ALL: Final = "all"
"""The name of the report over everything, beside those of its parts."""


class Counts(Protocol):
    """Where the counts of a report come from."""

    async def report_counts(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        platform: str | None = None,
        workspace: str | None = None,
        channel: PlaceRef | None = None,
    ) -> ReportCounts:
        """The counts of a time window, on one platform, in one workspace, in one channel and its threads, or of all."""
        ...

    async def counts_by(
        self, division: Division, since: datetime | None = None, until: datetime | None = None
    ) -> list[GroupCounts]:
        """The counts of each part of a division, by name."""
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


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a time window. A rate is between 0 and 1, and 0 where there is nothing to divide by."""

    total_traces: int
    """Replies."""
    traces_with_feedback: int
    feedback_rate: float
    """The share of replies that anyone judged."""
    positive_rate: float
    """The share of votes, counted by people, that are positive."""
    positive_count: int
    negative_count: int


@dataclass(frozen=True, slots=True)
class Score:
    """What people make of the replies in one dimension."""

    average: float
    """0.2 to 1.0: the mean of the scores, normalised."""
    people: int


def report(counts: ReportCounts) -> Report:
    """The figures that follow from `counts`; each person is counted once per reply."""
    positive = sum(each.positive for each in counts.votes)
    negative = sum(each.negative for each in counts.votes)
    return report_on(GroupCounts(ALL, counts.total_traces, counts.traces_with_feedback, positive, negative))


def report_on(counts: GroupCounts) -> Report:
    """The figures of one part of a division."""
    return Report(
        total_traces=counts.replies,
        traces_with_feedback=counts.judged,
        feedback_rate=_share(counts.judged, counts.replies),
        positive_rate=_share(counts.positive, counts.positive + counts.negative),
        positive_count=counts.positive,
        negative_count=counts.negative,
    )


def scores(counts: Iterable[DimensionCounts]) -> dict[str, Score]:
    """What people make of each dimension, by its name."""
    return {each.name: Score(each.mean / BEST_SCORE, each.people) for each in counts}


async def reports_by(
    counts: Counts, division: Division | None = None, *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Report]:
    """A report for each part of a division, where there is one, and last the one for `ALL`."""
    parts = [] if division is None else await counts.counts_by(division, since, until)
    # Counted last: more may have come since, and no part is larger than the whole.
    whole = report(await counts.report_counts(since, until))
    return {each.name: report_on(each) for each in parts} | {ALL: whole}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
