"""Discord's REST calls on everything but messages: the bot itself, the guild, its members, channels and threads."""

from collections.abc import Callable

from bots.pocket.discord_api import Answer, Ask, Endpoint, number
from bots.pocket.discord_draft import read_draft
from bots.pocket.discord_errors import Problem, RefusedError, invalid_field, too_long
from bots.pocket.discord_events import Events
from bots.pocket.discord_guild import Json
from bots.pocket.discord_messages import Messages
from bots.pocket.discord_sessions import Event
from bots.pocket.discord_wire import Wire
from bots.pocket.things import Message, Person, Room

_NAME_LENGTH = 100
"""Of a thread."""


class Channels:
    """The calls on what messages stand in, and on who is there."""

    def __init__(self, wire: Wire, messages: Messages, events: Events, tell: Callable[[Event], None]) -> None:
        self._wire = wire
        self._world = wire.world
        self._rules = wire.world.rules
        self._messages = messages
        self._events = events
        self._tell = tell

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        channel, guild = "/channels/{channel}", "/guilds/{guild}"
        return [
            Endpoint("GET", "/users/@me", self.me),
            Endpoint("GET", "/users/@me/guilds", self.guilds),
            Endpoint("POST", "/users/@me/channels", self.open_dm),
            Endpoint("GET", "/users/{user}", self.user),
            Endpoint("GET", "/oauth2/applications/@me", self.application),
            Endpoint("GET", "/applications/@me", self.application),
            Endpoint("GET", guild, self.guild),
            Endpoint("GET", f"{guild}/channels", self.channels),
            Endpoint("GET", f"{guild}/roles", self.roles),
            Endpoint("GET", f"{guild}/emojis", self.emojis),
            Endpoint("GET", f"{guild}/threads/active", self.active_threads),
            Endpoint("GET", f"{guild}/members/{{user}}", self.member),
            Endpoint("GET", channel, self.channel),
            Endpoint("PATCH", channel, self.change_channel),
            Endpoint("POST", f"{channel}/messages/{{message}}/threads", self.thread_from_message, "thread"),
            Endpoint("POST", f"{channel}/threads", self.thread, "thread"),
            Endpoint("PUT", f"{channel}/thread-members/@me", self.join_thread),
            Endpoint("DELETE", f"{channel}/thread-members/@me", self.leave_thread),
        ]

    # People

    def me(self, ask: Ask) -> Answer:
        """The bot's own account."""
        del ask  # who asks is known by the token
        return {**self._wire.user(self._world.me), "verified": True, "mfa_enabled": False, "flags": 0}

    def application(self, ask: Ask) -> Answer:
        """The bot's application."""
        del ask  # the same
        return {
            "id": self._wire.id(self._world.me),
            "name": self._world.me.name,
            "description": "",
            "icon": None,
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": {"id": self._wire.guild_id, "username": "owner", "discriminator": "0", "avatar": None},
            "team": None,
            "flags": self._events.application_flags(),
        }

    def user(self, ask: Ask) -> Answer:
        """Anyone's account."""
        return self._wire.user(ask.person())

    def member(self, ask: Ask) -> Answer:
        """Someone's membership."""
        self._guild(ask)
        try:
            return self._wire.member(ask.person())
        except RefusedError:
            raise RefusedError(Problem.UNKNOWN_MEMBER) from None

    def open_dm(self, ask: Ask) -> Answer:
        """The direct conversation with someone, opened if it is new."""
        person = self._world.person(number(ask.json.get("recipient_id"), Problem.INVALID_FORM))
        if person.is_bot:
            raise RefusedError(Problem.CANNOT_SEND_TO_USER)
        return self._wire.channel(self._world.house.dm(person, "discord"))

    # The guild

    def guilds(self, ask: Ask) -> Answer:
        """The guilds the bot is in."""
        del ask  # there is no second page
        return [
            {"id": str(each), "name": name, "icon": None, "owner": False, "features": []}
            for each, name in self._world.guilds.items()
        ]

    def guild(self, ask: Ask) -> Answer:
        """One of them."""
        return self._wire.guild(self._guild(ask), members=[])

    def channels(self, ask: Ask) -> Answer:
        """Its channels, without threads."""
        return [self._wire.channel(each) for each in self._world.rooms_in(self._guild(ask)) if each.kind != "thread"]

    def roles(self, ask: Ask) -> Answer:
        """Its roles."""
        return self._wire.roles(self._guild(ask))

    def emojis(self, ask: Ask) -> Answer:
        """Its own emoji."""
        self._guild(ask)
        return [self._wire.custom_emoji(name) for name in self._world.emojis]

    def active_threads(self, ask: Ask) -> Answer:
        """Its threads that are not archived."""
        rooms = self._world.rooms_in(self._guild(ask))
        open_ones = [each for each in rooms if each.kind == "thread" and not each.archived]
        return {"threads": [self._wire.channel(each) for each in open_ones], "members": []}

    def _guild(self, ask: Ask) -> int:
        asked = ask.path["guild"]
        if asked not in map(str, self._world.guilds):
            raise RefusedError(Problem.UNKNOWN_GUILD)
        return int(asked)

    # Channels and threads

    def channel(self, ask: Ask) -> Answer:
        """One channel or thread."""
        return self._wire.channel(ask.room())

    def change_channel(self, ask: Ask) -> Answer:
        """Another name, or a thread archived, locked or opened again."""
        room = ask.room()
        if room.kind == "thread" and self._world.facts[room].owner is not self._world.me:
            self._world.require(room, "manage_threads")
        if "name" in ask.json:
            room.name = _name(ask.json)
        if room.kind == "thread":
            room.archived = bool(ask.json.get("archived", room.archived))
            facts = self._world.facts[room]
            facts.locked = bool(ask.json.get("locked", facts.locked))
        self._tell(self._events.changed(room))
        return self._wire.channel(room)

    def thread_from_message(self, ask: Ask) -> Answer:
        """A thread made from a message: the two share their snowflake."""
        room = ask.room("create_public_threads")
        message = ask.message(room)
        if self._world.thread_from(message) is not None:
            raise RefusedError(Problem.THREAD_EXISTS)
        return self._wire.channel(self.open_thread(room, _name(ask.json), self._world.me, starter=message))

    def thread(self, ask: Ask) -> Answer:
        """A thread by itself; in a forum, a post, which has a first message."""
        room = ask.room("create_public_threads")
        if room.kind != "forum":
            return self._wire.channel(self.open_thread(room, _name(ask.json), self._world.me))
        if not isinstance(ask.json.get("message"), dict):
            raise invalid_field("message", "BASE_TYPE_REQUIRED", "This field is required")
        draft = read_draft(ask, self._rules.sizes, ask.json["message"])
        draft.finished(self._world, None)  # an empty first message opens no thread
        thread = self.open_thread(room, _name(ask.json), self._world.me)
        message = self._messages.write(draft, thread)
        return {**self._wire.channel(thread), "message": self._wire.message(message)}

    def open_thread(self, parent: Room, name: str, owner: Person, *, starter: Message | None = None) -> Room:
        """Open a thread of `owner` in `parent`."""
        house = self._world.house
        members = list(dict.fromkeys([owner, *([starter.author] if starter else [])]))
        with self._world.opening_as(owner):
            return house.room(name, on="discord", kind="thread", members=members, parent=parent, starter=starter)

    def archive(self, thread: Room, *, locked: bool) -> None:
        """Put a thread away."""
        thread.archived, self._world.facts[thread].locked = True, locked
        self._tell(self._events.changed(thread))

    def join_thread(self, ask: Ask) -> Answer:
        """Be a member of a thread."""
        room = ask.room()
        if self._world.me not in room.members:
            room.members.append(self._world.me)
        return None

    def leave_thread(self, ask: Ask) -> Answer:
        """Be one no longer."""
        room = ask.room()
        if self._world.me in room.members:
            room.members.remove(self._world.me)
        return None


def _name(body: Json) -> str:
    name = str(body.get("name") or "").strip()
    if not name:
        raise invalid_field("name", "BASE_TYPE_REQUIRED", "This field is required")
    if len(name) > _NAME_LENGTH:
        raise too_long("name", _NAME_LENGTH)
    return name
