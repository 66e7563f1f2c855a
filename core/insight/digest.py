"""The figures of some days beside those of as many days before: what a digest tells, before it is put into words."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from core.insight.changes import Change, Estimate, change, changes
from core.insight.report import ALL, BETWEEN_NAMES, Counts, Report, report, reports
from core.insight.statistics import Interval
from core.insight.worst import DislikedReply, Judged, worst
from core.store.counts import CategoryCounts, Division, Tally

_DIVISIONS: Final = (Division.MODEL, Division.CHANNEL, Division.SEGMENT)
"""What is looked at by itself."""
_SEGMENT: Final = "segment "
"""What stands before the name of a segment: a word alone would tell nobody what it is."""


class Source(Counts, Judged, Protocol):
    """Where counts come from, and the replies themselves."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The figures of [`since`, `until`), and what differs from those of the same time before `since`."""

    since: datetime
    until: datetime
    report: Report
    before: Report
    positive: Change | None
    """Of the positive rate, each person counting alike; None where nobody voted in one of the two spans."""
    feedback: Change | None
    """Of the share of replies that were judged; None where there were none in one of them."""
    parts: tuple[Change, ...]
    """Of the positive rate by model, by channel and by segment, the surest first; together they hold with 95 %."""
    reasons: tuple[CategoryCounts, ...]
    worst: tuple[DislikedReply, ...]
    by_day: Mapping[str, Report]
    """Both spans day by day (UTC), for the chart."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """What is counted in both spans; of each division before, and now."""

    before: Tally
    now: Tally
    divided: Mapping[Division, tuple[Tally, Tally]]
    days: Tally


async def digest(source: Source, until: datetime, *, days: int, worst_replies: int) -> Digest:
    """The digest of the `days` before `until`."""
    span = timedelta(days=days)
    since, begin = until - span, until - 2 * span
    counted = _Counted(
        await source.tally((), begin, since),
        await source.tally((), since, until),
        {
            each: (await source.tally((each,), begin, since), await source.tally((each,), since, until))
            for each in _DIVISIONS
        },
        await source.tally((Division.DAY,), begin, until),
    )
    reasons = await source.category_counts(since, until)
    disliked = await worst(source, worst_replies, since=since, until=until) if worst_replies else []
    # In a thread: of many votes the intervals take a second, for which replies would wait.
    return await asyncio.to_thread(_digest, (since, until), counted, tuple(reasons), tuple(disliked))


def _digest(
    span: tuple[datetime, datetime],
    counted: _Counted,
    reasons: tuple[CategoryCounts, ...],
    disliked: tuple[DislikedReply, ...],
) -> Digest:
    reported, before = report(counted.now), report(counted.before)
    positive = changes(_people(counted.before), _people(counted.now))
    by_day = {BETWEEN_NAMES.join(part): each for part, each in reports(counted.days).items()}
    return Digest(
        *span,
        reported,
        before,
        positive[0] if positive else None,
        _feedback(before, reported),
        tuple(_parts(counted.divided)),
        reasons,
        disliked,
        by_day | {ALL: report(counted.days)},
    )


def _parts(divided: Mapping[Division, tuple[Tally, Tally]]) -> list[Change]:
    """By model, by channel and by segment, where there is more than one of them."""
    before: dict[str, list[list[int]]] = {}
    now: dict[str, list[list[int]]] = {}
    for division, (tally_before, tally_now) in divided.items():
        prefix = _SEGMENT if division is Division.SEGMENT else ""
        found = _people(tally_now, prefix)
        if len(found) > 1:
            now |= found
            before |= _people(tally_before, prefix)
    return changes(before, now)


def _feedback(before: Report, now: Report) -> Change | None:
    if not (before.total_traces and now.total_traces):
        return None
    return change("", _judged(before), _judged(now))


def _judged(of: Report) -> Estimate:
    interval: Interval = of.feedback_rate_interval
    return Estimate(of.feedback_rate, interval)


def _people(tally: Tally, prefix: str = "") -> dict[str, list[list[int]]]:
    """Each person's votes for and against, by the name of the part with `prefix` before it."""
    parts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for each in tally.votes:
        sums = parts[prefix + BETWEEN_NAMES.join(each.part)][each.person]
        sums[0] += each.positive
        sums[1] += each.negative
    return {name: list(people.values()) for name, people in parts.items()}
