"""Which shards a process hears, and when their sessions begin."""

import asyncio

import pytest

from bots.discord.identifying import Identifying
from bots.discord.shards import Shards, chosen, read_advice, read_shards
from core.clock import SystemClock
from core.errors import PlatformError, SettingsError

ADVICE = {
    "url": "wss://gateway.discord.gg",
    "shards": 3,
    "session_start_limit": {"total": 1000, "remaining": 2, "reset_after": 5_400_000, "max_concurrency": 16},
}


@pytest.mark.parametrize(
    ("text", "ids", "count"),
    [("0/1", (0,), 1), ("0,1/4", (0, 1), 4), ("3, 1 / 4", (1, 3), 4), ("0-2,5/8", (0, 1, 2, 5), 8)],
)
def test_shards_are_written_as_some_of_so_many(text, ids, count):
    shards = read_shards(text)

    assert shards == Shards(ids, count)
    assert shards.are_all == (len(ids) == count)


def test_auto_leaves_it_to_discord():
    shards = chosen(read_shards("auto"), read_advice({**ADVICE, "shards": 2}))

    assert shards == Shards((0, 1), 2)


@pytest.mark.parametrize("text", ["x", "", "4/4", "0/0", "0,1", "1-0/4", "0,/2", "-1/2", "all", "٣/٤", "0/1/2"])
def test_what_names_no_shards_is_answered_with_how_to_write_it(text):
    with pytest.raises(SettingsError, match=r"0,1/4"):
        read_shards(text)


def test_a_shard_that_there_is_not_is_named():
    with pytest.raises(SettingsError, match="of 4 shards there is no 4, they are 0 to 3"):
        read_shards("0,4/4")


def test_more_sessions_than_discord_allows_today_are_not_begun():
    with pytest.raises(PlatformError, match=r"only 2 more sessions in the next 1\.5 hours, and 3 are needed"):
        chosen(None, read_advice(ADVICE))


@pytest.mark.parametrize("answer", [None, {}, {"shards": 1}, {**ADVICE, "session_start_limit": []}])
def test_advice_that_is_none_is_said_to_be_none(answer):
    with pytest.raises(PlatformError):
        read_advice(answer)


async def begun(shards, *, at_once, pause):
    """When the sessions of `shards` began that all wanted to at once, in pauses."""
    identifying, loop = Identifying(SystemClock(), pause=pause, at_once=at_once), asyncio.get_running_loop()
    begin, times = loop.time(), {}

    async def identify(shard):
        async with identifying.turn(shard):
            times[shard] = (loop.time() - begin) / pause

    await asyncio.gather(*map(identify, shards))
    assert identifying.longest_wait(len(shards)) / pause <= max(times.values())
    return times


async def test_one_session_begins_after_the_other():
    times = await begun([0, 1, 2], at_once=1, pause=0.05)

    assert [int(times[each]) for each in (0, 1, 2)] == [0, 1, 2]


async def test_as_many_as_discord_allows_begin_at_once_each_of_another_group():
    times = await begun([0, 1, 2, 3], at_once=2, pause=0.05)

    assert [int(times[each]) for each in (0, 1, 2, 3)] == [0, 0, 1, 1]
