"""The gateway of the box's Discord: sessions, what is missed and what is lost, and who is let in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from bots.pocket.discord_rules import DiscordRules, Rate
from bots.pocket.server import Pocket
from tests.contract.pocket_discord import Bot, box, point_discord_py_at, running


@asynccontextmanager
async def raw(pocket: Pocket) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A web socket to the gateway, after its hello, with compression neither asked for nor given."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(pocket.discord.gateway_url + "?v=10&encoding=json") as socket,
    ):
        assert (await socket.receive_json())["op"] == 10
        yield socket


def identify(pocket: Pocket, *, intents: int = 0, **more: Any) -> dict[str, Any]:
    return {"op": 2, "d": {"token": pocket.discord.token, "intents": intents, "properties": {}, **more}}


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(5):
        while (await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass
        return socket.close_code


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 0}}, 4004),
        ({"op": 2, "d": {"token": "pocket.discord.token", "intents": 1 << 1}}, 4014),
        ({"op": 2, "d": {"token": "pocket.discord.token", "intents": "all"}}, 4013),
        *(
            ({"op": 2, "d": {"token": "pocket.discord.token", "intents": 0, "shard": shard}}, 4010)
            for shard in ([2, 2], [0, 0], [0], ["0", "1"], 1)
        ),
        ({"op": 8, "d": {}}, 4003),
        ({"d": {}}, 4002),
    ],
)
async def test_who_does_not_identify_properly_is_turned_away(frame: dict[str, Any], code: int) -> None:
    async with Pocket() as pocket, raw(pocket) as socket:
        await socket.send_json(frame)

        assert await close_code(socket) == code


async def test_too_many_frames_close_the_connection() -> None:
    rules = DiscordRules(gateway_sends=Rate(3, 60.0))
    async with Pocket(discord=rules) as pocket, raw(pocket) as socket:
        for _ in range(4):
            await socket.send_json({"op": 1, "d": None})

        assert await close_code(socket) == 4008


async def test_a_heartbeat_is_answered_in_plain_text() -> None:
    async with Pocket() as pocket, raw(pocket) as socket:
        await socket.send_json({"op": 1, "d": None})

        assert await socket.receive_json(timeout=5) == {"op": 11}


async def test_a_privileged_intent_that_is_off_stops_discord_py(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = DiscordRules.unlimited(privileged=frozenset())

    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with box(monkeypatch, rules):
            pass


async def test_a_wrong_token_stops_discord_py(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Pocket() as pocket:
        point_discord_py_at(pocket, monkeypatch)

        with pytest.raises(discord.LoginFailure):
            async with running(Bot(), "wrong"):
                pass


async def test_without_the_message_content_intent_only_mentions_and_dms_have_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with box(monkeypatch, intents=discord.Intents.default()) as (pocket, bot):
        ada, room = pocket.person("Ada"), pocket.room("general", on="discord")

        await ada.says("nothing to see", room)
        await ada.says("@plaudit to you", room)
        await ada.says("between us", ada.dm("discord"))
        plain, mention, direct = await bot.until("message", 3)

        assert (plain.content, direct.content) == ("", "between us")
        assert mention.content.endswith("to you")


async def test_intents_that_were_not_asked_for_bring_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    intents = discord.Intents(guilds=True, guild_messages=True)
    async with box(monkeypatch, intents=intents) as (pocket, bot):
        ada, room = pocket.person("Ada"), pocket.room("general", on="discord")

        said = await ada.says("one", room)
        await ada.reacts("👍", said)
        await ada.says("two", room)
        await bot.until("message", 2)

        assert bot.told("raw_reaction_add") == []


async def test_the_members_intent_brings_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = DiscordRules.unlimited(privileged=frozenset({"members", "message_content"}))
    intents = discord.Intents.default()
    intents.members = True
    async with box(monkeypatch, rules, intents=intents) as (pocket, bot):
        pocket.person("Ada")

        found = await bot.guilds[0].query_members("ad")

        assert [each.name for each in found] == ["Ada"]
        assert bot.intents.members


@pytest.mark.parametrize("how", ["reconnect", "drop"])
async def test_what_happens_during_a_short_break_is_replayed(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    async with box(monkeypatch) as (pocket, bot):
        ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
        await ada.says("before", room)
        await bot.until("message")

        getattr(pocket.discord.gateway, how)()
        await pocket.until(lambda: pocket.discord.connected == 0)
        await ada.says("meanwhile", room)
        await bot.until("resumed")
        await ada.says("after", room)
        messages = await bot.until("message", 3)

        assert [each.content for each in messages] == ["before", "meanwhile", "after"]
        assert (pocket.discord.gateway.identified, pocket.discord.gateway.resumed) == (1, 1)


async def test_while_discord_is_away_nobody_gets_in_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async with box(monkeypatch) as (pocket, bot):
        ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
        await bot.until("guild_channel_create")
        channel = bot.get_channel(pocket.discord.id(room))

        with pocket.discord.away():
            await pocket.until(lambda: pocket.discord.connected == 0)
            await ada.says("meanwhile", room)
            with pytest.raises(aiohttp.ClientError):
                await channel.send("x")
        (message,) = await bot.until("message")

        assert message.content == "meanwhile"


async def test_an_invalidated_session_loses_what_happens_until_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with box(monkeypatch) as (pocket, bot):
        ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
        await ada.says("before", room)
        await bot.until("message")

        pocket.discord.gateway.invalidate()
        await ada.says("lost", room)
        await pocket.until(lambda: pocket.discord.gateway.identified == 2, timeout=10)
        await bot.until("connect", 2)
        await ada.says("after", room)
        messages = await bot.until("message", 2)

        assert [each.content for each in messages] == ["before", "after"]


async def test_after_a_restart_of_discord_a_new_session_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    async with box(monkeypatch) as (pocket, bot):
        pocket.discord.restart()
        await bot.until("connect", 2)

        assert (pocket.discord.gateway.identified, pocket.discord.gateway.resumed) == (2, 0)


async def test_a_session_that_is_not_known_is_invalid() -> None:
    async with Pocket() as pocket, raw(pocket) as socket:
        await socket.send_json({"op": 6, "d": {"token": pocket.discord.token, "session_id": "x", "seq": 1}})

        assert await socket.receive_json(timeout=5) == {"op": 9, "d": False}


async def test_a_bot_that_says_goodbye_leaves_no_session() -> None:
    async with Pocket() as pocket:
        async with raw(pocket) as socket:
            await socket.send_json(identify(pocket))
            await socket.receive_json(timeout=5)
            await socket.close(code=1000)

        await pocket.until(lambda: not pocket.discord.gateway.sessions)


async def test_every_event_may_come_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    async with box(monkeypatch, DiscordRules.unlimited(deliver_twice=True)) as (pocket, bot):
        ada, room = pocket.person("Ada"), pocket.room("general", on="discord")

        await ada.says("one", room)
        first, second = await bot.until("message", 2)

        assert first.id == second.id


async def test_a_malformed_frame_ends_discord_py(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Pocket() as pocket:
        point_discord_py_at(pocket, monkeypatch)
        bot = Bot()
        task = asyncio.create_task(bot.start(pocket.discord.token))
        await bot.until("ready")

        pocket.discord.gateway.send_raw('{"op":0,"t":"MESSAGE_CREATE","s":9,"d":{"id":"1"}}')

        with pytest.raises(KeyError):
            await task
        await bot.close()


async def test_each_shard_is_told_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Pocket(discord=DiscordRules.unlimited()) as pocket, raw(pocket) as first, raw(pocket) as second:
        ada, intents = pocket.person("Ada"), 1 << 0 | 1 << 9 | 1 << 12
        guilds_shard = (pocket.discord.world.guild_id >> 22) % 2
        for index, socket in enumerate((first, second)):
            await socket.send_json(identify(pocket, intents=intents, shard=[index, 2]))
            assert (await socket.receive_json(timeout=5))["t"] == "READY"

        await ada.says("in the guild", pocket.room("general", on="discord"))
        await ada.says("in private", ada.dm("discord"))
        told = {0: [], 1: []}
        for index, socket in enumerate((first, second)):
            while len(told[index]) < (3 if index == guilds_shard else 0) + (1 if index == 0 else 0):
                told[index].append((await socket.receive_json(timeout=5))["t"])

        assert told[guilds_shard][:3] == ["GUILD_CREATE", "CHANNEL_CREATE", "MESSAGE_CREATE"]
        assert told[0][-1] == "MESSAGE_CREATE"


async def test_events_come_as_late_as_the_network_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async with box(monkeypatch) as (pocket, bot):
        ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
        await bot.until("guild_channel_create")
        pocket.discord.rules.latency = 0.1
        loop = asyncio.get_running_loop()

        begun = loop.time()
        await ada.says("one", room)
        await bot.until("message")
        told = loop.time() - begun
        await bot.get_channel(pocket.discord.id(room)).send("two")

        assert told >= 0.1
        assert loop.time() - begun - told >= 0.2


async def test_a_session_is_told_of_no_more_guilds_than_it_may_be() -> None:
    async with Pocket(discord=DiscordRules(guilds_a_shard=1)) as pocket, raw(pocket) as socket:
        pocket.discord.add_guild("Second")
        await socket.send_json(identify(pocket))

        assert await close_code(socket) == 4011


async def test_each_group_of_shards_may_begin_one_session_in_five_seconds() -> None:
    rules = DiscordRules(at_once=2)
    async with Pocket(discord=rules) as pocket, raw(pocket) as zero, raw(pocket) as one, raw(pocket) as two:
        for index, socket in enumerate((zero, one, two)):
            await socket.send_json(identify(pocket, shard=[index, 3]))
        told = [await socket.receive_json(timeout=5) for socket in (zero, one, two)]

        assert [each["op"] for each in told] == [0, 0, 9]
        assert told[2]["d"] is False


async def test_a_guild_that_invites_the_bot_is_told_to_its_shard_alone() -> None:
    async with Pocket(discord=DiscordRules.unlimited()) as pocket, raw(pocket) as socket:
        other = 1 - (pocket.discord.world.guild_id >> 22) % 2
        await socket.send_json(identify(pocket, intents=1 << 0 | 1 << 9, shard=[other, 2]))
        await socket.receive_json(timeout=5)

        guild = pocket.discord.add_guild("Second", shard=other, of=2)
        await pocket.person("Ada").says("not here", pocket.room("general", on="discord"))
        await pocket.person("Ada").says("here", pocket.discord.room_in(guild, "lobby"))
        told = [await socket.receive_json(timeout=5) for _ in range(3)]

        assert [each["t"] for each in told] == ["GUILD_CREATE", "CHANNEL_CREATE", "MESSAGE_CREATE"]
        assert (told[0]["d"]["name"], told[0]["d"]["channels"]) == ("Second", [])
        assert {told[1]["d"]["guild_id"], told[2]["d"]["guild_id"]} == {str(guild)}


async def test_how_many_shards_there_should_be_is_told() -> None:
    rules = DiscordRules(shards=4, at_once=16, sessions=10)
    async with Pocket(discord=rules) as pocket, aiohttp.ClientSession() as session:
        asking = session.get(
            f"{pocket.discord.base_url}/gateway/bot", headers={"Authorization": f"Bot {pocket.discord.token}"}
        )
        async with asking as answer:
            told = await answer.json()

        assert told["shards"] == 4
        assert told["session_start_limit"]["remaining"] == 10
        assert told["session_start_limit"]["max_concurrency"] == 16
