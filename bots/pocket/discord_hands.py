"""What people do on Discord alone: buttons, forms, commands, threads, forum posts, super reactions, moderation.

Each verb that a bot has to answer waits for its first answer, as the person's client does, and returns the
interaction with it. What people do on every platform is theirs (`bots.pocket.things.Person`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bots.pocket.discord_channels import Channels
from bots.pocket.discord_commands import Commands
from bots.pocket.discord_guild import Json
from bots.pocket.discord_interactions import COMMAND, COMPONENT, MODAL, MODAL_SUBMIT, Interaction, Interactions
from bots.pocket.discord_text import walk
from bots.pocket.discord_wire import Wire
from bots.pocket.things import Message, Person, Room

_ROW, _BUTTON, _SELECT, _LABEL = 1, 2, 3, 18
_LINK_STYLE: Final = 5
_ON_MESSAGE: Final = 3
"""The type of a command in the menu of a message."""
_OPTION_TYPES: Final[Mapping[int, type]] = {3: str, 4: int, 5: bool, 10: float}
_SUBCOMMAND, _GROUP = 1, 2


class Hands:
    """A person's hands on Discord's controls."""

    def __init__(self, wire: Wire, channels: Channels, commands: Commands, interactions: Interactions) -> None:
        self._wire = wire
        self._world = wire.world
        self._rules = wire.world.rules
        self._channels = channels
        self._commands = commands
        self._interactions = interactions
        self.dialogs: dict[Person, Interaction] = {}
        """The form before each person, as the interaction whose answer it is."""

    # What the bot answers

    async def press(self, person: Person, message: Message, control: str) -> Interaction:
        """Press the button of `message` with this label, emoji or custom_id. Raises LookupError without one."""
        button = _control(message, _BUTTON, control)
        data = {"custom_id": button["custom_id"], "component_type": _BUTTON, "id": button.get("id", 0)}
        return await self._answered(self._interactions.begin(COMPONENT, person, message.room, data, message))

    async def choose(self, person: Person, message: Message, control: str, *values: str) -> Interaction:
        """Choose `values` in the menu of `message` with this custom_id or placeholder. Raises LookupError."""
        menu = _control(message, _SELECT, control)
        data = {"custom_id": menu["custom_id"], "component_type": _SELECT, "values": list(values), "id": 0}
        return await self._answered(self._interactions.begin(COMPONENT, person, message.room, data, message))

    async def submit(self, person: Person, values: Mapping[str, Any]) -> Interaction:
        """Send the form before `person` with `values` by custom_id. Raises LookupError without one."""
        opened = self.dialogs.pop(person, None)
        if opened is None or opened.modal is None:
            raise LookupError(f"{person.name} has no form open.")
        filled = [_filled(each, values) for each in opened.modal["components"]]
        data = {"custom_id": opened.modal["custom_id"], "components": filled, "resolved": {}}
        return await self._answered(self._interactions.begin(MODAL_SUBMIT, person, opened.room, data, opened.message))

    async def dismiss(self, person: Person) -> None:
        """Close the form before `person` without sending it; nobody hears of it."""
        self.dialogs.pop(person, None)

    async def command(self, person: Person, room: Room, name: str, **options: str | float | bool) -> Interaction:
        """Type `/name` with `options`; the words of `name` after the first are subcommands. Raises LookupError."""
        first, *rest = name.removeprefix("/").split()
        command = self._commands.named(first)
        data = self._command_data(command) | {"options": _options(command.get("options") or (), rest, options)}
        return await self._answered(self._interactions.begin(COMMAND, person, room, data))

    async def typed(self, person: Person, room: Room, text: str) -> Interaction:
        """Type a command as a line: its name, subcommands, and a word for each option. Raises LookupError."""
        name, *words = text.removeprefix("/").split()
        known: Sequence[Json] = self._commands.named(name).get("options") or ()
        while words and (step := _step(known, words[0])) is not None:
            name, known, words = f"{name} {words[0]}", step.get("options") or (), words[1:]
        options = [each["name"] for each in known if each["type"] not in (_SUBCOMMAND, _GROUP)]
        if len(words) > len(options):
            raise LookupError(f"/{name} takes no {words[len(options)]!r}.")
        return await self.command(person, room, name, **dict(zip(options, words, strict=False)))

    async def shortcut(self, person: Person, message: Message, name: str) -> Interaction:
        """Choose the bot's entry called `name` in the menu of `message`. Raises LookupError without one."""
        command = self._commands.named(name, kind=_ON_MESSAGE)
        target = self._wire.id(message)
        resolved = {"messages": {target: self._wire.message(message)}}
        data = self._command_data(command) | {"target_id": target, "resolved": resolved}
        return await self._answered(self._interactions.begin(COMMAND, person, message.room, data))

    def _command_data(self, command: Json) -> Json:
        data: Json = {name: command[name] for name in ("id", "name", "type")}
        return {**data, "guild_id": command["guild_id"]} if "guild_id" in command else data

    async def _answered(self, interaction: Interaction) -> Interaction:
        await self._world.house.until(
            lambda: interaction.answer is not None, timeout=self._rules.interaction_seconds + 2 * self._rules.latency
        )
        if interaction.answer == MODAL:
            self.dialogs[interaction.person] = interaction
        return interaction

    # What it is only told of

    async def burst(self, person: Person, emoji: str, message: Message) -> None:
        """Put a super reaction on `message`."""
        self._world.bursts.add((message.id, person.id, emoji))
        self._world.house.react(person, message, emoji)

    async def clear_reactions(self, message: Message, emoji: str | None = None) -> None:
        """Take everyone's emoji (or all of one kind) off `message`, as a moderator does."""
        self._world.house.clear_reactions(message, emoji)

    async def open_thread(self, person: Person, name: str, parent: Room, *, starter: Message | None = None) -> Room:
        """Open a thread in `parent`, made from `starter` or by itself."""
        return self._channels.open_thread(parent, name, person, starter=starter)

    async def post_in_forum(self, person: Person, forum: Room, title: str, text: str) -> Message:
        """Begin a post: a thread of `forum` called `title`, and its first message."""
        thread = self._channels.open_thread(forum, title, person)
        return self._world.house.post(person, thread, text)

    async def archive(self, thread: Room, *, locked: bool = False) -> None:
        """Put `thread` away; a `locked` one is opened again by moderators alone."""
        self._channels.archive(thread, locked=locked)


def _control(message: Message, kind: int, called: str) -> Json:
    for each in walk(message.wire.get("components")):
        names = {
            each.get("label"),
            each.get("placeholder"),
            each.get("custom_id"),
            (each.get("emoji") or {}).get("name"),
        }
        if each.get("type") == kind and called in names and each.get("style") != _LINK_STYLE:
            if each.get("disabled"):
                raise LookupError(f"The control called {called!r} is switched off.")
            return dict(each)
    raise LookupError(f"The message has no control called {called!r}.")


def _filled(component: Json, values: Mapping[str, Any]) -> Json:
    """A part of a form with what was put in, in the shape of a submission."""
    kind, own = component["type"], component.get("custom_id")
    told: Json = {"type": kind, "id": component.get("id", 0)}
    if kind == _ROW:
        return {**told, "components": [_filled(each, values) for each in component["components"]]}
    if kind == _LABEL:
        return {**told, "component": _filled(component["component"], values)}
    if own is None:
        return told
    if kind == _SELECT:
        preset = [each["value"] for each in component.get("options") or () if each.get("default")]
        chosen = values.get(own, preset)
        return {**told, "custom_id": own, "values": [chosen] if isinstance(chosen, str) else list(chosen)}
    return {**told, "custom_id": own, "value": values.get(own, component.get("value") or "")}


def _step(known: Sequence[Json], word: str) -> Json | None:
    """The subcommand called `word`."""
    return next((each for each in known if each["name"] == word and each["type"] in (_SUBCOMMAND, _GROUP)), None)


def _options(known: Sequence[Json], path: Sequence[str], given: Mapping[str, Any]) -> list[Json]:
    """The options of a command as they were typed; `path` leads through its subcommands."""
    if path:
        step = _step(known, path[0])
        if step is None:
            raise LookupError(f"There is no subcommand called {path[0]!r}.")
        inside = _options(step.get("options") or (), path[1:], given)
        return [{"name": step["name"], "type": step["type"], "options": inside}]
    types = {each["name"]: each["type"] for each in known}
    if unknown := set(given) - set(types):
        raise LookupError(f"There is no option called {', '.join(sorted(unknown))}.")
    for each in known:
        values = [choice["value"] for choice in each.get("choices") or ()]
        if values and given.get(each["name"], values[0]) not in values:
            raise LookupError(f"{given[each['name']]!r} is none of the choices for {each['name']}.")
    return [
        {"name": name, "type": types[name], "value": _OPTION_TYPES.get(types[name], str)(value)}
        for name, value in given.items()
    ]
