"""The bot's application commands: registered, listed, changed and taken away over REST. It runs none of them."""

from typing import Any

from bots.pocket.discord_api import Answer, Ask, Endpoint
from bots.pocket.discord_errors import Problem, RefusedError, invalid_field
from bots.pocket.discord_guild import Json
from bots.pocket.discord_wire import Wire
from bots.pocket.discord_world import snowflake

_CHAT_INPUT = 1


class Commands:
    """What the bot has registered, for everywhere or for the guild."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._world = wire.world
        self.registered: dict[str, Json] = {}
        """By snowflake, in the order of registration."""

    def named(self, name: str, *, kind: int = _CHAT_INPUT) -> Json:
        """The command called `name`, the guild's own before the one for everywhere. Raises LookupError."""
        found = [each for each in self.registered.values() if each["name"] == name and each["type"] == kind]
        if not found:
            raise LookupError(f"The bot has no command called {name!r}.")
        return max(found, key=lambda each: "guild_id" in each)

    def endpoints(self) -> list[Endpoint]:
        """The routes."""
        routes: list[Endpoint] = []
        for scope in ("/applications/{application}", "/applications/{application}/guilds/{guild}"):
            every, one = f"{scope}/commands", f"{scope}/commands/{{command}}"
            routes += [
                Endpoint("GET", every, self.every, "commands"),
                Endpoint("PUT", every, self.replace, "commands"),
                Endpoint("POST", every, self.add, "commands"),
                Endpoint("GET", one, self.get, "commands"),
                Endpoint("PATCH", one, self.change, "commands"),
                Endpoint("DELETE", one, self.remove, "commands"),
            ]
        return routes

    def every(self, ask: Ask) -> Answer:
        """All of one scope."""
        return self._of(ask)

    def replace(self, ask: Ask) -> Answer:
        """These, and no others, from now on."""
        if not isinstance(ask.body, list):
            raise RefusedError(Problem.INVALID_JSON)
        before = {(each["name"], each["type"]): each["id"] for each in self._of(ask)}
        for known in before.values():
            del self.registered[known]
        for each in ask.body:
            self._register(ask, each, before.get((each.get("name"), each.get("type", _CHAT_INPUT))))
        return self._of(ask)

    def add(self, ask: Ask) -> Answer:
        """One more, or another of the same name in its place."""
        kind = ask.json.get("type", _CHAT_INPUT)
        same = [each["id"] for each in self._of(ask) if (each["name"], each["type"]) == (ask.json.get("name"), kind)]
        return self._register(ask, ask.json, same[0] if same else None)

    def get(self, ask: Ask) -> Answer:
        """One of them."""
        return self._one(ask)

    def change(self, ask: Ask) -> Answer:
        """One of them, changed."""
        return self._register(ask, {**self._one(ask), **ask.json}, ask.path["command"])

    def remove(self, ask: Ask) -> Answer:
        """Take one away."""
        del self.registered[self._one(ask)["id"]]
        return None

    def _of(self, ask: Ask) -> list[Json]:
        return [each for each in self.registered.values() if each.get("guild_id") == ask.path.get("guild")]

    def _one(self, ask: Ask) -> Json:
        command = self.registered.get(ask.path["command"])
        if command is None or command.get("guild_id") != ask.path.get("guild"):
            raise RefusedError(Problem.UNKNOWN_COMMAND)
        return command

    def _register(self, ask: Ask, given: dict[str, Any], known: str | None) -> Json:
        if not given.get("name"):
            raise invalid_field("name", "BASE_TYPE_REQUIRED", "This field is required")
        command_id = known or str(snowflake(self._world.house.next_id()))
        defaults = {
            "type": _CHAT_INPUT,
            "description": "",
            "options": [],
            "default_member_permissions": None,
            "nsfw": False,
        }
        command = {**defaults, **given, "id": command_id, "application_id": self._wire.id(self._world.me)}
        command["version"] = str(snowflake(self._world.house.next_id()))
        if "guild" in ask.path:
            command["guild_id"] = ask.path["guild"]
        self.registered[command_id] = command
        return command
