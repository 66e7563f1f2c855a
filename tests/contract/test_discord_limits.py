"""Many at once, with Discord's rate limits on: nothing is refused, nothing waits inside a call, every text is whole."""

import asyncio
import time
from contextlib import contextmanager

import aiohttp
import pytest

from bots.discord.rest import Rest
from bots.pocket.discord_rules import DISCORDS_RATES, DiscordRules, Rate
from bots.pocket.server import Pocket
from core.clock import SystemClock
from core.errors import (
    MessageGoneError,
    MessageTooLongError,
    PlatformError,
    PlatformRefusedTokenError,
    RateLimitedError,
)
from core.language_models.scripted import ScriptedModel
from core.messages import MessageRef
from tests.contract.discord_bot import bot, says

TEXT = " ".join(f"word{i}" for i in range(220))


@contextmanager
def timed(platform):
    """How long each edit took, in seconds."""
    took, edit = [], platform.edit

    async def timing(message, text):
        began = time.monotonic()
        try:
            return await edit(message, text)
        finally:
            took.append(time.monotonic() - began)

    platform.edit = timing
    yield took
    del platform.edit


@pytest.mark.alone
@pytest.mark.parametrize("rooms", [[f"room{i}" for i in range(20)], ["general"] * 5], ids=["20 rooms", "one room"])
async def test_replies_streaming_at_once_meet_no_limit_and_are_whole(rooms):
    async with bot(DiscordRules(), model=ScriptedModel(says(TEXT, pause=0.02))) as here:
        with timed(here.platform) as took:
            replies = await asyncio.gather(*(here.ask(f"P{i}", room=room) for i, room in enumerate(rooms)))

        assert here.discord.refused == []
        assert [each.text for each in replies] == [TEXT] * len(rooms)
        assert max(took) < 1
        assert all(len(each.states) > 1 for each in replies)


@pytest.mark.alone
async def test_more_posts_and_marks_than_a_channel_takes_at_once_wait_their_turn():
    rules = DiscordRules(rates={**DISCORDS_RATES, "post": Rate(5, 0.5)})
    async with bot(rules) as here:
        reply = await here.ask()
        room, ben = reply.room, here.pocket.person("Ben")

        comments = [await ben.says(f"comment {i}", room, reply_to=reply, rings=False) for i in range(6)]
        replies = await asyncio.gather(*(here.ask(f"P{i}") for i in range(8)))
        await here.pocket.until(lambda: all("📝" in each.reactions for each in comments))

        assert here.discord.refused == []
        assert {each.text for each in replies} == {"An answer."}


async def test_a_limit_that_nobody_could_know_of_is_waited_out():
    rules = DiscordRules(rates={**DISCORDS_RATES, "post": Rate(1, 0.3), "edit": Rate(2, 0.5), "react": Rate(1, 0.3)})
    async with bot(rules, model=ScriptedModel(says(TEXT, pause=0.005))) as here:
        replies = await asyncio.gather(*(here.ask(f"P{i}") for i in range(3)))

        assert [each.text for each in replies] == [TEXT] * 3
        assert all(each.bucket in ("post", "react", "edit") for each in here.discord.refused)


async def test_a_post_whose_answer_was_lost_goes_on_growing_where_it_stands():
    async with bot(model=ScriptedModel(says(TEXT, pause=0.003))) as here:
        here.discord.fail("post", status=0, done=True)

        reply = await here.ask()

        assert [each.text for each in reply.room.messages if each.author.is_bot] == [TEXT]


async def test_typing_shows_until_the_first_text_and_never_after_it():
    async with bot(model=ScriptedModel(lambda _: [0.6, *says(TEXT, pause=0.002)(())])) as here:
        reply = await here.ask()

        kinds = [each.bucket for each in here.discord.calls if each.bucket in ("typing", "post")]
        assert kinds == ["typing", "post"]
        assert here.discord.calls_of("typing")[0].at < reply.first_seen


class Line:
    """A bare line to the box's REST interface."""

    def __init__(self, session, pocket):
        discord = pocket.discord
        self.rest = Rest(session, discord.base_url, discord.token, user_agent="DiscordBot (test)", clock=SystemClock())
        self.channel = str(discord.id(pocket.room("general", on="discord")))

    async def post(self, content="hello", *, kind="post", **more):
        path = f"/channels/{self.channel}/messages"
        return await self.rest.call("POST", path, bucket=(kind, self.channel), body={"content": content}, **more)


@pytest.fixture
async def pocket():
    async with Pocket(discord=DiscordRules()) as made:
        yield made


@pytest.fixture
async def line(pocket):
    async with aiohttp.ClientSession() as session:
        yield Line(session, pocket)


async def test_an_answer_carries_what_the_bucket_has_left(line):
    answer = await line.post()

    assert (answer.budget.limit, answer.budget.remaining) == (5, 4)
    assert 4 < answer.budget.reset_after <= 5.001


async def test_a_call_on_an_empty_bucket_is_not_made(line, pocket):
    for _ in range(5):
        await line.post()

    with pytest.raises(RateLimitedError) as refused:
        await line.post()

    assert 0 < refused.value.retry_after <= 5
    assert len(pocket.discord.calls) == 5


async def test_a_refusal_over_all_calls_pauses_all_of_them(line, pocket):
    pocket.discord.rules.rates = {"global": Rate(1, 0.3)}

    await line.post()
    with pytest.raises(RateLimitedError):
        await line.post()
    began = time.monotonic()
    await line.post(kind="another", patient=True)

    assert time.monotonic() - began > 0.1


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda here, line: setattr(line, "channel", "1"), MessageGoneError),
        (lambda here, line: here.discord.deny(here.room("general", on="discord"), "send_messages"), MessageGoneError),
        (lambda here, line: line.rest._headers.update(Authorization="Bot wrong"), PlatformRefusedTokenError),
        (lambda here, line: here.discord.fail(status=503), PlatformError),
        (lambda here, line: here.discord.fail(status=0), PlatformError),
    ],
)
async def test_each_refusal_has_its_error(line, pocket, spoil, error):
    spoil(pocket, line)

    with pytest.raises(error):
        await line.post()


async def test_a_text_that_is_too_long_is_said_to_be(line):
    with pytest.raises(MessageTooLongError):
        await line.post("x" * 2001)


async def test_an_edit_in_an_archived_thread_and_of_a_deleted_message_finds_it_gone():
    async with bot() as here:
        question = await here.ask()
        ada = here.pocket.person("Ada")
        thread = await here.discord.hands.open_thread(ada, "a thread", question.room, starter=question)
        inside = await here.ask(room="general")
        in_thread = here.pocket.house.post(here.pocket.house.assistants["discord"], thread, "hm")
        await here.discord.hands.archive(thread)
        await ada.deletes(inside)

        for message in (in_thread, inside):
            ref = MessageRef("discord", "g", str(here.discord.id(message.room)), str(here.discord.id(message)))
            with pytest.raises(MessageGoneError):
                await here.platform.edit(ref, "more")
