"""The figures of the overview, kept at hand: what a report counts, by the day of the replies, their model and channel.

A report over a million replies takes seconds, a page may not. So the counts of each day are kept in memory, and those
of a day are read anew when the log says something of its replies: also when a vote was taken back. After an erasure
all of them are. Nothing is added up twice or taken away: what is shown is what a report would say.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from core.insight.daily import DIVISIONS, Day, Scope, Sums, merged
from core.insight.report import Report, report, reports
from core.insight.statistics import Interval, PeopleRate, wilson
from core.store.counts import Division, Part, PartCounts, PersonVotes, Tally
from core.store.touched import Touched

KEPT: Final = 365
"""Days that are kept at hand."""
_REMEMBERED: Final = 64
"""Views that are kept at hand."""
_TURN: Final = timedelta(days=10)
"""How many days are counted at once: that takes a second, and replies go on meanwhile."""
_DAY: Final = timedelta(days=1)
_LONG: Final = 120
"""Days from which on a line of days would be a scribble: weeks are shown."""
_WEEK: Final = 7
_NOTHING: Final = Day(Tally((), ()))


class Source(Protocol):
    """As much of a store as the overview reads."""

    async def touched(self, after: int) -> Touched:
        """Of which days the replies are that the records after `after` say something of."""
        ...

    async def tally_of_days(self, divisions: Sequence[Division], first: date, last: date) -> Tally:
        """The counts of the replies of some days, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of a day, or of a week, which is called by its Monday."""

    day: date
    replies: int
    judged: int
    feedback: Interval
    """Of the share of replies that anyone judged."""
    by_people: PeopleRate

    @property
    def feedback_rate(self) -> float:
        """The share of replies that anyone judged; 0 where there are none."""
        return self.judged / self.replies if self.replies else 0.0


@dataclass(frozen=True, slots=True)
class View:
    """The figures of a scope."""

    whole: Report
    points: tuple[Point, ...]
    """In the order of time; days without replies are left out."""
    parts: dict[str, Report]
    """By the name of the part; those with the most replies first."""
    lines: dict[str, dict[date, float]]
    """The positive rate of each part on those days on which anyone voted; each person counts alike."""
    first: date
    last: date
    step: int
    """Days from one point to the next: 1 or 7."""


@dataclass(slots=True)
class Figures:
    """What is kept at hand of one store."""

    source: Source
    now: Callable[[], datetime]
    seq: int = -1
    """The last record that is counted; -1 before anything is."""
    since: date = date.max
    """From this day on all is counted: at first the last weeks, for nobody to wait for the rest."""
    _days: dict[date, Day] = field(default_factory=dict)
    _views: dict[tuple[Scope, Division, date], View] = field(default_factory=dict)
    _version: int = 0
    _turn: timedelta = _TURN
    """Days that are counted in the next turn; more and more, where there are none to count."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)
    _queued: asyncio.Task[None] | None = None
    _counting: set[asyncio.Task[None]] = field(default_factory=set)

    def covers(self, scope: Scope) -> bool:
        """Whether all days of a scope are counted."""
        return self.since <= _first(self.now().date(), scope)

    def refresh(self) -> asyncio.Task[None]:
        """Counts what the log has by now; the task is done in milliseconds where nothing is new.

        It is not to be cancelled: on Postgres a connection whose query is broken off is lost.
        """
        if self._queued is None:
            self._queued = asyncio.create_task(self._refresh(), name="count for the overview")
            self._counting.add(self._queued)
            self._queued.add_done_callback(self._done)
        return self._queued

    async def view(self, scope: Scope, division: Division) -> View:
        """The figures of a scope, divided by one thing; made beside the loop: it may take a tenth of a second."""
        key = (scope, division, self.now().date())
        # One at a time: several that compute side by side would keep the loop waiting.
        async with self._making:
            if (known := self._views.get(key)) is not None:
                return known
            version = self._version
            made = await asyncio.to_thread(_view, self._days, key[2], scope, division)
            if version == self._version:
                if len(self._views) >= _REMEMBERED:
                    self._views.clear()
                self._views[key] = made
            return made

    def names(self) -> tuple[list[str], list[str]]:
        """The models that there are, and the channels, those with the most replies first."""
        replies: Counter[Part] = Counter()
        for day in self._days.values():
            for part, number, _ in day.counts:
                replies[part] += number
        channels: Counter[str] = Counter()
        for (_, channel), number in replies.items():
            channels[channel] += number
        by_replies = sorted(filter(None, channels), key=lambda each: (-channels[each], each))
        return sorted({model for model, _ in replies if model}), by_replies

    def _done(self, task: asyncio.Task[None]) -> None:
        self._counting.discard(task)
        if not task.cancelled():
            task.exception()  # raised where it is waited for, and at the next count, if nobody does

    async def _refresh(self) -> None:
        async with self._lock:
            # Whoever asks from now on may have heard of something that this count comes too early for.
            self._queued = None
            found = await self.source.touched(max(self.seq, 0))
            if found.everything:
                self._keep(await self._anew())
            else:
                for day in found.days:
                    if day >= self.since:
                        self._keep({day: _NOTHING} | await self._counted(day, day))
            self.seq = found.newest
            await self._go_back()
        if not self.covers(Scope(days=KEPT)):
            self.refresh()

    async def _go_back(self) -> None:
        """Count some days more, the newest first; what is new is counted in between."""
        today = self.now().date()
        newest, oldest = min(self.since - _DAY, today), _first(today, Scope(days=KEPT))
        if newest >= oldest:
            oldest = max(newest - self._turn + _DAY, oldest)
            found = await self._counted(oldest, newest)
            self._turn = _TURN if found else self._turn * 2
            self._keep(found)
            self.since = oldest

    async def _anew(self) -> dict[date, Day]:
        """All days that are counted, counted again; until that is done the former ones show."""
        days: dict[date, Day] = {}
        if last := max(self._days, default=None):
            first = min(self._days)
            while last >= first:
                days |= await self._counted(max(first, last - _TURN + _DAY), last)
                last -= _TURN
        return dict.fromkeys(self._days, _NOTHING) | days

    async def _counted(self, first: date, last: date) -> dict[date, Day]:
        return _by_day(await self.source.tally_of_days((Division.DAY, *DIVISIONS), first, last))

    def _keep(self, days: dict[date, Day]) -> None:
        if days:
            self._days = self._days | days
            self._views.clear()
            self._version += 1


def _first(today: date, scope: Scope) -> date:
    return today - timedelta(days=scope.days - 1)


def _by_day(tally: Tally) -> dict[date, Day]:
    """The same counts, a tally a day."""
    parts: dict[str, list[PartCounts]] = defaultdict(list)
    votes: dict[str, list[PersonVotes]] = defaultdict(list)
    for part in tally.parts:
        parts[part.part[0]].append(replace(part, part=part.part[1:]))
    for each in tally.votes:
        votes[each.part[0]].append(replace(each, part=each.part[1:]))
    return {date.fromisoformat(day): Day(Tally(tuple(parts[day]), tuple(votes[day]))) for day in parts}


def _view(days: Mapping[date, Day], today: date, scope: Scope, division: Division) -> View:
    step = _WEEK if scope.days >= _LONG else 1
    first = _first(today, scope)
    steps: dict[date, list[Sums]] = defaultdict(list)
    for day in sorted(each for each in days if first <= each <= today):
        begun = day - timedelta(days=day.weekday()) if step == _WEEK else day
        if (sums := days[day].sums(scope, division)).counts:
            steps[begun].append(sums)
    summed = {begun: merged(found) for begun, found in steps.items()}
    tally = merged(summed.values()).tally()
    parts = sorted(reports(tally).items(), key=lambda each: (-each[1].total_traces, each[0]))
    names = [name for (name,), _ in parts]
    return View(
        report(tally),
        tuple(_point(begun, sums) for begun, sums in summed.items()),
        {name: each for (name,), each in parts},
        {name: {begun: sums.rates[name] for begun, sums in summed.items() if name in sums.rates} for name in names},
        first,
        today,
        step,
    )


def _point(day: date, sums: Sums) -> Point:
    replies, judged = (sum(each[place] for each in sums.counts.values()) for place in (0, 1))
    return Point(day, replies, judged, wilson(judged, replies), sums.by_people)
