"""The one chart of reports: the positive rate day by day, with its uncertainty, as a Vega-Lite specification.

It is a plain value; `drawing` makes a picture of it. (vega.github.io/vega-lite/docs)
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from core.insight.report import BETWEEN_NAMES, Report

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
"""The name of the language; nothing is fetched from there."""
_WIDTH, _HEIGHT, _SMALL = 640, 220, 60


class Theme(StrEnum):
    """What the chart stands on."""

    LIGHT = "light"
    DARK = "dark"


_INK: Final = {Theme.LIGHT: ("#1f2328", "#d0d7de"), Theme.DARK: ("#e6edf3", "#30363d")}
_COLOURS: Final = ("#2f81f7", "#d29922", "#3fb950", "#a371f7", "#f778ba", "#db6d28")


def day_chart(reports: Mapping[str, Report], theme: Theme = Theme.LIGHT) -> dict[str, Any]:
    """The chart of reports by day, or by another division and day: their names end in a day. `all` is left out.

    Above, the positive rate in which each person counts alike, with its interval; below, how many people voted. Days on
    which nobody did are gaps.
    """
    ink, line = _INK[theme]
    axis = {"labelColor": ink, "titleColor": ink, "gridColor": line, "domainColor": line, "tickColor": line}
    return {
        "$schema": SCHEMA,
        "background": None,
        "data": {"values": points(reports)},
        "config": {
            "axis": axis,
            "legend": {"labelColor": ink, "titleColor": ink},
            "view": {"stroke": None},
            "range": {"category": list(_COLOURS)},
        },
        "vconcat": [_rates(), _people()],
    }


def _rates() -> dict[str, Any]:
    rate = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": ".0%"}}
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "encoding": {"x": _days(labels=False), "color": _names()},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.2},
                "encoding": {
                    "y": {"field": "low", "title": "positive rate, by people", **rate},
                    "y2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "line", "point": True},
                "encoding": {"y": {"field": "rate", **rate}},
            },
        ],
    }


def _people() -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": _SMALL,
        "mark": {"type": "bar"},
        "encoding": {
            "x": _days(labels=True),
            "color": _names(),
            "y": {"field": "people", "type": "quantitative", "title": "people", "axis": {"tickCount": 3}},
        },
    }


def _days(*, labels: bool) -> dict[str, Any]:
    axis = {"title": None, "format": "%d %b", "labels": labels, "grid": False, "labelOverlap": True}
    return {"field": "day", "type": "temporal", "timeUnit": "utcyearmonthdate", "bandPosition": 0.5, "axis": axis}


def _names() -> dict[str, Any]:
    return {"field": "name", "type": "nominal", "title": None, "legend": {"orient": "top"}}


def points(reports: Mapping[str, Report]) -> list[dict[str, Any]]:
    """What the chart shows of each day with votes: `name`, `day`, `rate`, `low`, `high`, `people`."""
    rows = []
    for key, each in reports.items():
        name, _, day = key.rpartition(BETWEEN_NAMES)
        rate = each.by_people
        if rate.people and _is_day(day):
            low, high = rate.interval.low, rate.interval.high
            rows.append(
                {"name": name or "all replies", "day": day, "rate": rate.rate, "low": low, "high": high}
                | {"people": rate.people}
            )
    return rows


def _is_day(text: str) -> bool:
    return text[:1].isdigit()
