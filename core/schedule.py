"""What runs on a timer. The only file that knows apscheduler."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from core.clock import ClockWatch, SystemClock
from core.policy.cron import Cron
from core.tasks import cancelled

logger = logging.getLogger(__name__)

_LAST_WORK: Final = 10.0
"""Seconds for which a job that is at work at the end may go on."""
_HEED: Final = 1.0
"""Seconds between two looks at the clock."""
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often; a run that is still under way is not started a second time."""

    name: str
    every_seconds: float
    work: Callable[[], Awaitable[object]]


class Calendar:
    """When a line of a crontab is due in a time zone.

    A time that the clocks skip in spring is due as much later as they skip; one that they repeat in autumn, twice.
    """

    def __init__(self, cron: Cron, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        fields = {
            "minute": cron.minutes,
            "hour": cron.hours,
            "day": cron.days,
            "month": cron.months,
            "day_of_week": cron.weekdays,
        }
        given = {name: ",".join(map(str, numbers)) or "*" for name, numbers in fields.items()}
        self._trigger = CronTrigger(**given, timezone=self._zone)

    def next(self, after: datetime) -> datetime | None:
        """The first time behind `after`, in the zone; None where there is none any more."""
        # In UTC: a sum of local times forgets which of two equal ones it is, and what the clocks skip is there.
        begin = (after.astimezone(UTC) + _INSTANT).astimezone(self._zone)
        found: datetime | None = self._trigger.get_next_fire_time(None, begin)
        return found and found.astimezone(UTC).astimezone(self._zone)

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last time behind `after` and not behind `until`, in the zone; None where there is none."""
        latest = None
        while (found := self.next(latest or after)) is not None and found <= until:
            latest = found
        return latest


@asynccontextmanager
async def timers(*jobs: Job) -> AsyncIterator[None]:
    """Run `jobs` while the block lasts; leaving it waits for those that are at work.

    A job that fails is logged and runs again when it is due.
    """
    # That a run is left out while the one before is at work, apscheduler finds worth a warning each time.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = AsyncIOScheduler(timezone="UTC")
    at_work: set[asyncio.Task[object]] = set()
    for job in jobs:
        scheduler.add_job(
            partial(_run, job, at_work),
            IntervalTrigger(seconds=max(1, round(job.every_seconds))),
            id=job.name,
            name=job.name,
            coalesce=True,
            misfire_grace_time=None,  # late is better than not at all, which its second of grace would make of it
        )
    scheduler.start()
    heeding = asyncio.create_task(_heed_clock(scheduler), name="heed the clock")
    try:
        yield
    finally:
        await cancelled([heeding])
        scheduler.shutdown(wait=False)
        if at_work:
            await asyncio.wait(at_work, timeout=_LAST_WORK)
        await cancelled(at_work)


async def _heed_clock(scheduler: AsyncIOScheduler) -> None:
    """Go on where the clock was set: apscheduler would wait until it says again when the next run is due."""
    watch = ClockWatch(SystemClock())
    while True:
        await asyncio.sleep(_HEED)
        if watch.set_by():
            for each in scheduler.get_jobs():
                each.modify(next_run_time=datetime.now(UTC))


async def _run(job: Job, at_work: set[asyncio.Task[object]]) -> None:
    # apscheduler cancels what is at work when it is shut down: in the midst of a transaction, say.
    task = asyncio.ensure_future(job.work())
    at_work.add(task)
    task.add_done_callback(at_work.discard)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        pass  # apscheduler would log it as a failure of the job
    except Exception:
        # In our words: apscheduler's line has no stable name.
        logger.exception("job_failed", extra={"job": job.name})
