"""Discord's servers heard in several sessions: each event once, and each session on its own."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bots.discord.shards import Shards
from bots.pocket.discord_gateway import Gateway
from bots.pocket.discord_rules import DISCORDS_RATES, IDENTIFY, DiscordRules, Rate
from bots.pocket.server import Pocket
from core.errors import PlatformError
from core.events import MessageReceived, ReactionAdded
from tests.contract.discord_ear import listening


@asynccontextmanager
async def ears(*splits, rules=None):
    """A pocket with a room in each of two guilds, which belong to shards 0 and 1 of 2, and an ear for each split."""
    async with Pocket(discord=rules or DiscordRules.unlimited(shards=2)) as pocket, AsyncExitStack() as stack:
        first = (pocket.discord.world.guild_id >> 22) % 2
        second = pocket.discord.add_guild("Second", shard=1 - first, of=2)
        rooms = {first: pocket.room("one", on="discord"), 1 - first: pocket.discord.room_in(second, "two")}
        yield pocket, rooms, [await stack.enter_async_context(listening(pocket, shards=each)) for each in splits]


def texts(ear):
    return [each.text for each in ear.all(MessageReceived)]


async def test_two_processes_hear_each_their_part():
    async with ears(Shards((0,), 2), Shards((1,), 2)) as (pocket, rooms, (zero, one)):
        ada = pocket.person("Ada")

        said = await ada.says("to shard 1", rooms[1])
        await ada.says("to shard 0", rooms[0])
        await ada.says("between us", ada.dm("discord"))
        await ada.reacts("👍", said)
        await zero.heard(MessageReceived, 2)
        [reaction] = await one.heard(ReactionAdded)

        assert texts(zero) == ["to shard 0", "between us"]
        assert texts(one) == ["to shard 1"]
        assert zero.all(ReactionAdded) == []
        assert reaction.message.workspace == str(pocket.discord.world.guild_of(rooms[1]))


async def test_auto_hears_everything_in_as_many_sessions_as_discord_advises():
    async with ears(None) as (pocket, rooms, [ear]):
        ada = pocket.person("Ada")

        for room in rooms.values():
            await ada.says(f"in {room.name}", room)
        await ear.heard(MessageReceived, 2)

        assert sorted(each.shard for each in pocket.discord.gateway.sessions.values()) == [(0, 2), (1, 2)]
        assert sorted(texts(ear)) == ["in one", "in two"]


async def test_what_each_server_is_called_and_made_of_is_known_whatever_its_shard():
    async with ears(None) as (pocket, rooms, [ear]):
        ada = pocket.person("Ada")
        pocket.discord.give_role(ada, "tester")

        for room in rooms.values():
            await ada.says("hello", await pocket.discord.hands.open_thread(ada, "a thread", room))
        heard = await ear.heard(MessageReceived, 2)

        assert all("tester" in each.author.roles for each in heard)
        assert {each.place.channel for each in heard} == {str(pocket.discord.id(room)) for room in rooms.values()}


async def test_a_session_that_breaks_is_resumed_and_the_other_does_not_notice():
    async with ears(None) as (pocket, rooms, [ear]):
        gateway, ada = pocket.discord.gateway, pocket.person("Ada")
        [broken] = [each for each in gateway.sessions.values() if each.shard == (1, 2)]

        broken.connection.abort()
        await pocket.until(lambda: broken.connection is None)
        await ada.says("meanwhile", rooms[1])
        await ada.says("elsewhere", rooms[0])
        await ear.heard(MessageReceived, 2)

        assert sorted(texts(ear)) == ["elsewhere", "meanwhile"]
        assert (gateway.identified, gateway.resumed) == (2, 1)


async def test_who_begins_too_early_beside_another_process_tries_again():
    rules = DiscordRules.unlimited(shards=2)
    rules.rates = {IDENTIFY: Rate(1, 0.1)}
    async with ears(Shards((0,), 2), Shards((1,), 2), rules=rules) as (pocket, rooms, (zero, one)):
        for shard, ear in enumerate((zero, one)):
            await pocket.person("Ada").says("hello", rooms[shard])
            await ear.heard(MessageReceived)

        assert pocket.discord.gateway.put_off >= 1
        assert pocket.discord.gateway.identified == 2


async def test_a_server_too_many_for_one_session_is_told_with_what_to_do():
    with pytest.raises(PlatformError, match="more shards than 1: start it with --shards auto"):
        async with ears(Shards(), rules=DiscordRules.unlimited(guilds_a_shard=1)):
            pass


async def test_a_shard_that_is_refused_is_named(monkeypatch):
    monkeypatch.setattr("bots.pocket.discord_gateway._shard_in", lambda _: None)

    with pytest.raises(PlatformError, match="refuses shard 1 of 2: check --shards"):
        async with ears(Shards((1,), 2)):
            pass


async def test_when_a_shard_is_refused_later_the_operator_reads_which(caplog):
    async with ears(None) as (pocket, rooms, [ear]):
        [refused] = [each for each in pocket.discord.gateway.sessions.values() if each.shard == (1, 2)]

        await refused.connection.socket.close(code=4010)
        async with asyncio.timeout(5):
            while "connection_ended" not in caplog.messages:  # noqa: ASYNC110 - a log has no event to wait for
                await asyncio.sleep(0.01)
        await pocket.person("Ada").says("still here?", rooms[0])
        await ear.heard(MessageReceived)

        [told] = [each for each in caplog.records if each.message == "connection_ended"]
        assert "refuses shard 1 of 2" in told.error


async def test_the_sessions_of_one_process_do_not_begin_too_early(caplog):
    caplog.set_level(logging.INFO)
    rules = DiscordRules(rates={**DISCORDS_RATES, IDENTIFY: Rate(1, 0.02)}, shards=4, at_once=2)
    async with ears(None, rules=rules) as (pocket, _, _):
        assert (pocket.discord.gateway.identified, pocket.discord.gateway.put_off) == (4, 0)

    [told] = [each for each in caplog.records if each.message == "shards_chosen"]
    assert (told.shards, told.of) == (4, 4)


async def test_the_pause_runs_from_when_discord_took_the_one_before(monkeypatch):
    def slow_at_first(gateway, session):
        time.sleep(0 if gateway.identified else 0.05)
        return too_early(gateway, session)

    too_early = Gateway._is_too_early
    monkeypatch.setattr(Gateway, "_is_too_early", slow_at_first)
    rules = DiscordRules(rates={**DISCORDS_RATES, IDENTIFY: Rate(1, 0.02)}, shards=2)
    async with ears(None, rules=rules) as (pocket, _, _):
        assert (pocket.discord.gateway.identified, pocket.discord.gateway.put_off) == (2, 0)


async def test_a_process_whose_servers_let_the_bot_do_nothing_starts_all_the_same(caplog):
    async with Pocket(discord=DiscordRules.unlimited(shards=2)) as pocket:
        pocket.discord.deny(pocket.room("one", on="discord"), "send_messages")
        shard = (pocket.discord.world.guild_id >> 22) % 2

        for each in (Shards((shard,), 2), Shards((1 - shard,), 2)):
            async with listening(pocket, shards=each):
                pass

    assert [each.message for each in caplog.records if each.name.startswith("bots.discord")] == ["permission_missing"]
