"""The overview: how many replies there are, how many are judged, and how; over time, and by what they differ in."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from bots.web.access import Caller
from bots.web.pages.charts import charts, small_line, whisker
from bots.web.pages.desk import WAIT, Desk
from bots.web.pages.filtering import DIVISIONS, PERIODS, Filter
from core.insight.overview import View
from core.insight.report import Report
from core.store.counts import Division

PATIENCE: Final = 0.06
"""Seconds that the first look waits for the newest figures, and then for those that are at hand.

Without either the page goes without figures, and its script fetches them.
"""
_MOST: Final = 40
"""Parts that are listed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A part of the replies."""

    name: str
    link: str
    """The query that shows this part alone; empty where it shows already."""
    report: Report
    whisker: tuple[float, float, float]
    line: tuple[str, str]


async def overview(desk: Desk, request: Request, caller: Caller) -> HTMLResponse:
    """The page; without figures, where they are not counted yet and nobody asked to wait for them."""
    wanted = Filter.of(request.query_params)
    view, seq = await _newest(desk, wanted, waits=WAIT in request.headers)
    figures = {"view": None} if view is None else _figures(desk, view, wanted)
    models, channels = desk.figures.names()
    return await desk.page(
        request,
        caller,
        "overview.html",
        active="overview",
        filter=wanted,
        periods=PERIODS,
        divisions=[each.value for each in DIVISIONS],
        models=models,
        channels=desk.places(channels, wanted.channel),
        platforms=sorted({each.split(":")[0] for each in channels}),
        pending=view is None,
        seq=seq,
        **figures,
    )


async def _newest(desk: Desk, wanted: Filter, *, waits: bool) -> tuple[View | None, int]:
    """The figures, and the last record that is in them; none where they are not there in time."""
    seq = await desk.store.newest()
    view = await _in_time(_fresh(desk, wanted), None if waits else PATIENCE)
    if view is None and desk.figures.covers(wanted.scope):
        seq = desk.figures.seq
        view = await _in_time(desk.figures.view(wanted.scope, wanted.by), PATIENCE)
    return view, seq


async def _in_time(work: Coroutine[Any, Any, View], seconds: float | None) -> View | None:
    """What `work` returns; None where it takes longer. It goes on: whoever asks next profits from it."""
    working = asyncio.create_task(work, name="overview")
    done, _ = await asyncio.wait({working}, timeout=seconds)
    working.add_done_callback(_retrieved)
    return working.result() if done else None


async def _fresh(desk: Desk, wanted: Filter) -> View:
    await asyncio.shield(desk.figures.refresh())
    while not desk.figures.covers(wanted.scope):
        await asyncio.shield(desk.figures.refresh())
    return await desk.figures.view(wanted.scope, wanted.by)


def _retrieved(task: asyncio.Task[Any]) -> None:
    """An error is raised where the figures are asked for again; here it would only be complained about."""
    if not task.cancelled():
        task.exception()


def _figures(desk: Desk, view: View, wanted: Filter) -> dict[str, Any]:
    return {
        "view": view,
        "charts": charts(view),
        "rows": [_row(desk, name, each, view, wanted) for name, each in list(view.parts.items())[:_MOST]],
        "more": max(0, len(view.parts) - _MOST),
        "whole_whisker": whisker(view.whole.by_people.rate, view.whole.by_people.interval),
    }


def _row(desk: Desk, name: str, report: Report, view: View, wanted: Filter) -> Row:
    chosen = wanted.by.value
    told = name if wanted.by is Division.MODEL else desk.where(name)
    link = wanted.link(**{chosen: name}) if name and getattr(wanted, chosen) != name else ""
    rate = report.by_people
    return Row(told or "elsewhere", link, report, whisker(rate.rate, rate.interval), small_line(view.lines[name], view))
