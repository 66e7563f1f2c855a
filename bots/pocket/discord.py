"""Discord's face of the house: REST and gateway, version 10, for the one bot in it.

What it is made of is next door: `discord_api` takes the calls, `discord_gateway` keeps the sessions, `discord_events`
tells what happens, and the calls themselves are in `discord_messages`, `discord_channels`, `discord_commands` and
`discord_interactions`. People's hands are in `discord_hands`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from bots.pocket.attached import served
from bots.pocket.discord_api import Api, Ask, Call, Endpoint
from bots.pocket.discord_channels import Channels
from bots.pocket.discord_commands import Commands
from bots.pocket.discord_errors import Problem, RefusedError
from bots.pocket.discord_events import Events
from bots.pocket.discord_face import DiscordFace
from bots.pocket.discord_gateway import Gateway
from bots.pocket.discord_guild import Json
from bots.pocket.discord_hands import Hands
from bots.pocket.discord_interactions import Interactions
from bots.pocket.discord_messages import Messages
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.discord_sessions import Event
from bots.pocket.discord_wire import Wire
from bots.pocket.discord_world import PERMISSIONS, World, snowflake
from bots.pocket.house import House
from bots.pocket.things import Change, Message, Person, Room, RoomOpened

BOT_TOKEN = "pocket.discord.token"  # noqa: S105 - opens nothing but the box

_API = "/discord/api/v10"
_GATEWAY = "/discord/gateway/"
_FILES = "/discord/attachments"


class Discord:
    """A guild, or several, with one bot in it."""

    def __init__(self, house: House, rules: DiscordRules | None = None) -> None:
        self.rules = rules or DiscordRules()
        self.token = BOT_TOKEN
        self.world = World(house, self.rules)
        self.wire = Wire(self.world)
        self.events = Events(self.wire)
        self.gateway = Gateway(
            self.rules,
            self.token,
            guilds=self.world.guilds,
            welcome=self.events.welcome,
            chunk=self.events.chunk,
            stir=house.stir,
        )
        self.api = Api(self.world, self.token)
        self._messages = Messages(self.wire)
        self._channels = Channels(self.wire, self._messages, self.events, self.gateway.tell)
        self.commands = Commands(self.wire)
        self.interactions = Interactions(self.wire, self._messages, self.gateway.tell)
        self.hands = Hands(self.wire, self._channels, self.commands, self.interactions)
        house.faces["discord"] = DiscordFace(self.hands)
        self._house = house
        self._unwatch = house.watch(self._tell)

    # Looking

    @property
    def origin(self) -> str:
        """`http://host:port`, once it is served."""
        return self.world.files_at.removesuffix(_FILES)

    @origin.setter
    def origin(self, origin: str) -> None:
        self.world.files_at = origin + _FILES

    @property
    def base_url(self) -> str:
        """What discord.py wants as `discord.http.Route.BASE`."""
        return f"{self.origin}{_API}"

    @property
    def gateway_url(self) -> str:
        """What discord.py wants as `DiscordWebSocket.DEFAULT_GATEWAY`."""
        return f"{self.origin.replace('http', 'ws', 1)}{_GATEWAY}"

    @property
    def calls(self) -> list[Call]:
        """Every REST call, those that were refused too, in order."""
        return self.api.calls

    @property
    def refused(self) -> list[Call]:
        """The calls that got a 429."""
        return [each for each in self.calls if each.retry_after]

    def calls_of(self, bucket: str) -> list[Call]:
        """The calls of one kind: `post`, `edit`, `delete`, `react`, `typing`, …"""
        return [each for each in self.calls if each.bucket == bucket]

    @property
    def connected(self) -> int:
        """How many gateway sessions are connected."""
        return sum(each.connection is not None for each in self.gateway.sessions.values())

    def id(self, thing: Person | Room | Message) -> int:
        """The snowflake of someone or something in the house."""
        return self.world.id_of(thing)

    def message(self, room: Room, snowflake: int) -> Message:
        """The message of this snowflake. Raises RefusedError without one."""
        return self.world.message(room, snowflake)

    def rung_by(self, message: Message) -> list[Person]:
        """Whose attention `message` asked for: mentions that ring, the author of what it replies to."""
        return self.wire.rung_by(message)

    # Furnishing

    def add_guild(self, name: str, *, shard: int = 0, of: int = 1) -> int:
        """Invite the bot to one more guild, whose events go to `shard` of so many; its snowflake."""
        guild = self.world.found(name, shard, of)
        self.gateway.tell(self.events.joined(guild))
        return guild

    def room_in(self, guild: int, name: str) -> Room:
        """Open a channel there. It must not be called as one of another guild is."""
        with self.world.opening_in(guild):
            return self._house.room(name, on="discord")

    def add_emoji(self, name: str) -> str:
        """Give the guild an emoji of its own; the answer is what people react with."""
        emoji_id = self.world.emojis.setdefault(name, snowflake(self._house.next_id()))
        return f"{name}:{emoji_id}"

    def give_role(self, person: Person, name: str) -> int:
        """Give `person` the role called `name`, which is made if it is new; its snowflake."""
        if name not in self.world.roles:
            self.world.roles[name] = snowflake(self._house.next_id())
            for guild in self.world.guilds:
                role = next(each for each in self.wire.roles(guild) if each["name"] == name)
                data = {"guild_id": str(guild), "role": role}
                self.gateway.tell(Event("GUILD_ROLE_CREATE", data, "guilds", guild))
        held = self.world.held.setdefault(person, [])
        if name not in held:
            held.append(name)
        return self.world.roles[name]

    def refuse_direct_messages(self, person: Person) -> None:
        """Let `person` take no direct messages from bots."""
        self.world.unreachable.add(person)

    def upload(self, message: Message, name: str) -> bytes:
        """The file of this name in `message`. Raises LookupError without one."""
        for each in message.wire.get("attachments", ()):
            if each["filename"] == name:
                return self.world.uploads[each["id"]]
        raise LookupError(f"The message has no file called {name!r}.")

    def deny(self, room: Room, *permissions: str) -> None:
        """Take permissions (`send_messages`, `add_reactions`, `view_channel`, …) from the bot in `room`."""
        self._set_denied(room, self.world.denied.get(room, 0) | _bits(permissions))

    def allow(self, room: Room, *permissions: str) -> None:
        """Give them back."""
        self._set_denied(room, self.world.denied.get(room, 0) & ~_bits(permissions))

    def _set_denied(self, room: Room, denied: int) -> None:
        self.world.denied[room] = denied
        self.gateway.tell(self.events.changed(room))

    # Breaking (more of it in `gateway`: reconnect, invalidate, drop, send_raw, hang_up)

    def fail(self, bucket: str = "", *, status: int = 503, times: int = 1, done: bool = False) -> None:
        """Let the next `times` calls of one kind, or of any, go wrong.

        `status` 0 cuts the connection. `done`: the call is carried out all the same, only its answer is lost.
        """
        self.api.fail(status, bucket=bucket, times=times, done=done)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Cut every connection and let nobody in until the block is left; sessions can be resumed after it."""
        self.api.refusing = self.gateway.refusing = True
        self.gateway.drop()
        try:
            yield
        finally:
            self.api.refusing = self.gateway.refusing = False

    def restart(self) -> None:
        """Cut every connection and forget all sessions: whoever comes back has to identify anew."""
        self.gateway.sessions.clear()
        self.gateway.drop()

    # Serving

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        endpoints = [
            *self._channels.endpoints(),
            *self._messages.endpoints(),
            *self.commands.endpoints(),
            *self.interactions.endpoints(),
            Endpoint("GET", "/gateway", self._gateway, authorized=False),
            Endpoint("GET", "/gateway/bot", self._gateway_bot),
            Endpoint("*", "/{rest:.*}", _unknown),
        ]
        files = web.get(_FILES + "/{channel}/{file}/{name}", self._serve_file)
        return [*self.api.routes(endpoints, _API), web.get(_GATEWAY, self.gateway.serve), files]

    def close(self) -> None:
        """Cut the connections and tell nothing more."""
        self._unwatch()
        self.gateway.drop()

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        return served(self._house.files, request.match_info["file"])

    def _tell(self, change: Change) -> None:
        if isinstance(change, RoomOpened):
            self.world.remember(change.room)
        for event in self.events.of(change):
            self.gateway.tell(event)

    def _gateway(self, ask: Ask) -> Json:
        del ask  # it takes nothing
        return {"url": self.gateway_url}

    def _gateway_bot(self, ask: Ask) -> Json:
        del ask  # the same
        total = self.rules.sessions
        left = max(0, total - self.gateway.identified)
        limit = {"total": total, "remaining": left, "reset_after": 86_400_000, "max_concurrency": self.rules.at_once}
        return {"url": self.gateway_url, "shards": self.rules.shards, "session_start_limit": limit}


def _unknown(ask: Ask) -> Json:
    del ask  # whatever it is
    raise RefusedError(Problem.NOT_FOUND)


def _bits(permissions: tuple[str, ...]) -> int:
    return sum(PERMISSIONS[name] for name in permissions)
