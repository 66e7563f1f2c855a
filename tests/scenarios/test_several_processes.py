"""Several bots on one Postgres: each thing that people do is done once, whoever of them hears it.

On Slack each event goes to one of them. On Discord each hears its shards; where they are not told apart, each hears
everything.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from discord.http import Route

from bots.discord.shards import ALONE, Shards
from bots.pocket.attached import SharedFile
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Platform
from bots.running import running
from tests.scenarios.conftest import World, bot_settings

HALVES = (Shards((0,), 2), Shards((1,), 2))
WAYS = {"slack": ("slack", (ALONE, ALONE)), "shards": ("discord", HALVES), "no shards": ("discord", (ALONE, ALONE))}


@pytest.fixture(autouse=True)
def _discord(monkeypatch):
    """discord.py is left as it was, and no moment ends between two sessions' hearing of the same wish."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr("core.hearing.reactions.ONE_WISH", timedelta(days=1000))


@asynccontextmanager
async def several(
    platform: Platform,
    splits: Sequence[Shards],
    url: str,
    *,
    first: AsyncExitStack | None = None,
    grace: float = 5.0,
    pace: int = 200,
    **rules: Any,
) -> AsyncIterator[World]:
    """A pocket, and a bot for each of `splits`; `first` ends the first of them. Some rooms are in another guild.

    `grace`: seconds that replies in flight have when a bot is stopped. `pace`: tokens per second of each.
    """
    model = Model(lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=pace))
    rules = {"slack": SlackRules.unlimited(), "discord": DiscordRules.unlimited(shards=2), **rules}
    async with Pocket(model=model, **rules) as pocket, AsyncExitStack() as stack:
        if platform == "discord":
            shard = (pocket.discord.world.guild_id >> 22) % 2
            guild = pocket.discord.add_guild("Second", shard=1 - shard, of=2)
            for name in ("room1", "room2", "other"):
                pocket.discord.room_in(guild, name)
        settings = bot_settings(pocket, url, grace_seconds=grace)
        ends = [first or stack, *[stack] * len(splits)]
        stores = [
            await end.enter_async_context(running(settings, [platform], shards=each))
            for end, each in zip(ends, splits, strict=False)
        ]
        yield World(pocket, model, stores[-1], platform, settings)


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


@pytest.fixture
async def world(way, postgres_url):
    async with several(*way, postgres_url) as made:
        yield made


async def answers(world):
    return [each for each in await world.log("add_message") if each.data["role"] == "assistant"]


async def quiet(world):
    await world.quiet()
    await asyncio.sleep(0.2)


async def test_each_question_is_answered_once_and_in_its_turn(world):
    people = [world.person(name) for name in ("Ada", "Ben", "Cleo")]
    rooms = [await a_place(world, f"room{i}") for i in range(3)]

    first = [await world.ask(each.name, "one", room) for each, room in zip(people, rooms, strict=True)]
    later = []
    for i in range(4):
        later += [await world.asks("Dan", f"number {i}", **on_from(question)) for question, _ in first]
        await quiet(world)  # whoever heard them, heard them in this order
    direct = [await each.says("between us", each.dm(world.platform)) for each in people]
    for each in (*later, *direct):
        await world.kept(each)
    await quiet(world)

    records = await answers(world)
    assert len(records) == len(first) + len(later) + len(direct)
    for question, _ in first:
        here = await world.kept(question)
        order = [each.data["content"] for each in records if each.data["conversation_id"] == here.conversation_id]
        assert order == ["You said: one", *(f"You said: number {i}" for i in range(4))]
    shown = [m for room in world.pocket.house.rooms.values() for m in room.messages if m.author.is_bot]
    assert len(shown) == len(records)


async def a_place(world, name):
    """Where one conversation goes on, however many ask at once: a channel of Slack, a thread on Discord."""
    room = world.room(name)
    return (
        room
        if world.platform == "slack"
        else await world.pocket.discord.hands.open_thread(world.person("Ada"), name, room)
    )


def on_from(question):
    return {"after": question} if question.room.platform == "slack" else {"room": question.room}


async def test_what_people_think_counts_once(world, way):
    question, reply = await world.ask("Ada", "hello")
    record, people = await world.kept(question), [world.person(f"P{i}") for i in range(8)]

    for each in people:
        await each.reacts("👍", reply)
    for each in people[:4]:
        await each.takes_back("👍", reply)
        await each.reacts("👎", reply)
    said = await world.comments("Ben", "too long", question)
    await world.pocket.until(lambda: "📝" in said.reactions)

    async def all_are_kept():
        standing = await world.store.assessments(record.message_id)
        return sorted(str(each.value) for each in standing) == ["False"] * 4 + ["True"] * 4 + ["too long"]

    await world.eventually(all_are_kept)
    await quiet(world)
    assert await all_are_kept()
    assert len(said.reactions["📝"]) == 1
    # Of a reaction that two sessions of Discord tell, the log has two records, and one opinion is folded from them.
    doubled = 2 if world.platform == "discord" and way[1] == (ALONE, ALONE) else 1
    assert len(await world.log("log_feedback")) == 12 * doubled + 1


async def test_what_leaves_no_record_is_done_once_as_well(world):
    question, _ = await world.ask("Ada", "hello")

    await world.asks("Ben", "help", world.room("other"))
    helped = await world.pocket.until(lambda: [m for m in world.room("other").messages if m.author.is_bot])
    await world.asks("Ada", "reset", after=question)
    await world.eventually(lambda: world.log("end_conversation"))
    await quiet(world)

    assert len(helped) == 1
    assert len([m for m in world.room("other").messages if m.author.is_bot]) == 1
    assert len(await world.log("end_conversation")) == 1
    told = [m.text for m in world.pocket.house.messages.values() if m.author.is_bot and "You said" not in m.text]
    assert len(told) == 2


async def test_a_wish_for_another_answer_is_granted_once(world):
    _, reply = await world.ask("Ada", "hello")

    await world.person("Ada").reacts("🔁", reply)
    await world.eventually(lambda: _are(world, 2))
    await quiet(world)

    assert len(await answers(world)) == 2


async def _are(world, count):
    return len(await answers(world)) >= count


async def test_a_question_that_two_hear_at_once_begins_one_conversation(world):
    asked = [await world.asks("Ada", f"number {i}", world.room(f"room{i}")) for i in range(12)]

    for each in asked:
        await world.kept(each)
    await quiet(world)

    assert len(await world.log("start_conversation")) == 12
    assert len(await answers(world)) == 12
    assert len(await world.log("add_message")) == 24


async def test_each_process_of_slack_has_its_share_of_the_events(postgres_url):
    async with several(*WAYS["slack"], postgres_url) as world:
        taken = dict.fromkeys(world.pocket.slack.sockets.connections, 0)
        send = world.pocket.slack.sockets._send

        def counted(envelope, delivery, connections):
            before = {each: len(each.in_flight) for each in connections}
            send(envelope, delivery, connections)
            for each in connections:
                taken[each] += len(each.in_flight) > before[each]

        world.pocket.slack.sockets._send = counted
        for i in range(6):
            await world.ask("Ada", f"number {i}", world.room(f"room{i}"))

        assert len(taken) == 2
        assert min(taken.values()) >= 5


@pytest.mark.parametrize("way", ["slack", "no shards"])
async def test_when_one_is_stopped_its_replies_are_finished_and_the_other_hears_what_comes_next(way, postgres_url):
    leaving = AsyncExitStack()
    async with several(*WAYS[way], postgres_url, first=leaving) as world:
        asked = [await world.asks("Ada", "please " * 100, world.room(f"room{i}")) for i in range(4)]
        await world.pocket.reply_to(asked[-1], timeout=20)

        await leaving.aclose()
        after = await world.asks("Ben", "and now?", world.room("other"))

        for each in (*asked, after):
            assert (await world.kept(each)).data["status"] == "complete"
        assert len(await answers(world)) == 5


@pytest.mark.parametrize("platform", ["slack", "discord"])
@pytest.mark.long
async def test_what_one_that_is_stopped_cannot_finish_in_its_grace_another_goes_on_with(platform, postgres_url, caplog):
    caplog.set_level("INFO")
    leaving = AsyncExitStack()
    async with several(platform, [ALONE], postgres_url, first=leaving, grace=0.1, pace=80) as world:
        asked = [await world.asks("Ada", "please " * 250, world.room(f"room{i}")) for i in range(6)]
        for each in asked:
            await world.pocket.reply_to(each, timeout=20)

        async with running(world.settings, [platform]) as world.store:
            await asyncio.sleep(1.5)  # it tells the others once a second that it is there
            await leaving.aclose()

            for each in asked:
                kept = await world.kept(each)
                assert kept.data["status"] == "complete"
                assert kept.data["content"].split() == ["You", "said:", *["please"] * 250]
                assert " ".join(part.text for part in world.parts(each)).split() == kept.data["content"].split()
            assert len(await answers(world)) == 6
    assert caplog.messages.count("turn_adopted") == 6


@pytest.mark.parametrize("platform", ["slack", "discord"])
@pytest.mark.long
async def test_whoever_goes_on_with_a_question_reads_the_files_beside_it(platform, postgres_url):
    leaving = AsyncExitStack()
    async with several(platform, [ALONE], postgres_url, first=leaving, grace=0.1, pace=80) as world:
        notes = SharedFile("notes.txt", b"The key is under the mat. " * 60)
        asked = await world.person("Ada").says("@plaudit where is it?", world.room(), files=[notes])
        await world.pocket.reply_to(asked, timeout=20)

        async with running(world.settings, [platform]) as world.store:
            await asyncio.sleep(1.5)  # it tells the others once a second that it is there
            await leaving.aclose()

            kept = await world.kept(asked)

    assert kept.data["content"].count("under the mat") == 60
    assert notes.fetched == 2
