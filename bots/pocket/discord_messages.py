"""Discord's REST calls on messages and reactions: what a bot may write, change, read and take away.

Who may call how often is decided before; here a call takes effect in the house.
"""

from bots.pocket.discord_api import Answer, Ask, Endpoint, number
from bots.pocket.discord_draft import Draft, read_draft
from bots.pocket.discord_errors import Problem, RefusedError, invalid_field
from bots.pocket.discord_guild import Json
from bots.pocket.discord_rules import OLD_EDIT, Buckets
from bots.pocket.discord_wire import Wire
from bots.pocket.discord_world import World
from bots.pocket.things import Message, Person, Room


class Messages:
    """The calls on messages."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._world = wire.world
        self._rules = wire.world.rules
        self._old_edits = Buckets(self._rules)
        self._by_nonce: dict[tuple[Room, str], Message] = {}

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        messages, one = "/channels/{channel}/messages", "/channels/{channel}/messages/{message}"
        reactions, emoji = f"{one}/reactions", f"{one}/reactions/{{emoji}}"
        return [
            Endpoint("POST", messages, self.post, "post"),
            Endpoint("GET", messages, self.history),
            Endpoint("GET", one, self.get),
            Endpoint("PATCH", one, self.edit, "edit"),
            Endpoint("DELETE", one, self.delete, "delete"),
            Endpoint("PUT", f"{emoji}/@me", self.react, "react"),
            Endpoint("DELETE", f"{emoji}/@me", self.unreact, "react"),
            Endpoint("DELETE", f"{emoji}/{{user}}", self.unreact_other, "react"),
            Endpoint("DELETE", emoji, self.clear_emoji, "react"),
            Endpoint("DELETE", reactions, self.clear, "react"),
            Endpoint("GET", emoji, self.reacted),
            Endpoint("POST", "/channels/{channel}/typing", self.typing, "typing"),
        ]

    def post(self, ask: Ask) -> Answer:
        """Write a message. A repeated nonce with `enforce_nonce` gives the first one again."""
        room = ask.room()
        _require_to_write(self._world, room)
        if ask.files:
            self._world.require(room, "attach_files")
        draft = read_draft(ask, self._rules.sizes)
        nonce = str(ask.json.get("nonce") or "")
        if nonce and ask.json.get("enforce_nonce") and (known := self._by_nonce.get((room, nonce))):
            return self._wire.message(known)
        message = self.write(draft, room, reply_to=self._reply_to(ask, room))
        if nonce:
            self._by_nonce[room, nonce] = message
        return self._wire.message(message)

    def write(
        self, draft: Draft, room: Room, *, reply_to: Message | None = None, only_for: Person | None = None
    ) -> Message:
        """Let a message of the assistant appear as `draft` says."""
        if room.kind == "thread" and room.archived:
            room.archived = False
        wire, text = draft.finished(self._world, reply_to)
        return self._world.house.post(
            self._world.me, room, text, reply_to=reply_to, rings=draft.rings_author, only_for=only_for, wire=wire
        )

    def rewrite(self, draft: Draft, message: Message) -> None:
        """Let a message of the assistant say what `draft` says."""
        wire, text = draft.over(message).finished(self._world, message.reply_to)
        self._world.house.edit(message, text, wire=wire)

    def edit(self, ask: Ask) -> Answer:
        """Change a message: what is not given stays."""
        room = ask.room()
        message = ask.message(room)
        if message.author is not self._world.me:
            raise RefusedError(Problem.NOT_YOUR_MESSAGE)
        _require_open(room)
        if self._world.is_old(message):
            taken = self._old_edits.take(OLD_EDIT, ask.path["channel"], self._world.house.clock.monotonic())
            if not taken.allowed:
                raise RefusedError(Problem.TOO_MANY_OLD_EDITS, retry_after=taken.reset_after)
        self.rewrite(read_draft(ask, self._rules.sizes), message)
        return self._wire.message(message)

    def delete(self, ask: Ask) -> Answer:
        """Take a message away: the bot's own, or as a moderator anyone's."""
        room = ask.room()
        message = ask.message(room)
        if message.author is not self._world.me:
            self._world.require(room, "manage_messages")
        self._world.house.delete(message, by=self._world.me)
        return None

    def get(self, ask: Ask) -> Answer:
        """One message."""
        return self._wire.message(ask.message(ask.room("read_message_history")))

    def history(self, ask: Ask) -> Answer:
        """Messages of a room, newest first: `limit` of them before, after or around a snowflake."""
        room = ask.room("read_message_history")
        limit = ask.number("limit", 50)
        if not 1 <= limit <= self._rules.sizes.history:
            raise RefusedError(Problem.INVALID_FORM)
        listed = sorted(self._listed(room), key=lambda each: int(each["id"]))
        return _page(listed, ask, limit)[::-1]

    def _listed(self, room: Room) -> list[Json]:
        messages = [self._wire.message(each) for each in room.messages]
        return messages if room.starter is None else [self._wire.thread_starter(room), *messages]

    def react(self, ask: Ask) -> Answer:
        """Put an emoji on a message; twice is once."""
        room = ask.room("read_message_history")
        message, emoji = ask.message(room), self._world.emoji(ask.path["emoji"])
        _require_open(room)
        if emoji not in message.reactions:
            self._world.require(room, "add_reactions")
            if len(message.reactions) >= self._rules.sizes.reactions:
                raise RefusedError(Problem.TOO_MANY_REACTIONS)
        self._world.house.react(self._world.me, message, emoji)
        return None

    def unreact(self, ask: Ask) -> Answer:
        """Take the bot's own emoji away."""
        return self._take_off(ask, ask.room(), self._world.me)

    def unreact_other(self, ask: Ask) -> Answer:
        """Take someone else's emoji away, as a moderator."""
        return self._take_off(ask, ask.room("manage_messages"), ask.person())

    def _take_off(self, ask: Ask, room: Room, person: Person) -> Answer:
        message, emoji = ask.message(room), self._world.emoji(ask.path["emoji"])
        if person not in message.reactions.get(emoji, ()) or not self._world.house.unreact(person, message, emoji):
            raise RefusedError(Problem.UNKNOWN_EMOJI)
        return None

    def clear_emoji(self, ask: Ask) -> Answer:
        """Take one emoji of everyone away, as a moderator."""
        message = ask.message(ask.room("manage_messages"))
        self._world.house.clear_reactions(message, self._world.emoji(ask.path["emoji"]))
        return None

    def clear(self, ask: Ask) -> Answer:
        """Take every emoji away, as a moderator."""
        self._world.house.clear_reactions(ask.message(ask.room("manage_messages")))
        return None

    def reacted(self, ask: Ask) -> Answer:
        """Who put an emoji on a message, by snowflake; `type` 0 asks for normal reactions, 1 for super ones."""
        message = ask.message(ask.room("read_message_history"))
        emoji, burst = self._world.emoji(ask.path["emoji"]), ask.number("type", 0) == 1
        people = [
            each
            for each in message.reactions.get(emoji, ())
            if ((message.id, each.id, emoji) in self._world.bursts) == burst
        ]
        after, limit = ask.number("after", 0), min(ask.number("limit", 25), self._rules.sizes.history)
        users = sorted((self._wire.user(each) for each in people), key=lambda each: int(each["id"]))
        return [each for each in users if int(each["id"]) > after][:limit]

    def typing(self, ask: Ask) -> Answer:
        """Be seen typing, for ten seconds."""
        room = ask.room()
        _require_to_write(self._world, room)
        self._world.house.show_status(self._world.me, room, "is typing…")
        return None

    def _reply_to(self, ask: Ask, room: Room) -> Message | None:
        reference = ask.json.get("message_reference")
        if not reference:
            return None
        self._world.require(room, "read_message_history")
        try:
            return self._world.message(room, number(reference.get("message_id"), Problem.UNKNOWN_MESSAGE))
        except RefusedError:
            if reference.get("fail_if_not_exists", True):
                raise invalid_field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message") from None
            return None


def _require_to_write(world: World, room: Room) -> None:
    if room.kind == "dm" and not world.unreachable.isdisjoint(room.members):
        raise RefusedError(Problem.CANNOT_SEND_TO_USER)
    if room.kind == "forum":
        raise RefusedError(Problem.NOT_A_TEXT_CHANNEL)
    world.require(room, "send_messages_in_threads" if room.kind == "thread" else "send_messages")
    if room.kind == "thread" and world.facts[room].locked:
        _require_open(room)


def _require_open(room: Room) -> None:
    if room.archived:
        raise RefusedError(Problem.THREAD_ARCHIVED)


def _page(listed: list[Json], ask: Ask, limit: int) -> list[Json]:
    """`limit` of `listed` (oldest first) before, after or around a snowflake, or the newest."""
    if "after" in ask.query:
        return [each for each in listed if int(each["id"]) > ask.number("after", 0)][:limit]
    if "around" in ask.query:
        around = ask.number("around", 0)
        older = [each for each in listed if int(each["id"]) < around][-(limit // 2) :]
        return [*older, *[each for each in listed if int(each["id"]) >= around][: limit - len(older)]]
    if "before" in ask.query:
        listed = [each for each in listed if int(each["id"]) < ask.number("before", 0)]
    return listed[-limit:]
