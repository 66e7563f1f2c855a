"""Charts made of characters, for places that show no picture. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from core.insight.charts import points
from core.insight.report import Report
from core.insight.statistics import PeopleRate

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_NOBODY: Final = "·"
_INSTANT: Final = timedelta(microseconds=1)
WIDTH: Final = 41
"""Characters of a bar."""


def blocks(reports: Mapping[str, Report], since: datetime, until: datetime) -> str:
    """A character a day (UTC) of [`since`, `until`): low where nobody liked it, high where all did, `·` for no votes.

    `reports`: by day alone, as for `charts.day_chart`.
    """
    rates = {each["day"]: each["rate"] for each in points(reports)}
    return "".join(_block(rates.get(f"{day}")) for day in _days(since.date(), (until - _INSTANT).date()))


def bar(rate: PeopleRate, width: int = WIDTH) -> str:
    """Where a rate lies between 0 (left) and 1 (right): `··├────●──┤··`; dots alone where nobody voted."""
    cells = [_NOBODY] * width
    if rate.people:
        low, middle, high = (round(each * (width - 1)) for each in (rate.interval.low, rate.rate, rate.interval.high))
        cells[low : high + 1] = "─" * (high + 1 - low)
        cells[low], cells[high] = "├", "┤"
        cells[middle] = "●"
    return "".join(cells)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _block(rate: float | None) -> str:
    return _NOBODY if rate is None else _BLOCKS[min(int(rate * len(_BLOCKS)), len(_BLOCKS) - 1)]
