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


def can_read_messages(flags: discord.ApplicationFlags) -> bool:
    """Whether the app has the message content intent."""
    return flags.gateway_message_content or flags.gateway_message_content_limited


def invitation(application_id: int) -> str:
    """The address that invites the bot, and its commands, with what it needs."""
    permissions = discord.Permissions(**dict.fromkeys(_NEEDED, True))
    return discord.utils.oauth_url(application_id, permissions=permissions, scopes=("bot", "applications.commands"))


def shortcomings(guilds: Iterable[discord.Guild]) -> tuple[list[str], bool]:
    """A sentence for each missing permission, and whether the assistant can answer anywhere.

    A channel that it cannot see at all is taken for a private one. Where there are no channels yet, it can.
    """
    sentences: list[str] = []
    answers: list[bool] = []
    for guild in guilds:
        missing = _missing(guild.me.guild_permissions)
        sentences += [
            f"{_NEEDED[each]} is missing in “{guild.name}”: Server Settings → Roles → the bot’s role → Permissions → "
            "switch it on."
            for each in missing
        ]
        channels: list[discord.TextChannel | discord.ForumChannel] = [*guild.text_channels, *guild.forums]
        for channel in channels:
            lacking = _missing(channel.permissions_for(guild.me))
            answers.append(not set(lacking).intersection(_VITAL))
            sentences += [
                f"{_NEEDED[each]} is missing in #{channel.name} of “{guild.name}”: the channel’s settings → "
                "Permissions → the bot → allow it."
                for each in (() if "view_channel" in lacking else lacking)
                if each not in missing
            ]
    return sentences, any(answers) or not answers


def _missing(permissions: discord.Permissions) -> Sequence[str]:
    return [each for each in _NEEDED if not getattr(permissions, each)]
