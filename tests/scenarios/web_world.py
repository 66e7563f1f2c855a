"""The HTTP interface over real sockets: a scripted model behind it, a client before it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import httpx2

with patch.dict(sys.modules, httpx=httpx2):  # the same under its newer name, which httpx_sse does not know
    from httpx_sse import ServerSentEvent, aconnect_sse

from bots.web.access import Access
from bots.web.platform import WebPlatform
from bots.web.server import Address, Routers, connected
from bots.web.services import Services
from core.assistant import Assistant, Options
from core.clock import SystemClock
from core.language_models.scripted import Script, ScriptedModel, words
from core.messages import Role
from core.policy import OnePolicy, Policies
from core.ports import PromptMessage
from core.store.database import open_store
from core.store.sql import SqlStore


@dataclass(slots=True)
class WebWorld:
    """A Plaudit that is reached over HTTP alone."""

    store: SqlStore
    assistant: Assistant
    model: ScriptedModel
    client: httpx2.AsyncClient
    """On this machine, without a key."""
    clock: SystemClock
    served: AsyncExitStack
    policies: Policies

    @property
    def services(self) -> Services:
        """As a server of its own would have them."""
        return Services(
            store=self.store,
            assistant=self.assistant,
            platform=WebPlatform(),
            access=Access(self.store.web_keys().all, self.clock, is_loopback=True, per_minute=600),
            policies=self.policies,
            clock=self.clock,
        )

    def leave(self) -> asyncio.Task[None]:
        """Stop the server, as the end of the process does."""
        return asyncio.create_task(self.served.aclose())

    @property
    def origin(self) -> str:
        return str(self.client.base_url).rstrip("/")

    async def ask(self, message: str, **more: str) -> dict[str, str]:
        """What `/chat` answers."""
        answer = await self.client.post("/chat", json={"message": message, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def stream(self, method: str = "POST", path: str = "/chat/stream", **more: Any) -> list[ServerSentEvent]:
        """The events of a stream, to its end, as a client of server-sent events reads them."""
        async with aconnect_sse(self.client, method, path, **more) as source:
            return [each async for each in source.aiter_sse()]

    async def opinions(self) -> list[tuple[Any, ...]]:
        """What counts in all of the log: whose, name, value, rationale."""
        replies = [each async for each in self.store.records() if each.data.get("role") == "assistant"]
        return [
            (each.source.id, each.name, each.value, each.rationale)
            for reply in replies
            for each in await self.store.assessments(reply.message_id)
        ]


def echo(prompt: Sequence[PromptMessage]) -> list:
    """An answer that repeats the question."""
    asked = next(each.content for each in reversed(prompt) if each.role is Role.USER)
    return words(f"You said: {asked}")


@asynccontextmanager
async def web_world(
    database_url: str,
    *,
    script: Script = echo,
    policies: Policies | None = None,
    routers: Routers = lambda _: (),
    address: Address | None = None,
    options: Options | None = None,
    grace: float = 2,
) -> AsyncIterator[WebWorld]:
    clock, policies = SystemClock(), policies or OnePolicy()
    model = ScriptedModel(script)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(database_url))
        leases = await stack.enter_async_context(store.leases())
        assistant = Assistant(
            store=store,
            model=model,
            clock=clock,
            options=options or Options(grace_seconds=grace),
            policies=policies,
            leases=leases,
            spending=store.spending(),
        )
        await stack.enter_async_context(assistant)
        served = await stack.enter_async_context(AsyncExitStack())
        platform = await served.enter_async_context(
            connected(
                address or Address(port=0, grace=grace),
                store=store,
                assistant=assistant,
                policies=policies,
                clock=clock,
                routers=routers,
            )
        )
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=platform.origin, timeout=20))
        yield WebWorld(store, assistant, model, client, clock, served, policies)
