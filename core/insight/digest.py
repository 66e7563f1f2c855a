"""The figures of some days beside those of as many days before: what a digest tells, before it is put into words."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from core.insight.changes import Change, Estimate, change, changes
from core.insight.report import BETWEEN_NAMES, Counts, Report, report, reports_by
from core.insight.statistics import Interval
from core.insight.worst import DislikedReply, Judged, worst
from core.store.counts import CategoryCounts, Division, Tally

_DIVISIONS: Final = (Division.MODEL, Division.CHANNEL)
"""What is looked at by itself."""


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
    """Of the positive rate by model and by channel, the surest first; together they hold with 95 %."""
    reasons: tuple[CategoryCounts, ...]
    worst: tuple[DislikedReply, ...]
    by_day: Mapping[str, Report]
    """Both spans day by day (UTC), for the chart."""


async def digest(source: Source, until: datetime, *, days: int, worst_replies: int) -> Digest:
    """The digest of the `days` before `until`."""
    span = timedelta(days=days)
    since, begin = until - span, until - 2 * span
    now, before = await source.tally((), since, until), await source.tally((), begin, since)
    reported, reported_before = report(now), report(before)
    return Digest(
        since,
        until,
        reported,
        reported_before,
        next(iter(changes(_people(before), _people(now))), None),
        _feedback(reported_before, reported),
        tuple(await _parts(source, begin, since, until)),
        tuple(await source.category_counts(since, until)),
        tuple(await worst(source, worst_replies, since=since, until=until)) if worst_replies else (),
        await reports_by(source, Division.DAY, since=begin, until=until),
    )


async def _parts(source: Source, begin: datetime, since: datetime, until: datetime) -> list[Change]:
    """By model and by channel, where there is more than one of them."""
    before: dict[str, list[list[int]]] = {}
    now: dict[str, list[list[int]]] = {}
    for division in _DIVISIONS:
        found = _people(await source.tally((division,), since, until))
        if len(found) > 1:
            now |= found
            before |= _people(await source.tally((division,), begin, since))
    return changes(before, now)


def _feedback(before: Report, now: Report) -> Change | None:
    if not (before.total_traces and now.total_traces):
        return None
    return change("", _judged(before), _judged(now))


def _judged(of: Report) -> Estimate:
    interval: Interval = of.feedback_rate_interval
    return Estimate(of.feedback_rate, interval)


def _people(tally: Tally) -> dict[str, list[list[int]]]:
    """Each person's votes for and against, by the name of the part."""
    parts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for each in tally.votes:
        sums = parts[BETWEEN_NAMES.join(each.part)][each.person]
        sums[0] += each.positive
        sums[1] += each.negative
    return {name: list(people.values()) for name, people in parts.items()}
