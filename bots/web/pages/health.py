"""How it goes: how replies stream and end, what the platforms refuse, what waits, how the database and readers are."""

import asyncio
from datetime import timedelta
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from bots.web.access import Caller
from bots.web.pages.desk import Desk
from core.insight.streaming import NEWEST, response_times, streaming_report
from core.messages import ReplyStatus

BACK: Final = timedelta(hours=24)


async def health(desk: Desk, request: Request, caller: Caller) -> HTMLResponse:
    """The page, over the last 24 hours."""
    now = desk.clock.now()
    begun = desk.clock.monotonic()
    condition = await desk.store.condition(now - BACK)
    took = desk.clock.monotonic() - begun
    figures = await desk.store.streaming_figures(now - BACK)
    streams = await asyncio.to_thread(streaming_report, figures)
    times = response_times(await desk.store.response_times(now - BACK, limit=NEWEST))
    readers = await desk.store.consumers().all()
    replies = sum(condition.endings.values())
    whole = sum(number for (status, _), number in condition.endings.items() if status == ReplyStatus.COMPLETE)
    return await desk.page(
        request,
        caller,
        "health.html",
        active="health",
        condition=condition,
        took=took,
        streams=streams,
        times=times,
        refused=streams.rate_limited / streams.replies if streams.replies else 0.0,
        readers=[(each.name, each.seq, max(0, condition.newest - each.seq)) for each in readers],
        replies=replies,
        whole=whole,
        endings=sorted(condition.endings.items(), key=lambda each: -each[1]),
        waited=(now - condition.waiting_since).total_seconds() if condition.waiting_since else None,
    )
