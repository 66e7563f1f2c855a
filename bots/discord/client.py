"""discord.py's client as far as it is needed: it speaks the gateway's protocol and knows who is where."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import aiohttp
import discord
import orjson
from discord.http import Route

from bots.discord.permissions import INTENT_MISSING, can_read_messages, invitation, shortcomings
from bots.discord.refusals import NOT_ACCEPTED, is_passing
from core.errors import PlatformError, PlatformRefusedTokenError, PlatformUnavailableError

logger = logging.getLogger(__name__)

_NOT_FOUND: Final = 404


class Client(discord.Client):
    """Keeps no messages and no members, and passes on every frame of the gateway as it came."""

    def __init__(self, shard: int, count: int) -> None:
        """`shard` of `count`: the part of the guilds that it is told of."""
        # Nobody speaks here: it need not be said that voice is not installed.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        intents = discord.Intents(
            guilds=True, guild_messages=True, guild_reactions=True, dm_messages=True, dm_reactions=True
        )
        intents.message_content = True
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.0,  # its "ready" is nothing to wait for: see Connection.ready
            enable_debug_events=True,
            shard_id=shard,
            shard_count=count,
        )
        self.hear: Callable[[dict[str, Any]], None] = lambda _: None

    async def on_socket_raw_receive(self, text: str) -> None:
        """A frame. discord.py has read it by now, or failed to."""
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        if isinstance(frame, dict):
            self.hear(frame)


@asynccontextmanager
async def logged_in(token: str, api_url: str, shard: int, count: int) -> AsyncIterator[Client]:
    """A client, `shard` of `count`, whose token Discord accepts and whose app may do what it needs; not connected yet.

    Raises:
        PlatformUnavailableError: Discord cannot be reached, or is out of order; another try may do.
        PlatformError: Discord refuses; the message says what to do.
    """
    client = Client(shard, count)
    with _routes_to(api_url):
        try:
            await _log_in(client, token, api_url)
            yield client
        finally:
            await client.close()


async def _log_in(client: Client, token: str, api_url: str) -> None:
    try:
        await client.login(token)
    except discord.LoginFailure as error:
        raise PlatformRefusedTokenError(NOT_ACCEPTED) from error
    except discord.HTTPException as error:
        if is_passing(error.status):
            raise PlatformUnavailableError(f"Discord is out of order: {error}") from error
        address = ". Check DISCORD_API_URL." if error.status == _NOT_FOUND else ""
        raise PlatformError(f"Discord refuses to let the bot in: {error}{address}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PlatformUnavailableError(
            f"Discord cannot be reached at {api_url}. Check the network, or DISCORD_API_URL if you set it."
        ) from error
    if client.application is not None and not can_read_messages(client.application.flags):
        raise PlatformError(INTENT_MISSING)


@contextmanager
def _routes_to(api_url: str) -> Iterator[None]:
    # discord.py has no other way to say where its calls go.
    usual, Route.BASE = Route.BASE, api_url.rstrip("/")
    try:
        yield
    finally:
        Route.BASE = usual


def check_permissions(clients: Sequence[Client], *, are_all: bool) -> None:
    """Name every permission that is missing, one by one, to the operator.

    `are_all`: there are no servers beside those of these clients.

    Raises:
        PlatformError: there is no channel in which the bot could work; the message says what to switch on.
    """
    guilds = [guild for each in clients for guild in each.guilds]
    sentences, works = shortcomings(guilds)
    if not works and are_all:
        raise PlatformError("\n".join(["The bot cannot work in any channel that it is in.", *sentences]))
    for each in sentences:
        logger.warning("permission_missing", extra={"platform": "discord", "what": each})
    application_id = clients[0].application_id
    if not guilds and are_all and application_id:
        logger.warning("in_no_server", extra={"platform": "discord", "invite": invitation(application_id)})


def user_agent() -> str:
    """What discord.py calls itself to Discord."""
    return Client(0, 1).http.user_agent
