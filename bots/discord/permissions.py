"""What the assistant may do in its guilds, and what the operator has to switch on where it may not. No I/O.

The permissions: docs.discord.com/developers/topics/permissions.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import discord

PORTAL: Final = "discord.com/developers/applications"
INTENT_MISSING: Final = (
    "Discord does not let the bot read messages: on " + PORTAL + " open the app, choose Bot, and under Privileged "
    "Gateway Intents switch on Message Content Intent."
)

_VITAL: Final = ("view_channel", "send_messages")
_NEEDED: Final = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "read_message_history": "Read Message History",
    "add_reactions": "Add Reactions",
}
"""By discord.py's name, as the app calls them in English."""
_FOR_CHARTS: Final = {"attach_files": "Attach Files"}
"""Where digests are posted, besides."""
_CALLED: Final = _NEEDED | _FOR_CHARTS
_PURPOSES: Final = {
    "view_channel": "hearing questions, comments and reactions",
    "send_messages": "answering",
    "send_messages_in_threads": "answering there",
    "read_message_history": "replying to a message, and finding what was missed while the bot was away",
    "add_reactions": "📝 on a comment that was kept",
    "attach_files": "the chart of a digest",
}


def can_read_messages(flags: discord.ApplicationFlags) -> bool:
    """Whether the app has the message content intent."""
    return flags.gateway_message_content or flags.gateway_message_content_limited


def invitation(application_id: int, *, charts: bool = False) -> str:
    """The address that invites the bot, and its commands, with what it needs; `charts`: it posts digests, too."""
    permissions = discord.Permissions(**dict.fromkeys(_needed(charts=charts), True))
    return discord.utils.oauth_url(application_id, permissions=permissions, scopes=("bot", "applications.commands"))


def purposes(*, charts: bool = False) -> dict[str, str]:
    """Every permission that is asked for, as the app calls it, and what it is for; `charts`: it posts digests, too."""
    return {name: _PURPOSES[each] for each, name in _needed(charts=charts).items()}


def shortcomings(guilds: Iterable[discord.Guild]) -> tuple[list[str], bool]:
    """A sentence for each missing permission, and whether the assistant can answer anywhere.

    A channel that it cannot see at all is taken for a private one. Where there are no channels yet, it can.
    """
    sentences: list[str] = []
    answers: list[bool] = []
    for guild in guilds:
        everywhere = missing(guild.me.guild_permissions)
        sentences += [in_guild(each, guild.name) for each in everywhere]
        channels: list[discord.TextChannel | discord.ForumChannel] = [*guild.text_channels, *guild.forums]
        for channel in channels:
            lacking = missing(channel.permissions_for(guild.me))
            answers.append(not set(lacking).intersection(_VITAL))
            sentences += [
                in_channel(each, channel.name, guild.name)
                for each in (() if "view_channel" in lacking else lacking)
                if each not in everywhere
            ]
    return sentences, any(answers) or not answers


def missing(permissions: discord.Permissions, *, charts: bool = False) -> Sequence[str]:
    """What the bot needs and has not, by discord.py's names; `charts`: where it posts digests."""
    return [each for each in _needed(charts=charts) if not getattr(permissions, each)]


def in_guild(permission: str, guild: str) -> str:
    """How a permission is given in a whole server."""
    return (
        f"{_CALLED[permission]} is missing in “{guild}”: Server Settings → Roles → the bot’s role → Permissions → "
        "switch it on."
    )


def in_channel(permission: str, channel: str, guild: str) -> str:
    """How a permission is given in one channel."""
    return (
        f"{_CALLED[permission]} is missing in #{channel} of “{guild}”: the channel’s settings → Permissions → the bot "
        "→ allow it."
    )


def _needed(*, charts: bool) -> dict[str, str]:
    return _CALLED if charts else _NEEDED
