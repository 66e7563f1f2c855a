"""The positive rate day by day in block characters, for places that show no picture. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from core.insight.charts import points
from core.insight.report import Report

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_NOBODY: Final = "·"


def blocks(reports: Mapping[str, Report], since: datetime, until: datetime) -> str:
    """A character a day (UTC) of [`since`, `until`): low where nobody liked it, high where all did, `·` for no votes.

    `reports`: by day alone, as for `charts.day_chart`.
    """
    rates = {each["day"]: each["rate"] for each in points(reports)}
    return "".join(_block(rates.get(f"{day}")) for day in _days(since.date(), (until - _INSTANT).date()))


_INSTANT: Final = timedelta(microseconds=1)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _block(rate: float | None) -> str:
    return _NOBODY if rate is None else _BLOCKS[min(int(rate * len(_BLOCKS)), len(_BLOCKS) - 1)]
