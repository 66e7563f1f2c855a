"""Replies on their way to whoever reads them, and how many requests somebody may make."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.web.chat import Reached
from bots.web.growing import Growing, Piece
from bots.web.limits import RequestLimit
from bots.web.platform import WebPlatform
from core.messages import MessageRef, ReplyStatus
from core.ports import Ended

QUESTION = MessageRef("web", "local", "c", "q")
END = Ended("r", "c", ReplyStatus.COMPLETE, "")


async def read(growing: Growing, *, after: int = 0) -> str:
    """All that comes, joined."""
    async with aclosing(growing.read(after=after, beat=60)) as pieces:
        return "".join([each.text async for each in pieces if each])


async def test_readers_have_all_of_it_whenever_they_come() -> None:
    growing = Growing(QUESTION)
    early = asyncio.create_task(read(growing))
    for word in ("one ", "two ", "three"):
        growing.write(word)
        await asyncio.sleep(0)
    late = asyncio.create_task(read(growing))

    growing.end(END)

    assert await early == await late == await read(growing) == growing.text == "one two three"


async def test_a_slow_reader_gets_what_came_meanwhile_in_one_piece() -> None:
    growing = Growing(QUESTION)
    async with aclosing(growing.read(beat=60)) as pieces:
        growing.write("one ")
        first = await anext(pieces)
        growing.write("two ")
        growing.write("three")

        second = await anext(pieces)

    assert (first, second) == (Piece("one ", 4), Piece("two three", 13))


async def test_silence_is_told_and_talk_is_not() -> None:
    growing = Growing(QUESTION)
    async with aclosing(growing.read(beat=0.02)) as pieces:
        first = await anext(pieces)
        growing.write("word")

        second = await anext(pieces)

    assert (first, second) == (None, Piece("word", 4))


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8), st.data())
def test_from_any_point_comes_exactly_the_rest(pieces, data) -> None:
    text = "".join(pieces)
    after = data.draw(st.integers(0, len(text)))

    async def rest() -> str:
        growing = Growing(QUESTION)
        for each in pieces:
            growing.write(each)
        growing.end(END)
        return await read(growing, after=after)

    assert asyncio.run(rest()) == text[after:]


def test_the_id_of_an_event_says_how_far_one_has_read() -> None:
    reached = Reached("web-c-q", 12, 0xBEEF)

    assert str(reached) == "web-c-q/12-0000beef"
    assert Reached.read(str(reached)) == reached


@pytest.mark.parametrize(
    "text", ["", "web-c-q", "web-c-q/", "web-c-q/x-0", "web-c-q/1-xyz", "/1-0", "a/²-0", "a/9999999999-0"]
)
def test_what_is_no_id_of_ours_is_none(text) -> None:
    assert Reached.read(text) is None


def test_requests_come_back_with_the_time() -> None:
    limit = RequestLimit(per_minute=2)
    at_once = [limit.take("ada", now) for now in (0.0, 0.0, 0.0)]
    others = limit.take("bob", 0.0)

    later = limit.take("ada", 30.0)

    assert at_once == [0.0, 0.0, 30.0]
    assert (others, later) == (0.0, 0.0)
    assert limit.take("ada", 31.0) == pytest.approx(29.0)


async def test_what_is_written_elsewhere_is_waited_for_as_long_as_it_is_read() -> None:
    platform = WebPlatform()
    with platform.expecting(QUESTION) as growing:
        reading = asyncio.create_task(read(growing))
    await asyncio.sleep(0)
    for _ in range(50):
        platform.elsewhere()
    while_read = platform.growing(QUESTION)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    for _ in range(50):
        platform.elsewhere()

    assert while_read is growing
    assert platform.growing(QUESTION) is None
