"""Charts as SVG: a line with its uncertainty, bars, a rate with its interval, a small line. Pure.

A chart is drawn in a box of 1000 × 100 and stretched over its place, so that it fits any screen; its letters are HTML
beside it. Colours are the stylesheet's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from bots.web.pages.rendering import number, percent, span
from core.insight.overview import Point, View
from core.insight.statistics import Interval

WIDTH, HEIGHT = 1000, 100
_CEILINGS: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_LABELS: Final = 5
_LEAST: Final = 7
"""Days or weeks on an axis at least."""
_LIKED: Final = ("positive", "Positive rate", "Each person counts alike. The band: 95% confidence.")
_JUDGED: Final = ("feedback", "Feedback rate", "The share of replies that anyone judged.")


@dataclass(frozen=True, slots=True)
class Column:
    """The place of a day or week, which tells its figures."""

    x: float
    width: float
    tip: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template draws."""

    id: str
    title: str
    note: str
    band: str
    """The path of the uncertainty; empty for bars."""
    line: str
    dots: str
    bars: tuple[tuple[float, float, float], ...]
    """x, width and height each."""
    columns: tuple[Column, ...]
    ys: tuple[str, str, str]
    """What the top, the middle and the foot of the chart are."""
    xs: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Its figures, as a table."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where days are."""

    first: date
    step: int
    slots: int

    @classmethod
    def of(cls, view: View) -> "_Axis":
        """From the first day that has replies, but a few days at least: who has just begun sees no empty year."""
        few = view.last - timedelta(days=(_LEAST - 1) * view.step)
        first = max(view.first, min(view.points[0].day, few)) if view.points else view.first
        first -= timedelta(days=first.weekday() if view.step > 1 else 0)
        return cls(first, view.step, (view.last - first).days // view.step + 1)

    def slot(self, day: date) -> int:
        return (day - self.first).days // self.step

    def x(self, day: date) -> float:
        return round((self.slot(day) + 0.5) * WIDTH / self.slots, 2)

    def column(self, day: date, tip: str) -> Column:
        width = WIDTH / self.slots
        return Column(round(self.slot(day) * width, 2), round(width, 2), f"{self.name(day)}: {tip}")

    def name(self, day: date) -> str:
        return f"{day:%a} {day.day} {day:%b}" if self.step == 1 else f"week of {day.day} {day:%b %Y}"

    def labels(self) -> tuple[str, ...]:
        number = min(_LABELS, self.slots)
        places = [round(each * (self.slots - 1) / max(number - 1, 1)) for each in range(number)]
        days = [self.first + timedelta(days=each * self.step) for each in places]
        return tuple(f"{day.day} {day:%b}" for day in days)


@dataclass(frozen=True, slots=True)
class _Rate:
    """A rate of a day or week, and the two counts that it is of."""

    day: date
    rate: float
    interval: Interval
    counts: tuple[int, int]


def charts(view: View) -> tuple[Chart, Chart, Chart]:
    """How people like the replies, how many they judge, and how many there are: by day or week."""
    axis = _Axis.of(view)
    voted = [(each.day, each.by_people) for each in view.points if each.by_people.people]
    liked = [_Rate(day, by.rate, by.interval, (by.people, by.votes)) for day, by in voted]
    judged = [_Rate(each.day, each.feedback_rate, each.feedback, (each.judged, each.replies)) for each in view.points]
    return (
        _rates(axis, _LIKED, liked, ("people", "votes"), ceiling=1.0),
        _rates(axis, _JUDGED, judged, ("judged", "replies"), ceiling=_ceiling(each.rate for each in judged)),
        _counts(axis, view.points),
    )


def whisker(rate: float, interval: Interval) -> tuple[float, float, float]:
    """Where the interval of a rate begins and ends, and where the rate is, on a line of `WIDTH`."""
    low, high, middle = (round(each * WIDTH, 1) for each in (interval.low, interval.high, rate))
    return low, high, middle


def small_line(rates: Mapping[date, float], view: View) -> tuple[str, str]:
    """The rates of a part as a line and, where a day stands alone, a dot."""
    axis = _Axis.of(view)
    places = [(axis.slot(day), axis.x(day), _y(rate, 1.0)) for day, rate in sorted(rates.items())]
    runs = list(_runs(places))
    return _line(runs), "".join(f"M{run[0][0]},{run[0][1]}h0" for run in runs if len(run) == 1)


def _rates(
    axis: _Axis, words: tuple[str, str, str], rates: Sequence[_Rate], heads: tuple[str, str], *, ceiling: float
) -> Chart:
    """`words`: the id, the title and the note; `heads`: what the two counts are."""
    lines = list(_runs((axis.slot(each.day), axis.x(each.day), _y(each.rate, ceiling)) for each in rates))
    edges = _runs(
        (axis.slot(each.day), axis.x(each.day), _y(each.interval.low, ceiling), _y(each.interval.high, ceiling))
        for each in rates
    )
    return Chart(
        *words,
        band="".join(_band(run, WIDTH / axis.slots / 6) for run in edges),
        line=_line(lines),
        dots="".join(f"M{x},{y}h0" for run in lines for x, y in run),
        bars=(),
        columns=tuple(
            axis.column(each.day, f"{percent(each.rate)} ({span(each.interval)}), {each.counts[0]:,} {heads[0]}")
            for each in rates
        ),
        ys=(percent(ceiling), percent(ceiling / 2), "0%"),
        xs=axis.labels(),
        heads=("", "rate", "95% interval", *heads),
        rows=tuple(
            (axis.name(each.day), percent(each.rate), span(each.interval), *(f"{count:,}" for count in each.counts))
            for each in rates
        ),
    )


def _counts(axis: _Axis, points: Sequence[Point]) -> Chart:
    most = _nice(max((each.replies for each in points), default=0))
    width = WIDTH / axis.slots
    bars = tuple(
        (
            round(axis.slot(each.day) * width + width * 0.15, 2),
            round(width * 0.7, 2),
            round(each.replies / most * HEIGHT, 2),
        )
        for each in points
    )
    rows = tuple((axis.name(each.day), f"{each.replies:,}", f"{each.judged:,}") for each in points)
    columns = tuple(axis.column(each.day, f"{each.replies:,} replies, {each.judged:,} judged") for each in points)
    ys = (number(most), number(most / 2) if most % 2 == 0 else "", "0")
    heads = ("", "replies", "judged")
    return Chart("replies", "Replies", "", "", "", "", bars, columns, ys, axis.labels(), heads, rows)


def _y(rate: float, ceiling: float) -> float:
    return round(HEIGHT * (1 - min(rate / ceiling, 1.0)), 2)


def _ceiling(rates: Iterable[float]) -> float:
    """The top of an axis on which the highest rate has room above it."""
    highest = max(rates, default=0.0) * 1.3
    return next((each for each in _CEILINGS if each >= highest), 1.0)


def _nice(most: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100, … that is not below `most`."""
    size = 1
    while True:
        for each in (2, 4, 10):
            if each * size >= most:
                return each * size
        size *= 10


def _runs(places: Iterable[tuple[float, ...]]) -> Iterator[list[tuple[float, ...]]]:
    """The points without their slots, in runs of neighbouring slots: a day on which nobody voted is a gap."""
    told = list(places)
    run: list[tuple[float, ...]] = []
    for place, following in [*pairwise(told), *((each, None) for each in told[-1:])]:
        run.append(place[1:])
        if following is None or following[0] != place[0] + 1:
            yield run
            run = []


def _line(runs: Iterable[Sequence[tuple[float, ...]]]) -> str:
    return "".join("M" + "L".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1)


def _band(run: Sequence[tuple[float, ...]], half: float) -> str:
    """The area between the lower and the upper ends; of a day alone, a narrow box."""
    if len(run) == 1:
        x, low, high = run[0]
        return f"M{x - half:.2f},{low}H{x + half:.2f}V{high}H{x - half:.2f}Z"
    upper = "L".join(f"{x},{high}" for x, _, high in run)
    lower = "L".join(f"{x},{low}" for x, low, _ in reversed(run))
    return f"M{upper}L{lower}Z"
