"""Tasks and their owner: what is started while somebody waits is waited for, too."""

import asyncio

from core.tasks import Tasks, cancelled


async def test_what_is_started_meanwhile_is_waited_for() -> None:
    tasks, done = Tasks(), []

    async def work(times: int) -> None:
        await asyncio.sleep(0.01)
        done.append(times)
        if times:
            tasks.start(work(times - 1), f"work {times}")

    tasks.start(work(3), "work")
    await tasks.wait(5)

    assert done == [3, 2, 1, 0]


async def test_what_may_start_more_is_waited_for() -> None:
    tasks, done = Tasks(), []

    async def work() -> None:
        done.append("work")

    async def hear() -> None:
        with tasks.held():
            await asyncio.sleep(0.02)
            tasks.start(work(), "work")

    hearing = asyncio.create_task(hear())
    await asyncio.sleep(0)
    await tasks.wait(5)
    await hearing

    assert done == ["work"]


async def test_waiting_ends_when_its_time_is_over() -> None:
    tasks = Tasks()
    tasks.start(asyncio.sleep(60), "long")

    await tasks.wait(0.01)

    async with asyncio.timeout(5):
        await tasks.cancel()


async def test_who_forgets_a_cancellation_is_cancelled_again() -> None:
    began, times = asyncio.Event(), []

    async def forget_once() -> None:
        while True:
            try:
                began.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                times.append("cancelled")
                if len(times) > 1:
                    raise

    task = asyncio.create_task(forget_once())
    await began.wait()

    await cancelled([task], again=0.01)

    assert task.cancelled()
    assert times == ["cancelled"] * 2


async def test_whose_end_is_nobodys_concern_may_fail() -> None:
    async def fail() -> None:
        raise ValueError

    await cancelled([asyncio.create_task(fail())])
