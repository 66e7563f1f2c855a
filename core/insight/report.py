"""How good the replies of a time window were, by the people who said so."""

from dataclasses import dataclass

from core.store.views import ReportCounts


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


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
