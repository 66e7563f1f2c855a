"""The whole bot over pocket: real SDKs, real sockets on localhost, one world per test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from bots.pocket.discord_world import snowflake
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_workspace import user_id as slack_user_id
from bots.pocket.things import Message, Person, Platform, Room
from bots.running import running
from core.records import Record
from core.settings import Settings
from core.store.sql import SqlStore


@dataclass(slots=True)
class World:
    """A pocket with a bot in it, on one platform."""

    pocket: Pocket
    model: Model
    store: SqlStore
    platform: Platform
    settings: Settings

    @property
    def face(self) -> Any:
        """The platform's wire."""
        return getattr(self.pocket, self.platform)

    def room(self, name: str = "general") -> Room:
        return self.pocket.room(name, on=self.platform)

    def person(self, name: str) -> Person:
        return self.pocket.person(name)

    async def ask(self, who: str, text: str, room: Room | None = None, **more: Any) -> tuple[Message, Message]:
        """Ask, and wait until the answer is complete: the question and the answer's first part."""
        question = await self.pocket.person(who).says(f"@plaudit {text}", room or self.room(), **more)
        reply = await self.pocket.reply_to(question, timeout=20)
        await self.kept(question)
        return question, reply

    def parts(self, question: Message) -> list[Message]:
        return self.pocket.house.replies_to(question)

    async def kept(self, question: Message, *, patience: float = 20) -> Record:
        """Wait until the log holds the answer to `question`."""

        async def answers() -> list[Record]:
            wanted = str(self.wire_id(question))
            return [
                each
                for each in await self.log("add_message")
                if each.data["role"] == "assistant" and (each.data["client_request_id"] or "").endswith(wanted)
            ]

        return (await self.eventually(answers, patience=patience))[0]

    def wire_person(self, person: Person) -> str:
        return slack_user_id(person) if self.platform == "slack" else str(snowflake(person.id))

    def wire_id(self, message: Message) -> str:
        if self.platform == "slack":
            return f"{message.id // 1_000_000}.{message.id % 1_000_000:06d}"
        return str(snowflake(message.id))

    async def log(self, *types: str) -> list[Record]:
        return [each async for each in self.store.records() if not types or each.type in types]

    async def eventually(self, check: Callable[[], Any], *, patience: float = 10) -> Any:
        """The first true result of an asynchronous check."""
        async with asyncio.timeout(patience):
            while not (result := await check()):  # noqa: ASYNC110 - the database has no event to wait for
                await asyncio.sleep(0.02)
            return result

    async def quiet(self) -> None:
        """Wait until every event was delivered and taken."""
        await self.pocket.until(lambda: self.face.undelivered == 0, timeout=30)


MakeWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture(params=["slack"])
def platform(request: pytest.FixtureRequest) -> Platform:
    return request.param


@pytest.fixture
def make_world(platform: Platform, database_url: str) -> MakeWorld:
    return lambda **more: a_world(platform, database_url, **more)


@asynccontextmanager
async def a_world(
    platform: Platform,
    database_url: str,
    *,
    answers: Callable[[list[dict[str, Any]]], Answer] | None = None,
    rules: Any = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """A pocket, a model in it, and the bot connected to both."""
    model = Model(answers or (lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=None)))
    rules = rules if rules is not None else {"slack": SlackRules.unlimited()}[platform]
    async with Pocket(model=model, **{platform: rules}) as pocket:
        chosen = bot_settings(pocket, database_url, **settings)
        async with running(chosen, [platform]) as store:
            yield World(pocket, model, store, platform, chosen)


def bot_settings(pocket: Pocket, database_url: str, **more: Any) -> Settings:
    given = {
        "MODEL_ENDPOINT": f"{pocket.origin}/v1",
        "MODEL_NAME": "demo-model",
        "SLACK_BOT_TOKEN": SecretStr(pocket.slack.bot_token),
        "SLACK_APP_TOKEN": SecretStr(pocket.slack.app_token),
        "SLACK_API_URL": pocket.slack.base_url,
        "database_url": database_url,
        "grace_seconds": 5,
        **more,
    }
    return Settings.load(environ={}, _env_file=None, **given)


@pytest.fixture
async def world(make_world: MakeWorld) -> AsyncIterator[World]:
    async with make_world() as made:
        yield made
