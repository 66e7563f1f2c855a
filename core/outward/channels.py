"""The channels that `plaudit.toml` names, made ready, and all of them fed."""

import os
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from dotenv import dotenv_values

from core.clock import Clock
from core.errors import SettingsError
from core.outward.channel import Channel
from core.outward.jetstream import NatsChannel
from core.outward.sender import Leases, Sender, Source
from core.outward.signing import keys_in
from core.outward.webhooks import WebhookChannel
from core.policy.file import Outward
from core.tasks import Tasks


@asynccontextmanager
async def channels(outward: Outward, environ: Mapping[str, str] | None = None) -> AsyncIterator[list[Channel]]:
    """Every channel that is named, open while the block lasts. Secrets are `environ`'s, or `.env`'s and the process's.

    Raises SettingsError where a secret or an extra is missing.
    """
    given = {**_env_file(), **os.environ} if environ is None else environ
    # A secret that is missing is told before anything is opened.
    keys = {
        each.name: keys_in(_secret(given, each.secret, of=each.name), name=each.secret) for each in outward.webhooks
    }
    async with AsyncExitStack() as stack:
        opened: list[Channel] = []
        if outward.webhooks:
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
            opened += [WebhookChannel(each, keys[each.name], session) for each in outward.webhooks]
        if (table := outward.nats) is not None:
            credentials = _secret(given, table.credentials, of="nats") if table.credentials else ""
            opened.append(await stack.enter_async_context(NatsChannel(table, credentials)))
        yield opened


@asynccontextmanager
async def sending(
    channels_: Sequence[Channel], source: Source, leases: Leases, clock: Clock, dice: random.Random | None = None
) -> AsyncIterator[None]:
    """Feed them while the block lasts; of several processes on one database, one feeds each."""
    tasks = Tasks()
    for each in channels_:
        tasks.start(Sender(each, source, clock, dice).forever(leases), name=f"feeds {each.name}")
    try:
        yield
    finally:
        await tasks.cancel()


def _env_file() -> dict[str, str]:
    return {name: value for name, value in dotenv_values(".env").items() if value is not None}


def _secret(environ: Mapping[str, str], name: str, *, of: str) -> str:
    if value := environ.get(name, "").strip():
        return value
    raise SettingsError(f"{of} in plaudit.toml needs {name}: set it in the environment or in .env.")
