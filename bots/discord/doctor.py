"""Is all as it should be on Discord's side? The token, the intent, the permissions in each channel, the clock."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import discord

from bots import findings
from bots.discord.client import user_agent
from bots.discord.permissions import INTENT_MISSING, can_read_messages, in_channel, in_guild, invitation, missing
from bots.discord.rest import Rest
from bots.findings import Finding, bad, good, odd
from core.clock import SystemClock
from core.errors import PlaceGoneError, PlatformError

_TEXT, _FORUM, _NEWS = 0, 15, 5
_ANSWERED_IN: Final = (_TEXT, _NEWS, _FORUM)
"""Types of channels (docs.discord.com/developers/resources/channel#channel-object-channel-types)."""
_GUILDS: Final = 25
"""So many servers are looked at; the bot itself looks at all of them when it starts."""


async def check(token: str, api_url: str, charts_in: Collection[str] = ()) -> list[Finding]:
    """What there is to say of a bot with this token. Nothing is posted, and no session is opened.

    `charts_in`: the ids of the channels in which digests are posted.
    """
    async with aiohttp.ClientSession() as session:
        rest = Rest(session, api_url, token, user_agent=user_agent(), clock=SystemClock())
        try:
            try:
                me = await _get(rest, "/users/@me")
            except PlaceGoneError:
                return [bad("Discord", f"{api_url} is not its interface", "Mend DISCORD_API_URL, or take it away.")]
            application = await _get(rest, "/applications/@me")
            found = [
                good("Discord's token", str(me["username"])),
                _intent(int(application.get("flags", 0))),
                await _clock(session, api_url),
            ]
            return [*found, *await _guilds(rest, int(me["id"]), int(application["id"]), charts_in)]
        except PlatformError as error:
            return [bad("Discord's token", str(error))]


async def _get(rest: Rest, path: str) -> Any:
    return (await rest.call("GET", path, bucket=None, patient=True)).data


def _intent(flags: int) -> Finding:
    if can_read_messages(discord.ApplicationFlags._from_value(flags)):  # noqa: SLF001 - discord.py makes them no other way
        return good("Discord's intents", "the bot may read messages")
    return bad("Discord's intents", INTENT_MISSING)


async def _clock(session: aiohttp.ClientSession, api_url: str) -> Finding:
    what = "the clock beside Discord's"
    try:
        async with session.get(f"{api_url.rstrip('/')}/gateway") as response:
            return findings.clock(what, response.headers.get("Date"), datetime.now(UTC))
    except (aiohttp.ClientError, OSError, TimeoutError):
        return odd(what, "Discord did not answer", "Check the network, or DISCORD_API_URL.")


async def _guilds(rest: Rest, me: int, application: int, charts_in: Collection[str]) -> list[Finding]:
    guilds = await _get(rest, "/users/@me/guilds")
    if not guilds:
        return [
            bad(
                "Discord's servers",
                "the bot is in none",
                f"Invite it: {invitation(application, charts=bool(charts_in))}",
            )
        ]
    looked_at = await asyncio.gather(*(_guild(rest, each, me, charts_in) for each in guilds[:_GUILDS]))
    return [each for found in looked_at for each in found]


async def _guild(rest: Rest, guild: Mapping[str, Any], me: int, charts_in: Collection[str]) -> list[Finding]:
    what, base = f"Discord's “{guild['name']}”", f"/guilds/{guild['id']}"
    roles, channels, member = await asyncio.gather(
        _get(rest, f"{base}/roles"), _get(rest, f"{base}/channels"), _get(rest, f"{base}/members/{me}")
    )
    mine = {*map(str, member["roles"]), str(guild["id"])}
    everywhere = _over_all(roles, mine)
    lacking = missing(discord.Permissions(everywhere))
    sentences = [in_guild(each, guild["name"]) for each in lacking]
    seen = 0
    for channel in channels:
        if channel["type"] not in _ANSWERED_IN:
            continue
        may = discord.Permissions(_in(channel, everywhere, mine, str(guild["id"]), str(me)))
        here = missing(may, charts=str(channel["id"]) in charts_in)
        if "view_channel" in here:
            continue  # a private one, we take it
        seen += 1
        sentences += [in_channel(each, channel["name"], guild["name"]) for each in here if each not in lacking]
    if not seen:
        return [bad(what, "the bot sees no channel there", " ".join(sentences) or "Let its role see a channel.")]
    if sentences:
        return [odd(what, "a permission is missing", each) for each in sentences]
    return [good(what, f"all permissions, in {seen} channel{'s' if seen > 1 else ''}")]


def _over_all(roles: Iterable[Mapping[str, Any]], mine: set[str]) -> int:
    """The permissions in a server; `mine` has the id of @everyone, which is the server's."""
    total = 0
    for each in roles:
        if str(each["id"]) in mine:
            total |= int(each["permissions"])
    return discord.Permissions.all().value if discord.Permissions(total).administrator else total


def _in(channel: Mapping[str, Any], base: int, mine: set[str], everyone: str, me: str) -> int:
    """The permissions in a channel (docs.discord.com/developers/topics/permissions#permission-overwrites)."""
    if discord.Permissions(base).administrator:
        return base
    overwrites: Sequence[Mapping[str, Any]] = channel.get("permission_overwrites") or []
    layers = (
        [each for each in overwrites if str(each["id"]) == everyone],
        [each for each in overwrites if str(each["id"]) in mine - {everyone}],
        [each for each in overwrites if str(each["id"]) == me],
    )
    for layer in layers:
        allowed = denied = 0
        for each in layer:
            allowed, denied = allowed | int(each["allow"]), denied | int(each["deny"])
        base = (base & ~denied) | allowed
    return base
