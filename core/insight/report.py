"""How good the replies of a time window were, by the people who said so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from core.store.views import ReportCounts

ALL: Final = "all"
"""The name of the report over everything, beside those of its parts."""


class Counts(Protocol):
    """Where the counts of a report come from."""

    async def report_counts(
        self, since: datetime | None = None, until: datetime | None = None, *, platform: str | None = None
    ) -> ReportCounts:
        """The counts of a time window, on one platform or all."""
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


def report(counts: ReportCounts) -> Report:
    """The figures that follow from `counts`; each person is counted once per reply."""
    positive = sum(each.positive for each in counts.votes)
    negative = sum(each.negative for each in counts.votes)
    return Report(
        total_traces=counts.total_traces,
        traces_with_feedback=counts.traces_with_feedback,
        feedback_rate=_share(counts.traces_with_feedback, counts.total_traces),
        positive_rate=_share(positive, positive + negative),
        positive_count=positive,
        negative_count=negative,
    )


async def reports_of(
    counts: Counts, platforms: Iterable[str] = (), *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Report]:
    """A report for each platform on which there are replies, and last the one for `ALL`."""
    parts = {each: report(await counts.report_counts(since, until, platform=each)) for each in platforms}
    whole = report(await counts.report_counts(since, until))
    return {name: each for name, each in parts.items() if each.total_traces} | {ALL: whole}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
