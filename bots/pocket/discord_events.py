"""What happens in the house as gateway events, and the first ones that a session is told. It knows no sockets."""

import time
from collections.abc import Mapping
from typing import Any

from bots.pocket.discord_guild import Json
from bots.pocket.discord_sessions import INTENTS, Event, Session
from bots.pocket.discord_wire import Wire, emoji_json
from bots.pocket.things import (
    Change,
    Deleted,
    Edited,
    Message,
    Posted,
    Reacted,
    ReactionsCleared,
    Room,
    RoomOpened,
    StatusShown,
    Unreacted,
)


class Events:
    """Tells changes of a world as Discord would."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._world = wire.world

    def of(self, change: Change) -> list[Event]:
        """The events that tell the bots of `change`; none if it is not Discord's, or not for the assistant to see."""
        room = change.room if isinstance(change, RoomOpened | StatusShown) else change.message.room
        if room.platform != "discord" or not self._world.sees(room):
            return []
        if isinstance(change, RoomOpened):
            return self._opened(room)
        if isinstance(change, StatusShown):
            return [self._typing(change)] if change.text else []
        if change.message.only_for is not None:  # a whisper is not told on the gateway, not even to its author
            return []
        return [self._told(change)]

    def _told(self, change: Posted | Edited | Deleted | Reacted | Unreacted | ReactionsCleared) -> Event:
        message = change.message
        match change:
            case Posted():
                return self._message("MESSAGE_CREATE", message)
            case Edited():
                return self._message("MESSAGE_UPDATE", message)
            case Deleted():
                place = self._wire.place(message)
                return self._event("MESSAGE_DELETE", {"id": place.pop("message_id"), **place}, "messages", message.room)
            case _:
                name, data = self._reaction(change)
                return self._event(name, data, "reactions", message.room)

    def _reaction(self, change: Reacted | Unreacted | ReactionsCleared) -> tuple[str, Json]:
        wire, message = self._wire, change.message
        match change:
            case Reacted(person=person, emoji=emoji):
                data = wire.reaction_event(message, person, emoji) | {"message_author_id": wire.id(message.author)}
                data |= {} if message.room.kind == "dm" else {"member": wire.member(person)}
                return "MESSAGE_REACTION_ADD", data
            case Unreacted(person=person, emoji=emoji):
                data = wire.reaction_event(message, person, emoji)
                self._world.bursts.discard((message.id, person.id, emoji))
                return "MESSAGE_REACTION_REMOVE", data
            case ReactionsCleared(emoji=None):
                return "MESSAGE_REACTION_REMOVE_ALL", wire.place(message)
            case ReactionsCleared(emoji=emoji):
                return "MESSAGE_REACTION_REMOVE_EMOJI", wire.place(message) | {"emoji": emoji_json(str(emoji))}

    def _message(self, name: str, message: Message) -> Event:
        body = self._wire.event_message(message)
        event = self._event(name, body, "messages", message.room)
        return Event(name, body, event.intent, event.guild_id, self._wire.without_content(message, body))

    def _opened(self, room: Room) -> list[Event]:
        if room.kind == "dm":  # bots learn of a direct conversation by its first message
            return []
        self._world.remember(room)
        if room.kind != "thread":
            return [self._event("CHANNEL_CREATE", self._wire.channel(room), "guilds", room)]
        opened = self._event("THREAD_CREATE", {**self._wire.channel(room), "newly_created": True}, "guilds", room)
        if room.starter is None:
            return [opened]
        starter = {**self._wire.thread_starter(room), "guild_id": self._wire.guild_of(room)}
        return [opened, self._event("MESSAGE_CREATE", starter, "messages", room)]

    def changed(self, room: Room) -> Event:
        """A channel or thread has another name, state or permission."""
        name = "THREAD_UPDATE" if room.kind == "thread" else "CHANNEL_UPDATE"
        return self._event(name, self._wire.channel(room), "guilds", room)

    def _typing(self, change: StatusShown) -> Event:
        room, wire = change.room, self._wire
        data: Json = {"channel_id": wire.id(room), "user_id": wire.id(change.person), "timestamp": int(time.time())}
        if room.kind != "dm":
            data |= {"guild_id": wire.guild_of(room), "member": wire.member(change.person)}
        return self._event("TYPING_START", data, "typing", room)

    def _event(self, name: str, data: Json, subject: str, room: Room) -> Event:
        if subject == "guilds":
            return Event(name, data, "guilds", self._world.guild_of(room))
        if room.kind == "dm":
            return Event(name, data, f"dm_{subject}")
        return Event(name, data, f"guild_{subject}", self._world.guild_of(room))

    # The first events of a session, and members on request

    def welcome(self, session: Session, resume_url: str) -> list[Event]:
        """READY, and the guilds of the session's shard."""
        wire, world = self._wire, self._world
        ready = {
            "v": 10,
            "user": wire.user(world.me),
            "guilds": [],
            "session_id": session.id,
            "resume_gateway_url": resume_url,
            "session_type": "normal",
            "shard": list(session.shard),
            "application": {"id": wire.id(world.me), "flags": self.application_flags()},
            "private_channels": [],
            "relationships": [],
            "presences": [],
        }
        guilds = [each for each in world.guilds if session.hears(each)]
        ready["guilds"] = [{"id": str(each), "unavailable": True} for each in guilds]
        everyone = bool(session.intents & INTENTS["members"])
        members = world.members if everyone else [world.me]
        return [
            Event("READY", ready),
            *(Event("GUILD_CREATE", wire.guild(each, members=members)) for each in guilds),
        ]

    def joined(self, guild: int) -> Event:
        """The assistant was invited to a guild."""
        return Event("GUILD_CREATE", self._wire.guild(guild, members=[self._world.me]), "guilds", guild)

    def chunk(self, asked: Mapping[str, Any]) -> Event:
        """GUILD_MEMBERS_CHUNK for a request (opcode 8)."""
        listed = asked.get("user_ids")
        if listed is not None:
            wanted = {str(each) for each in (listed if isinstance(listed, list) else [listed])}
            found = [each for each in self._world.members if self._wire.id(each) in wanted]
        else:
            start = str(asked.get("query") or "").casefold()
            found = [each for each in self._world.members if each.name.casefold().startswith(start)]
            found = found[: asked.get("limit") or None]
        data: Json = {
            "guild_id": str(asked.get("guild_id") or self._wire.guild_id),
            "members": [self._wire.member(each) for each in found],
            "chunk_index": 0,
            "chunk_count": 1,
        }
        if "nonce" in asked:
            data["nonce"] = asked["nonce"]
        return Event("GUILD_MEMBERS_CHUNK", data)

    def application_flags(self) -> int:
        """The application's flags: which privileged intents it has.

        The bits are those of an app in fewer than 100 guilds
        (docs.discord.com/developers/resources/application#application-object-application-flags).
        """
        limited = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}
        return sum(bit for name, bit in limited.items() if name in self._world.rules.privileged)
