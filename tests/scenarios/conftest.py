"""The whole bot over pocket: real SDKs, real sockets on localhost, one world per test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.discord_world import snowflake
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack import Fault
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

    async def asks(self, who: str, text: str, room: Room | None = None, *, after: Message | None = None) -> Message:
        """Ask; `after` a question: in the conversation that it began."""
        place = (after.room if after else room) or self.room()
        return await self.person(who).says(f"@plaudit {text}", place, **(self._on_from(after) if after else {}))

    async def ask(
        self, who: str, text: str, room: Room | None = None, *, after: Message | None = None
    ) -> tuple[Message, Message]:
        """Ask, and wait until the answer is complete: the question and the answer's first part."""
        question = await self.asks(who, text, room, after=after)
        reply = await self.pocket.reply_to(question, timeout=20)
        await self.kept(question)
        return question, reply

    async def comments(self, who: str, text: str, question: Message) -> Message:
        """Write about the answer to `question` without speaking to the assistant."""
        if self.platform == "slack":
            return await self.person(who).says(text, question.room, thread=question)
        reply = self.parts(question)[0]
        return await self.person(who).says(text, question.room, reply_to=reply, rings=False)

    def _on_from(self, question: Message) -> dict[str, Message]:
        """How one goes on with a conversation: in Slack in its thread, on Discord by a reply to its last answer."""
        if self.platform == "slack":
            return {"thread": question}
        chain = [question]
        for message in question.room.messages:
            if message.reply_to in chain:
                chain.append(message)
        return {"reply_to": next(each for each in reversed(chain) if each.author.is_bot)}

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

    def fail(self, call: str, *, times: int = 1, done: bool = False, cut: bool = False) -> None:
        """Let the next `times` posts or edits fail; `done`: though they take effect; `cut`: without an answer."""
        if self.platform == "slack":
            method = {"post": "chat.postMessage", "edit": "chat.update"}[call]
            self.pocket.slack.fail(method, Fault("internal_error", status=500, done=done, cut=cut), times=times)
        else:
            self.pocket.discord.fail(call, status=0 if cut else 500, times=times, done=done)

    def drop(self) -> None:
        """Cut the bot's connection."""
        self.pocket.slack.drop() if self.platform == "slack" else self.pocket.discord.gateway.drop()

    def rung_by(self, message: Message) -> list[Any]:
        """Whom a message of the assistant called, beside the person whom it answers."""
        if self.platform == "slack":
            return self.pocket.slack.rings(message)
        asker = message.reply_to.author if message.reply_to else None
        return [each for each in self.pocket.discord.rung_by(message) if each is not asker]

    def wire_person(self, person: Person) -> str:
        return slack_user_id(person) if self.platform == "slack" else str(snowflake(person.id))

    def wire_id(self, message: Message) -> str:
        if self.platform == "slack":
            return f"{message.id // 1_000_000}.{message.id % 1_000_000:06d}"
        return str(self.pocket.discord.id(message))

    async def log(self, *types: str) -> list[Record]:
        return [each async for each in self.store.records() if not types or each.type in types]

    async def eventually(self, check: Callable[[], Any], *, patience: float = 10) -> Any:
        """The first true result of an asynchronous check."""
        async with asyncio.timeout(patience):
            while not (result := await check()):  # noqa: ASYNC110 - the database has no event to wait for
                await asyncio.sleep(0.02)
            return result

    async def quiet(self) -> None:
        """Wait until every event was delivered (Discord is not told when it was taken, too)."""
        if self.platform == "slack":
            await self.pocket.until(lambda: self.face.undelivered == 0, timeout=30)
        else:
            await self.eventually(self._sent, patience=30)

    async def _sent(self) -> bool:
        return all(each.outbox.empty() for each in self.pocket.discord.gateway.connections)


MakeWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture(params=["slack", "discord"])
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
    usual = {"slack": SlackRules.unlimited, "discord": DiscordRules.unlimited}[platform]
    async with Pocket(model=model, **{platform: rules or usual()}) as pocket:
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
        "DISCORD_TOKEN": SecretStr(pocket.discord.token),
        "DISCORD_API_URL": pocket.discord.base_url,
        "DISCORD_GATEWAY_URL": pocket.discord.gateway_url,
        "database_url": database_url,
        "grace_seconds": 5,
        **more,
    }
    return Settings.load(environ={}, _env_file=None, **given)


@pytest.fixture
async def world(make_world: MakeWorld) -> AsyncIterator[World]:
    async with make_world() as made:
        yield made
