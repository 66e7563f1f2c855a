"""The HTTP interface over real sockets: a scripted model behind it, a client before it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx2

from bots.web.server import Address, Routers, connected
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

    @property
    def origin(self) -> str:
        return str(self.client.base_url).rstrip("/")

    async def ask(self, message: str, **more: str) -> dict[str, str]:
        """What `/chat` answers."""
        answer = await self.client.post("/chat", json={"message": message, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()


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
            options=options or Options(grace_seconds=2),
            policies=policies,
            leases=leases,
        )
        await stack.enter_async_context(assistant)
        platform = await stack.enter_async_context(
            connected(
                address or Address(port=0, grace=2),
                store=store,
                assistant=assistant,
                policies=policies,
                clock=clock,
                routers=routers,
            )
        )
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=platform.origin, timeout=20))
        yield WebWorld(store, assistant, model, client)
