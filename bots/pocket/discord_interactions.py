"""Discord's interactions: commands, presses and submitted forms, and what a bot answers to them.

An interaction is made when a person acts (`bots.pocket.discord`), and its first answer is due within seconds. The
protocol: docs.discord.com/developers/interactions/receiving-and-responding.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bots.pocket.discord_api import Answer, Ask, Endpoint, number
from bots.pocket.discord_draft import read_draft
from bots.pocket.discord_errors import Problem, RefusedError
from bots.pocket.discord_guild import Json
from bots.pocket.discord_messages import Messages
from bots.pocket.discord_modals import check_modal
from bots.pocket.discord_sessions import Event
from bots.pocket.discord_wire import Wire
from bots.pocket.discord_world import ALL_PERMISSIONS, snowflake
from bots.pocket.things import Message, Person, Room

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
_LOADING: Final = 1 << 7
_EPHEMERAL: Final = 1 << 6


@dataclass(eq=False, slots=True)
class Interaction:
    """One act of a person that the bot is to answer, and what it answered."""

    id: int
    token: str
    type: int
    person: Person
    room: Room
    data: Json
    begun: float
    """Seconds of the house's monotonic clock."""
    message: Message | None = None
    """Whose component was used."""
    answer: int | None = None
    """The type of the first answer: `REPLY`, `DEFER_REPLY`, `DEFER_UPDATE`, `UPDATE`, `CHOICES` or `MODAL`."""
    answered_after: float | None = None
    """Seconds from the act to the first answer."""
    answer_data: Json = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    """What the bot wrote because of it, the answer itself first."""

    @property
    def modal(self) -> Json | None:
        """The form that the bot opened."""
        return self.answer_data if self.answer == MODAL else None

    @property
    def whispers(self) -> bool:
        """Its deferred answer is for the person alone."""
        return bool(int(self.answer_data.get("flags") or 0) & _EPHEMERAL)


class Interactions:
    """Sends people's acts to the bot, and takes its answers."""

    def __init__(self, wire: Wire, messages: Messages, tell: Callable[[Event], None]) -> None:
        self._wire = wire
        self._world = wire.world
        self._rules = wire.world.rules
        self._messages = messages
        self._tell = tell
        self.all: list[Interaction] = []

    def begin(self, kind: int, person: Person, room: Room, data: Json, message: Message | None = None) -> Interaction:
        """Let `person` act in `room`; the bot is told at once."""
        house = self._world.house
        interaction = Interaction(
            snowflake(house.next_id()),
            secrets.token_urlsafe(24),
            kind,
            person,
            room,
            data,
            house.clock.monotonic(),
            message,
        )
        self.all.append(interaction)
        guild_id = None if room.kind == "dm" else self._world.guild_of(room)
        self._tell(Event("INTERACTION_CREATE", self._event(interaction), guild_id=guild_id))
        return interaction

    def endpoints(self) -> list[Endpoint]:
        """The routes. None of them wants the bot's token: the interaction's own is in the path."""
        callback = "/interactions/{interaction}/{webhook_token}/callback"
        webhook = "/webhooks/{application}/{webhook_token}"
        one = f"{webhook}/messages/{{message}}"
        return [
            Endpoint("POST", callback, self.callback, "interaction", authorized=False),
            Endpoint("POST", webhook, self.follow_up, "webhook", authorized=False),
            Endpoint("GET", one, self.get, "webhook", authorized=False),
            Endpoint("PATCH", one, self.edit, "webhook", authorized=False),
            Endpoint("DELETE", one, self.delete, "webhook", authorized=False),
        ]

    # The first answer

    def callback(self, ask: Ask) -> Answer:
        """The first answer. Raises 10062 when it is too late, 40060 when it is not the first."""
        interaction = self._known(ask, Problem.UNKNOWN_INTERACTION)
        after = self._world.house.clock.monotonic() - interaction.begun
        if interaction.answer is not None:
            raise RefusedError(Problem.ALREADY_ACKNOWLEDGED)
        if str(interaction.id) != ask.path["interaction"] or after > self._rules.interaction_seconds:
            raise RefusedError(Problem.UNKNOWN_INTERACTION)
        self._take(interaction, ask, number(ask.json.get("type"), Problem.INVALID_FORM), ask.json.get("data") or {})
        interaction.answered_after = after
        return self._callback_json(interaction) if ask.query.get("with_response") in ("true", "1", "True") else None

    def _take(self, interaction: Interaction, ask: Ask, kind: int, data: Json) -> None:
        if kind not in (REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE, CHOICES, MODAL):
            raise RefusedError(Problem.INVALID_FORM)
        if kind in (UPDATE, DEFER_UPDATE) and interaction.message is None:
            raise RefusedError(Problem.INVALID_FORM)
        if kind == MODAL:
            if interaction.type == MODAL_SUBMIT:
                raise RefusedError(Problem.INVALID_FORM)
            check_modal(data, self._rules.sizes)
        elif kind == REPLY:
            self._write(interaction, ask, data)
        elif kind == UPDATE and interaction.message is not None:
            self._messages.rewrite(read_draft(ask, self._rules.sizes, data), interaction.message)
        elif kind == DEFER_REPLY and not data.get("flags", 0) & _EPHEMERAL:
            self._world.house.show_status(self._world.me, interaction.room, "is thinking…")
        interaction.answer, interaction.answer_data = kind, data

    def _callback_json(self, interaction: Interaction) -> Json:
        loading = interaction.answer == DEFER_REPLY
        told: Json = {"id": str(interaction.id), "type": interaction.type, "response_message_loading": loading}
        told["response_message_ephemeral"] = interaction.whispers
        if not interaction.messages:
            return {"interaction": told}
        message = interaction.messages[0]
        told["response_message_id"] = self._wire.id(message)
        return {"interaction": told, "resource": {"type": interaction.answer, "message": self._wire.message(message)}}

    # Later ones, by the webhook

    def follow_up(self, ask: Ask) -> Answer:
        """Another message; after a deferral the first one takes the place of "is thinking…"."""
        interaction = self._acknowledged(ask)
        return self._wire.message(self._write(interaction, ask, ask.json))

    def get(self, ask: Ask) -> Answer:
        """A message that it led to."""
        return self._wire.message(self._target(ask))

    def edit(self, ask: Ask) -> Answer:
        """Change a message that it led to; after a deferral the original appears by this."""
        interaction = self._acknowledged(ask)
        waits = interaction.answer == DEFER_REPLY and not interaction.messages
        if ask.path["message"] == "@original" and waits:
            return self._wire.message(self._write(interaction, ask, ask.json))
        message = self._target(ask)
        self._messages.rewrite(read_draft(ask, self._rules.sizes), message)
        return self._wire.message(message)

    def delete(self, ask: Ask) -> Answer:
        """Take away a message that it led to."""
        self._world.house.delete(self._target(ask), by=self._world.me)
        return None

    def _target(self, ask: Ask) -> Message:
        interaction = self._acknowledged(ask)
        if ask.path["message"] != "@original":
            return ask.message(interaction.room)
        original = interaction.message if interaction.answer in (UPDATE, DEFER_UPDATE) else None
        if original is None and interaction.messages:
            original = interaction.messages[0]
        if original is None or original.deleted:
            raise RefusedError(Problem.UNKNOWN_MESSAGE)
        return original

    def _write(self, interaction: Interaction, ask: Ask, body: Json) -> Message:
        draft = read_draft(ask, self._rules.sizes, body)
        fills = interaction.answer == DEFER_REPLY and not interaction.messages
        whispers = interaction.whispers if fills else draft.ephemeral
        message = self._messages.write(
            draft.of_interaction(self._metadata(interaction), self._wire.id(self._world.me)),
            interaction.room,
            only_for=interaction.person if whispers else None,
        )
        interaction.messages.append(message)
        return message

    def _metadata(self, interaction: Interaction) -> Json:
        user = self._wire.user(interaction.person)
        return {
            "id": str(interaction.id),
            "type": interaction.type,
            "user": user,
            "authorizing_integration_owners": {"0": self._wire.guild_of(interaction.room)},
        }

    def _known(self, ask: Ask, problem: Problem) -> Interaction:
        for each in reversed(self.all):
            if each.token == ask.path["webhook_token"]:
                return each
        raise RefusedError(problem)

    def _acknowledged(self, ask: Ask) -> Interaction:
        interaction = self._known(ask, Problem.UNKNOWN_WEBHOOK)
        if interaction.answer is None:
            raise RefusedError(Problem.UNKNOWN_WEBHOOK)
        if self._world.house.clock.monotonic() - interaction.begun > self._rules.interaction_token_seconds:
            raise RefusedError(Problem.INVALID_WEBHOOK_TOKEN)
        return interaction

    def _event(self, interaction: Interaction) -> Json:
        wire, room = self._wire, interaction.room
        event: Json = {
            "id": str(interaction.id),
            "application_id": wire.id(self._world.me),
            "type": interaction.type,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": wire.id(room),
            "channel": wire.channel(room),
            "app_permissions": str(self._world.permissions(room)),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": wire.guild_of(room)},
            "attachment_size_limit": 10 * 1024**2,
        }
        if interaction.message is not None:
            event["message"] = wire.message(interaction.message)
        if room.kind == "dm":
            return {**event, "user": wire.user(interaction.person), "context": 1}
        member = {**wire.member(interaction.person), "permissions": str(ALL_PERMISSIONS)}
        guild: dict[str, Any] = {"id": wire.guild_of(room), "locale": "en-US", "features": []}
        return {
            **event,
            "guild_id": wire.guild_of(room),
            "guild": guild,
            "guild_locale": "en-US",
            "member": member,
            "context": 0,
        }
