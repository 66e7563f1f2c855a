"""The one chart of reports: the positive rate day by day, with its uncertainty, as a Vega-Lite specification.

It is a plain value; `drawing` makes a picture of it. (vega.github.io/vega-lite/docs)
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from itertools import product
from typing import Any, Final

from core.insight.report import BETWEEN_NAMES, Report

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
"""The name of the language; nothing is fetched from there."""
_WIDTH, _HEIGHT, _SMALL = 640, 220, 60


class Theme(StrEnum):
    """What the chart stands on."""

    LIGHT = "light"
    DARK = "dark"


_INK: Final = {Theme.LIGHT: ("#5c6370", "#e2e4e8"), Theme.DARK: ("#a2a9b6", "#2c313a")}
_COLOURS: Final = {
    Theme.LIGHT: ("#3a55c4", "#b45309", "#1e7b4b", "#8a3f8f", "#b3261e", "#1f6f8b"),
    Theme.DARK: ("#9db1ff", "#f0b45f", "#6fd3a0", "#d79be0", "#ff9a90", "#7cc7e0"),
}
_FAINT, _FAINTER = 0.18, 0.1
"""How much of a band is seen: of one alone, and of several, which lie upon each other."""


def day_chart(reports: Mapping[str, Report], theme: Theme = Theme.LIGHT) -> dict[str, Any]:
    """The chart of reports by day, or by another division and day: their names end in a day. `all` is left out.

    Above, the positive rate in which each person counts alike, with its interval; below, how many people voted. Days on
    which nobody did are gaps.
    """
    ink, line = _INK[theme]
    axis = {"labelColor": ink, "titleColor": ink, "gridColor": line, "domain": False, "ticks": False}
    shown = points(reports)
    are_several = len({each["name"] for each in shown}) > 1
    return {
        "$schema": SCHEMA,
        "background": None,
        "data": {"values": [*shown, *_gaps(shown)]},
        "config": {
            "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
            "axis": {**axis, "titleFontWeight": "normal", "labelFontSize": 11, "titleFontSize": 11, "labelPadding": 6},
            "legend": {"labelColor": ink, "labelFontSize": 12, "symbolOpacity": 1, "symbolStrokeWidth": 0},
            "view": {"stroke": None},
            "range": {"category": list(_COLOURS[theme])},
        },
        "vconcat": [_rates(are_several=are_several), _people(are_several=are_several)],
    }


def _gaps(shown: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The days between the first and the last on which nobody voted: without them a line would lead across."""
    known = {(each["name"], each["day"]) for each in shown}
    days = sorted(date.fromisoformat(each["day"]) for each in shown)
    every = [days[0] + timedelta(days=number) for number in range((days[-1] - days[0]).days)] if days else []
    for name, day in product(sorted({each["name"] for each in shown}), every):
        if (name, f"{day}") not in known:
            yield {"name": name, "day": f"{day}", "rate": None, "low": None, "high": None, "people": 0}


def _rates(*, are_several: bool) -> dict[str, Any]:
    rate = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": ".0%"}}
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "encoding": {"x": _days(labels=False), "color": _names(legend=are_several)},
        "layer": [
            {
                "mark": {"type": "area", "opacity": _FAINTER if are_several else _FAINT},
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


def _people(*, are_several: bool) -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": _SMALL,
        "mark": {"type": "bar", "opacity": 0.75},
        "encoding": {
            "x": _days(labels=True),
            "color": _names(legend=are_several),
            "y": {"field": "people", "type": "quantitative", "title": "people", "axis": {"tickCount": 3}},
        },
    }


def _days(*, labels: bool) -> dict[str, Any]:
    axis = {"title": None, "format": "%d %b", "labels": labels, "grid": False, "labelOverlap": True}
    return {"field": "day", "type": "temporal", "timeUnit": "utcyearmonthdate", "bandPosition": 0.5, "axis": axis}


def _names(*, legend: bool) -> dict[str, Any]:
    return {"field": "name", "type": "nominal", "title": None, "legend": {"orient": "top"} if legend else None}


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
