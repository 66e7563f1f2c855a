"""The house's messages and reactions as Discord's JSON. It knows no sockets and changes nothing.

The objects: docs.discord.com/developers/resources/message; what is in `discord_guild` holds here, too.
"""

from datetime import UTC, datetime
from typing import Final

from bots.pocket.attached import discord_file
from bots.pocket.discord_guild import GuildWire, Json, moment_json, timestamp
from bots.pocket.house import House
from bots.pocket.things import Message, Person, Room

_REPLY: Final = 19
_THREAD_STARTER: Final = 21
_HAS_THREAD: Final = 1 << 5
_EPHEMERAL: Final = 1 << 6
_CONTENT: Final = ("content", "embeds", "components", "attachments")
"""What a bot without the message content intent does not see of most messages."""


def emoji_json(emoji: str) -> Json:
    """An emoji as it stands in a reaction: the guild's own have an id."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name, "animated": False} if emoji_id else {"id": None, "name": emoji}


class Wire(GuildWire):
    """Writes what there is in a world, messages and all."""

    def message(self, message: Message, *, quoted: bool = False) -> Json:
        """A message as the assistant sees it; `quoted`: inside another one, without what that one quotes."""
        world, wire = self.world, message.wire
        body: Json = {
            "id": self.id(message),
            "channel_id": self.id(message.room),
            "author": self.user(message.author),
            "content": self.content(message),
            "timestamp": timestamp(message.at),
            "edited_timestamp": self._edited(message),
            "tts": False,
            "mention_everyone": bool(wire.get("mention_everyone")),
            "mentions": [self.user(each) for each in self.rung_by(message)],
            "mention_roles": [],
            "attachments": [*wire.get("attachments", ()), *self._files(message)],
            "embeds": list(wire.get("embeds", ())),
            "components": list(wire.get("components", ())),
            "reactions": [self._reaction(message, emoji) for emoji in message.reactions],
            "pinned": False,
            "type": 0 if message.reply_to is None else _REPLY,
            "flags": wire.get("flags", 0) | (_EPHEMERAL if message.only_for else 0),
        }
        if message.reply_to is not None:
            body |= self._reference(message.reply_to, quoted=quoted)
        if (thread := world.thread_from(message)) is not None:
            body |= {"thread": self.channel(thread), "flags": body["flags"] | _HAS_THREAD}
        return body | {name: wire[name] for name in ("nonce", "interaction_metadata", "application_id") if name in wire}

    def event_message(self, message: Message) -> Json:
        """A message as the gateway tells it: with its guild, and its author's membership."""
        body = self.message(message)
        if message.room.kind == "dm":
            return body
        member = self.member(message.author, with_user=False)
        mentions = [{**self.user(each), "member": self.member(each, with_user=False)} for each in self.rung_by(message)]
        return {**body, "guild_id": self.guild_of(message.room), "member": member, "mentions": mentions}

    def without_content(self, message: Message, body: Json) -> Json:
        """`body` for a bot without the message content intent.

        It still sees direct messages, its own, and those that mention it
        (docs.discord.com/developers/events/gateway#message-content-intent).
        """
        me = self.world.me
        if message.room.kind == "dm" or message.author is me or me in self.rung_by(message):
            return body
        return {**body, **{name: type(body[name])() for name in _CONTENT}}

    def thread_starter(self, room: Room) -> Json:
        """The system message that begins a thread made from a message: it has no text, only the reference."""
        if room.starter is None:
            raise ValueError("a thread that was not made from a message has no such thing")
        own = {"id": str(self.world.own_id(room)), "channel_id": self.id(room), "content": "", "type": _THREAD_STARTER}
        quiet: Json = {"embeds": [], "components": [], "attachments": [], "reactions": [], "mentions": [], "flags": 0}
        body = {**self.message(room.starter, quoted=True), **quiet, **own, "timestamp": moment_json(room.id)}
        body.pop("thread", None)
        return {**body, **self._reference(room.starter, quoted=False)}

    def content(self, message: Message) -> str:
        """The text with its markup: a bot's as it sent it, a person's with mentions for names."""
        if "content" in message.wire:
            return str(message.wire["content"])
        return self.house.with_mentions(message.text, "discord", lambda person: f"<@{self.id(person)}>")

    def rung_by(self, message: Message) -> list[Person]:
        """Whose attention `message` asks for."""
        if "mentions" in message.wire:
            return [self.house.people[each] for each in message.wire["mentions"]]
        rung = self.house.mentioned(message.text, "discord")
        if message.reply_to is not None and message.rings and message.reply_to.author not in rung:
            rung.insert(0, message.reply_to.author)
        return rung

    def reaction_event(self, message: Message, person: Person, emoji: str) -> Json:
        """What the gateway says of one reaction, added or removed."""
        burst = (message.id, person.id, emoji) in self.world.bursts
        return self.place(message) | {
            "user_id": self.id(person),
            "emoji": emoji_json(emoji),
            "burst": burst,
            "type": int(burst),
        }

    def place(self, message: Message) -> Json:
        """Where a message is, in the events that only point at it."""
        place = {"channel_id": self.id(message.room), "message_id": self.id(message)}
        return place if message.room.kind == "dm" else {**place, "guild_id": self.guild_of(message.room)}

    @property
    def house(self) -> House:
        """Whose things these are."""
        return self.world.house

    def _edited(self, message: Message) -> str | None:
        if not message.edited:
            return None
        seconds = message.states[-1].at - message.first_seen
        return timestamp(datetime.fromtimestamp(message.id / 1e6 + seconds, UTC))

    def _files(self, message: Message) -> list[Json]:
        return [discord_file(each, f"{self.world.files_at}/{self.id(message.room)}") for each in message.files]

    def _reference(self, target: Message, *, quoted: bool) -> Json:
        reference: Json = {"type": 0, "message_id": self.id(target), "channel_id": self.id(target.room)}
        if target.room.kind != "dm":
            reference["guild_id"] = self.guild_of(target.room)
        if quoted:
            return {"message_reference": reference}
        referenced = None if target.deleted else self.message(target, quoted=True)
        return {"message_reference": reference, "referenced_message": referenced}

    def _reaction(self, message: Message, emoji: str) -> Json:
        people, bursts = message.reactions[emoji], self.world.bursts
        burst = sum((message.id, each.id, emoji) in bursts for each in people)
        return {
            "emoji": emoji_json(emoji),
            "count": len(people),
            "count_details": {"burst": burst, "normal": len(people) - burst},
            "me": self.world.me in people,
            "me_burst": (message.id, self.world.me.id, emoji) in bursts,
            "burst_colors": [],
        }
