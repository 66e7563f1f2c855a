"""How good the replies of a time window were, by the people who said so."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplyVotes:
    """What people think of one reply: each person counted once, with their current opinion."""

    message_id: str
    positive: int = 0
    negative: int = 0
    has_feedback: bool = False
    """Any person's assessment stands: a vote, a score, a comment or a correction."""


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


def report(replies: Iterable[ReplyVotes]) -> Report:
    """The figures of `replies`."""
    replies = list(replies)
    judged = sum(each.has_feedback for each in replies)
    positive = sum(each.positive for each in replies)
    negative = sum(each.negative for each in replies)
    return Report(
        total_traces=len(replies),
        traces_with_feedback=judged,
        feedback_rate=_share(judged, len(replies)),
        positive_rate=_share(positive, positive + negative),
        positive_count=positive,
        negative_count=negative,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
