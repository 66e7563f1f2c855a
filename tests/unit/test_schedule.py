"""What runs on a timer: jobs that fail, and one that is at work at the end."""

import asyncio
from datetime import datetime, timedelta

import apscheduler.schedulers.base
import apscheduler.triggers.interval

from core import clock, schedule
from core.schedule import Job, timers


async def test_a_job_at_work_at_the_end_is_waited_for_and_is_no_failure(caplog):
    began, ended = asyncio.Event(), asyncio.Event()

    async def work():
        began.set()
        await asyncio.sleep(0.01)
        ended.set()

    async with timers(Job("work", 1, work)):
        await asyncio.wait_for(began.wait(), 10)

    assert ended.is_set()
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []


async def test_a_job_that_fails_is_logged_by_its_name(caplog):
    failed = asyncio.Event()

    async def work():
        failed.set()
        raise LookupError("gone")

    async with timers(Job("count sheep", 1, work)):
        await asyncio.wait_for(failed.wait(), 10)
        await asyncio.sleep(0)

    [error] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert (error.message, error.job) == ("job_failed", "count sheep")


async def test_jobs_go_on_where_the_clock_is_set_back(monkeypatch):
    ahead = timedelta(hours=1)

    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + ahead

    for module in (clock, schedule, apscheduler.schedulers.base, apscheduler.triggers.interval):
        monkeypatch.setattr(module, "datetime", Wrong)
    monkeypatch.setattr(schedule, "_HEED", 0.05)
    ran = asyncio.Event()

    async def work():
        ran.set()

    async with timers(Job("work", 1, work)):
        async with asyncio.timeout(10):
            await ran.wait()
        ahead = timedelta()
        ran.clear()
        async with asyncio.timeout(10):
            await ran.wait()
