"""A person's hands in the words that both platforms share; what only Discord has is in `discord_hands`."""

from collections.abc import Mapping
from typing import Any

from bots.pocket.discord_hands import Hands
from bots.pocket.discord_interactions import Interaction
from bots.pocket.things import Message, Person, Room


class DiscordFace:
    """What people do on Discord beside writing; see `Face`. Each answer is its type and its data."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    async def press(self, person: Person, message: Message, control: str) -> Mapping[str, Any]:
        """Press the button of `message` with this label, emoji or custom_id."""
        return _told(await self._hands.press(person, message, control))

    async def submit(self, person: Person, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send the form before `person`, with `values` by custom_id."""
        return _told(await self._hands.submit(person, values))

    async def command(self, person: Person, room: Room, command: str, text: str) -> Mapping[str, Any]:
        """Choose the command and subcommands of these words; words beyond those fill the options, in their order."""
        return _told(await self._hands.typed(person, room, f"{command} {text}"))

    async def shortcut(self, person: Person, message: Message, entry: str) -> Mapping[str, Any]:
        """Choose the bot's entry of this name in the menu of `message`."""
        return _told(await self._hands.shortcut(person, message, entry))


def _told(interaction: Interaction) -> Mapping[str, Any]:
    return {"type": interaction.answer, "data": interaction.answer_data}
