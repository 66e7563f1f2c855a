"""What runs on a timer. The only file that knows apscheduler."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often; a run that is still under way is not started a second time."""

    name: str
    every_seconds: float
    work: Callable[[], Awaitable[object]]


@asynccontextmanager
async def timers(*jobs: Job) -> AsyncIterator[None]:
    """Run `jobs` while the block lasts. A job that fails is logged by apscheduler and runs again when it is due."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in jobs:
        # apscheduler tells coroutine functions by inspection, which a bound method passes.
        scheduler.add_job(
            job.work, IntervalTrigger(seconds=max(1, round(job.every_seconds))), id=job.name, coalesce=True
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
