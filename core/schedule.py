"""What runs on a timer. The only file that knows apscheduler."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

_LAST_WORK: Final = 10.0
"""Seconds for which a job that is at work at the end may go on."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often; a run that is still under way is not started a second time."""

    name: str
    every_seconds: float
    work: Callable[[], Awaitable[object]]


@asynccontextmanager
async def timers(*jobs: Job) -> AsyncIterator[None]:
    """Run `jobs` while the block lasts; leaving it waits for those that are at work.

    A job that fails is logged by apscheduler and runs again when it is due.
    """
    scheduler = AsyncIOScheduler(timezone="UTC")
    at_work: set[asyncio.Task[object]] = set()
    for job in jobs:
        scheduler.add_job(
            partial(_run, job, at_work),
            IntervalTrigger(seconds=max(1, round(job.every_seconds))),
            id=job.name,
            coalesce=True,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        if at_work:
            await asyncio.wait(at_work, timeout=_LAST_WORK)
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


async def _run(job: Job, at_work: set[asyncio.Task[object]]) -> None:
    # apscheduler cancels what is at work when it is shut down: in the midst of a transaction, say.
    task = asyncio.ensure_future(job.work())
    at_work.add(task)
    task.add_done_callback(at_work.discard)
    await asyncio.shield(task)
