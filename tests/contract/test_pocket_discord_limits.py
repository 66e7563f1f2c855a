"""The rate limits and failures of the box's Discord: what the wire says, and what discord.py makes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from bots.pocket.discord_rules import DISCORDS_RATES, DiscordRules, Rate
from bots.pocket.server import Pocket
from tests.contract.pocket_discord import box

REST = dict[str, Any]


@asynccontextmanager
async def rest(rules: DiscordRules) -> AsyncIterator[tuple[Pocket, aiohttp.ClientSession, str]]:
    """A bare HTTP session with the bot's token, and the address of a channel's messages."""
    async with Pocket(discord=rules) as pocket:
        room = pocket.room("general", on="discord")
        headers = {"Authorization": f"Bot {pocket.discord.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield pocket, session, f"{pocket.discord.base_url}/channels/{pocket.discord.id(room)}/messages"


async def test_every_answer_says_what_is_left_of_its_bucket() -> None:
    async with rest(DiscordRules()) as (_, session, messages):
        first = await session.post(messages, json={"content": "1"})
        second = await session.post(messages, json={"content": "2"})
        missing = await session.get(f"{messages}/1")

        told = second.headers
        assert (told["X-RateLimit-Limit"], told["X-RateLimit-Remaining"]) == ("5", "3")
        assert float(told["X-RateLimit-Reset-After"]) <= float(first.headers["X-RateLimit-Reset-After"]) <= 5
        assert told["X-RateLimit-Bucket"] == first.headers["X-RateLimit-Bucket"]
        assert abs(float(told["X-RateLimit-Reset"]) - float(first.headers["X-RateLimit-Reset"])) < 0.01
        assert missing.status == 404
        assert "X-RateLimit-Remaining" in missing.headers


async def test_an_empty_bucket_refuses_with_a_pause_and_fills_again() -> None:
    rules = DiscordRules(rates={**DISCORDS_RATES, "post": Rate(2, 0.2)})
    async with rest(rules) as (pocket, session, messages):
        for text in ("1", "2"):
            await session.post(messages, json={"content": text})
        refused = await session.post(messages, json={"content": "3"})
        body = await refused.json()
        await asyncio.sleep(body["retry_after"])
        again = await session.post(messages, json={"content": "3"})

        assert refused.status == 429
        assert 0 < body["retry_after"] <= 0.2
        assert (body["global"], refused.headers["X-RateLimit-Scope"]) == (False, "user")
        assert "Via" in refused.headers
        assert refused.headers["Retry-After"] == "1"
        assert again.status == 200
        assert len(pocket.discord.refused) == 1
        assert [each.text for each in pocket.room("general", on="discord").messages] == ["1", "2", "3"]


async def test_posts_and_edits_and_channels_have_buckets_of_their_own() -> None:
    rules = DiscordRules(rates={**DISCORDS_RATES, "post": Rate(1, 5.0), "edit": Rate(1, 5.0)})
    async with rest(rules) as (pocket, session, messages):
        other = pocket.room("other", on="discord")
        posted = await (await session.post(messages, json={"content": "1"})).json()
        edit = await session.patch(f"{messages}/{posted['id']}", json={"content": "2"})
        elsewhere = f"{pocket.discord.base_url}/channels/{pocket.discord.id(other)}/messages"
        post_elsewhere = await session.post(elsewhere, json={"content": "1"})
        second_edit = await session.patch(f"{messages}/{posted['id']}", json={"content": "3"})

        assert [edit.status, post_elsewhere.status, second_edit.status] == [200, 200, 429]
        assert edit.headers["X-RateLimit-Bucket"] != post_elsewhere.headers["X-RateLimit-Bucket"]
        assert [len(pocket.discord.calls_of(each)) for each in ("post", "edit")] == [2, 2]


async def test_all_calls_together_have_a_limit() -> None:
    rules = DiscordRules(rates={"global": Rate(3, 5.0)})
    async with rest(rules) as (_, session, messages):
        answers = [await session.get(messages) for _ in range(4)]
        body = await answers[-1].json()

        assert [each.status for each in answers] == [200, 200, 200, 429]
        assert body["global"] is True
        assert answers[-1].headers["X-RateLimit-Global"] == "true"


async def test_old_messages_can_be_edited_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = DiscordRules(rates={"edit_old": Rate(1, 20.0)})
    async with rest(rules) as (pocket, session, messages):
        posted = await (await session.post(messages, json={"content": "1"})).json()
        monkeypatch.setattr(pocket.discord.world, "is_old", lambda _: True)

        first = await session.patch(f"{messages}/{posted['id']}", json={"content": "2"})
        second = await session.patch(f"{messages}/{posted['id']}", json={"content": "3"})
        body = await second.json()

        assert (first.status, second.status, body["code"]) == (200, 429, 30046)
        assert 0 < body["retry_after"] <= 20


async def test_a_call_without_the_token_is_refused() -> None:
    async with rest(DiscordRules()) as (_, session, messages):
        answer = await session.get(messages, headers={"Authorization": "Bot wrong"})

        assert (answer.status, await answer.json()) == (401, {"message": "401: Unauthorized", "code": 0})


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/nowhere", 404, 0), ("/channels/x/messages", 404, 10003), ("/users/x", 404, 10013), ("/guilds/1", 404, 10004)],
)
async def test_what_nobody_knows_is_answered_in_json(path: str, status: int, code: int) -> None:
    async with rest(DiscordRules()) as (pocket, session, _):
        answer = await session.get(pocket.discord.base_url + path)

        assert answer.headers["Content-Type"] == "application/json"
        assert (answer.status, (await answer.json())["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", 50109),
        (b"[]", 50109),
        (b'{"content": "x", "nonce": "12345678901234567890123456"}', 50035),
        (b'{"embeds": [{"description": "%s"}]}' % (b"x" * 4097), 50035),
        (b'{"components": [{"type": 1, "components": [{"type": 2, "label": "%s"}]}]}' % (b"x" * 81), 50035),
        (b'{"content": "x", "message_reference": {"message_id": "nothing"}}', 50035),
    ],
)
async def test_a_body_that_does_not_fit_is_refused(body: bytes, code: int) -> None:
    async with rest(DiscordRules.unlimited()) as (pocket, session, messages):
        answer = await session.post(messages, data=body, headers={"Content-Type": "application/json"})

        assert (answer.status, (await answer.json())["code"]) == (400, code)
        assert pocket.room("general", on="discord").messages == []


async def test_discord_py_waits_out_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = DiscordRules(rates={**DISCORDS_RATES, "react": Rate(1, 0.1)})
    async with box(monkeypatch, rules) as (pocket, bot):
        room = pocket.room("general", on="discord")
        await bot.until("guild_channel_create")
        message = await bot.get_channel(pocket.discord.id(room)).send("x")
        loop = asyncio.get_running_loop()

        begun = loop.time()
        for emoji in ("1️⃣", "2️⃣", "3️⃣"):
            await message.add_reaction(emoji)

        assert loop.time() - begun >= 0.2
        assert pocket.discord.refused == []
        assert list(room.messages[0].reactions) == ["1️⃣", "2️⃣", "3️⃣"]


async def test_discord_py_takes_the_429_for_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = DiscordRules(rates={**DISCORDS_RATES, "post": Rate(1, 0.2)})
    async with box(monkeypatch, rules) as (pocket, bot):
        room = pocket.room("general", on="discord")
        await bot.until("guild_channel_create")
        channel = bot.get_channel(pocket.discord.id(room))
        async with aiohttp.ClientSession(headers={"Authorization": f"Bot {pocket.discord.token}"}) as other:
            await other.post(f"{pocket.discord.base_url}/channels/{channel.id}/messages", json={"content": "first"})

        await channel.send("second")

        assert [each.text for each in room.messages] == ["first", "second"]
        assert [each.status for each in pocket.discord.calls_of("post")] == [200, 429, 200]


async def test_a_failing_server_is_tried_again_by_discord_py(monkeypatch: pytest.MonkeyPatch) -> None:
    async with box(monkeypatch) as (pocket, bot):
        room = pocket.room("general", on="discord")
        await bot.until("guild_channel_create")
        channel = bot.get_channel(pocket.discord.id(room))
        pocket.discord.fail("post", status=503)

        with pytest.raises(discord.DiscordServerError):
            await channel.send("once")
        await channel.send("twice")

        assert [each.text for each in room.messages] == ["twice"]
        assert [each.status for each in pocket.discord.calls_of("post")] == [503, 200]
