"""The whole bot with Slack over HTTP: signed requests in, as a balancer would pass them on; votes in the log."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from pydantic import SecretStr

from bots.chosen import check_http, tokens_of
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Message
from bots.running import running
from bots.slack.doctor import check
from bots.slack.manifest import PATH, manifest
from core.errors import SettingsError
from core.settings import Settings
from tests.scenarios.conftest import World, bot_settings

QUICK = {"redelivery": (0.05, 0.05, 0.05)}


def http_settings(pocket: Pocket, database_url: str, **more) -> Settings:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    secret = SecretStr(pocket.slack.signing_secret)
    given = {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": secret, "web_port": port, **more}
    return bot_settings(pocket, database_url, **given)


@asynccontextmanager
async def a_world(database_url: str, **rules) -> AsyncIterator[World]:
    model = Model(lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=None))
    async with Pocket(model=model, slack=SlackRules.unlimited(**QUICK | rules)) as pocket:
        settings = http_settings(pocket, database_url)
        async with running(settings, ["slack", "web"]) as store:
            pocket.slack.requests.url = f"http://127.0.0.1:{settings.web_port}{PATH}"
            yield World(pocket, model, store, "slack", settings)


async def test_a_question_a_reaction_a_button_and_a_command_are_kept_once_though_all_comes_twice(database_url):
    async with a_world(database_url, deliver_twice=True) as world:
        ada, ben = world.person("Ada"), world.person("Ben")
        _, reply = await world.ask("Ada", "what is WAL?")
        await ben.reacts("👍", reply)
        await world.eventually(lambda: _votes(world, 1))
        await world.pocket.until(lambda: len(reply.wire.get("blocks") or ()) > 1)  # the buttons are there
        await world.pocket.slack.hands.press(ada, reply, "dislike")
        await world.eventually(lambda: _votes(world, 2))
        whispered = await _commanded(world, "help")
        await world.quiet()

        records = await world.log()

        assert reply.text == "You said: what is WAL?"
        assert [each.type for each in records[:3]] == ["start_conversation", "add_message", "add_message"]
        votes = [each for each in records if each.type == "log_feedback"]
        assert [each.data["rating"] for each in votes] == ["like", "dislike"]
        assert "reset" in whispered.text
        assert world.pocket.slack.connected == 0
        assert set(world.pocket.slack.requests.statuses) == {200}
        assert world.pocket.slack.calls_of("apps.connections.open") == []


async def test_what_could_not_be_delivered_is_heard_when_it_comes_again(sqlite_url):
    async with a_world(sqlite_url) as world:
        right, world.pocket.slack.requests.secret = world.pocket.slack.requests.secret, "wrong"
        question = await world.asks("Ada", "hello")
        await world.pocket.until(lambda: 401 in world.pocket.slack.requests.statuses)
        world.pocket.slack.requests.secret = right

        reply = await world.pocket.reply_to(question, timeout=10)

        assert reply.text == "You said: hello"


async def test_the_door_asks_for_no_key_and_leaves_the_rest_of_the_web_as_it_is(sqlite_url):
    async with a_world(sqlite_url) as world:
        origin = f"http://127.0.0.1:{world.settings.web_port}"
        async with httpx2.AsyncClient(base_url=origin) as client:
            unsigned = await client.post(PATH, json={"type": "url_verification", "challenge": "x"})
            pretended = await client.post(PATH, data={"ssl_check": "1", "token": "x"})
            described = await client.get("/openapi.json")

        assert (unsigned.status_code, pretended.status_code) == (401, 401)
        assert PATH not in described.json()["paths"]


async def test_slack_over_http_needs_the_web_and_says_so(sqlite_url):
    async with Pocket() as pocket:
        settings = http_settings(pocket, sqlite_url)

    with pytest.raises(SettingsError, match="plaudit run slack web"):
        check_http(settings, ["slack"])


async def test_socket_mode_stays_where_its_token_is_set(sqlite_url):
    async with Pocket() as pocket:
        settings = http_settings(pocket, sqlite_url, SLACK_APP_TOKEN=SecretStr("xapp-1"))

    check_http(settings, ["slack"])
    assert tokens_of(settings, ["slack"])["slack"][1] == "xapp-1"


async def test_the_doctor_knows_the_mode_and_does_not_ask_for_a_socket():
    async with Pocket() as pocket:
        findings = await check(pocket.slack.bot_token, "", pocket.slack.base_url)

        assert findings[-1].what == "Slack over HTTP"
        assert pocket.slack.calls_of("apps.connections.open") == []


def test_the_manifest_leads_everything_to_the_door():
    made = manifest(url="https://bot.example.org")

    url = f"https://bot.example.org{PATH}"
    assert made["settings"]["event_subscriptions"]["request_url"] == url
    assert made["settings"]["interactivity"]["request_url"] == url
    assert made["features"]["slash_commands"][0]["url"] == url


async def _votes(world: World, count: int) -> bool:
    return len(await world.log("log_feedback")) == count


async def _commanded(world: World, words: str) -> Message:
    ada, room = world.person("Ada"), world.room()
    await ada.commands("/plaudit", words, room)
    return await world.pocket.until(lambda: next((each for each in room.history if "/plaudit" in each.text), None))
