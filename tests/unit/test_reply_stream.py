"""A reply's text as posts and edits, on a platform that may refuse."""

import asyncio
import random

import pytest

from core.errors import (
    MessageGoneError,
    MessageTooLongError,
    PlatformError,
    PlatformRefusedTokenError,
    RateLimitedError,
)
from core.gate import Gates
from core.messages import MessageRef
from core.streaming import THINKING, ReplyStream
from tests.unit.fakes import ADA, CLOCK, PLACE, FakePlatform, until

TEXT = " ".join(f"word{i}" for i in range(100))


def a_reply(platform: FakePlatform, gates: Gates | None = None, **more) -> ReplyStream:
    return ReplyStream(platform, PLACE, gates=gates or Gates(CLOCK), clock=CLOCK, nonce="n", asker=ADA, **more)


async def tell(reply: ReplyStream, text: str = TEXT, pause: float = 0.001) -> None:
    showing = asyncio.create_task(reply.show())
    for word in text.split(" "):
        reply.write(f"{word} ")
        await asyncio.sleep(pause)
    reply.finish()
    await asyncio.wait_for(showing, 10)


async def test_the_first_text_is_posted_at_once_and_the_last_is_whole():
    platform = FakePlatform(length=2000)

    await tell(a_reply(platform))

    [states] = platform.shown.values()
    assert states[0] == "word0"
    assert states[-1] == TEXT


async def test_nothing_is_shown_before_it_is_sure_that_nobody_else_is_at_the_reply():
    platform, sure = FakePlatform(length=2000), asyncio.Event()
    sure.set()
    reply = a_reply(platform, sure=sure.wait)
    showing = asyncio.create_task(reply.show())
    reply.write("first ")
    await until(lambda: platform.now)

    sure.clear()
    reply.write("second")
    reply.finish()
    await asyncio.sleep(0.05)

    assert platform.now == ["first"]
    sure.set()
    await asyncio.wait_for(showing, 5)
    assert platform.now == ["first second"]


async def test_who_leaves_a_reply_waits_for_the_call_under_way_and_begins_no_other():
    platform, heard = FakePlatform(length=2000, delay=0.05), []
    reply = a_reply(platform, on_post=heard.append)
    showing = asyncio.create_task(reply.show())
    reply.write("first ")
    await until(lambda: reply.posting)

    await reply.leave()
    seen = (list(platform.now), len(heard))
    reply.write("second")
    reply.finish()
    await asyncio.sleep(0.2)

    assert seen == (["first"], 1)
    assert platform.now == ["first"]
    showing.cancel()


async def test_a_long_reply_is_several_parts_that_are_told_of_as_they_appear():
    platform, heard = FakePlatform(length=200), []

    reply = a_reply(platform, on_post=heard.append)
    await tell(reply)

    assert heard == [MessageRef("fake", "w", "room", f"m{i}") for i in range(len(platform.shown))]
    assert reply.parts == tuple(heard)
    assert " ".join(platform.now) == TEXT
    assert platform.nonces == [f"n-{i}" for i in range(len(platform.shown))]


async def test_one_call_at_a_time_is_in_flight_on_a_bucket():
    platform, gates = FakePlatform(length=2000, delay=0.003), Gates(CLOCK)

    await asyncio.gather(*(tell(a_reply(platform, gates)) for _ in range(8)))

    assert platform.most_in_flight == 1
    assert platform.now == [TEXT] * 8


@pytest.mark.parametrize("seed", range(5))
async def test_refusals_delay_a_reply_and_lose_nothing(seed):
    chance = random.Random(seed)
    faults = [
        chance.choice([None, None, RateLimitedError(0.01), PlatformError("the connection broke")]) for _ in range(30)
    ]
    platform = FakePlatform(faults=faults)

    await tell(a_reply(platform), pause=0.003)

    assert " ".join(platform.now) == TEXT


async def test_a_part_that_was_deleted_is_left_and_the_rest_goes_on():
    platform = FakePlatform(faults=[None, MessageGoneError("deleted")])

    await tell(a_reply(platform))

    assert " ".join(platform.now[1:]) in TEXT
    assert platform.now[-1].endswith("word99")


@pytest.mark.parametrize("error", [MessageGoneError, MessageTooLongError, PlatformRefusedTokenError])
async def test_a_place_that_cannot_be_posted_in_ends_the_reply(error):
    platform = FakePlatform(faults=[error("no")])

    with pytest.raises(error):
        await tell(a_reply(platform))


async def test_a_note_stands_below_the_text_and_is_a_message_of_its_own_where_it_does_not_fit():
    short, long = FakePlatform(length=200), FakePlatform(length=200)

    for platform, text in ((short, "Well,"), (long, "x" * 195)):
        reply = a_reply(platform)
        reply.write(text)
        reply.finish("⚠️ It broke off.")
        await reply.show()

    assert short.now == ["Well,\n\n⚠️ It broke off."]
    assert long.now == ["x" * 195, "⚠️ It broke off."]


async def test_thinking_shows_until_there_is_text():
    platform = FakePlatform()
    reply = a_reply(platform)
    showing = asyncio.create_task(reply.show())

    reply.think()
    await until(lambda: platform.shown)
    reply.write("Forty-two.")
    reply.finish()
    await showing

    assert platform.shown == {"m0": [THINKING, "Forty-two."]}


async def test_an_unfinished_reply_can_be_given_up_at_any_time():
    platform = FakePlatform(delay=0.01)
    gates = Gates(CLOCK)
    reply = a_reply(platform, gates)
    showing = asyncio.create_task(reply.show())
    reply.write(TEXT)
    await until(lambda: platform.shown)

    showing.cancel()
    await asyncio.wait([showing])
    await tell(a_reply(platform, gates))

    assert showing.cancelled()
    assert TEXT.endswith(platform.now[-1])


async def test_the_figures_tell_how_it_felt():
    platform = FakePlatform(length=2000, delay=0.01)
    reply = a_reply(platform)

    await tell(reply, pause=0.002)

    figures = reply.figures
    assert 0.009 < figures.first_text < 0.2
    assert 0 < figures.mean_lag < 1
    assert 0 < figures.final_lag < 1
    assert figures.edits == sum(len(states) - 1 for states in platform.shown.values())
    assert figures.rate_limited == 0
