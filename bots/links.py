"""Where a message can be opened in a browser, as far as its address tells."""

from typing import Final

from bots.discord.reading import permalink as on_discord
from core.messages import MessageRef

_LINKS: Final = {"discord": on_discord}
"""Slack's permalinks have the workspace's name in them, which an address does not know."""


def link_or_address(message: MessageRef | None) -> str:
    """A link to `message`, or else its address; empty where it is not known."""
    if message is None:
        return ""
    link = _LINKS.get(message.platform)
    return message.key if link is None else link(message)
