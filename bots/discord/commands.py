"""The commands that people find on Discord, in the shapes of its API. No I/O.

The objects: docs.discord.com/developers/interactions/application-commands.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.controls import Verb
from core.words import COMMANDS, CORRECT_ENTRY, PRIVACY, RATE_ENTRY

NAME: Final = "plaudit"
MENU: Final[Mapping[str, str]] = {RATE_ENTRY: Verb.RATE.value, CORRECT_ENTRY: Verb.CORRECT.value}
"""The entries in the menu of a message, and the action that each of them is."""

_DESCRIPTION: Final = "Talk to the assistant, and say what you think of its answers"
_CHOICES: Final = {"privacy": ("what", "What to do", PRIVACY)}
"""What may stand behind a subcommand: the name and description of the option, and its values with their meaning."""
_WORDS: Final = {"model": ("which", "The one to choose, or “default”; nothing: tell which it is")}
"""The same, where any word may stand."""
_TYPED, _IN_A_MENU = 1, 3
_SUBCOMMAND, _STRING = 1, 3
_WHERE: Final = {"contexts": [0, 1], "integration_types": [0]}
"""In a server and in direct messages with the assistant; installed in a server."""


def definitions() -> list[dict[str, Any]]:
    """Our commands, as Discord is told of them."""
    subcommands = [_subcommand(name, description) for name, description in COMMANDS.items()]
    typed = {"type": _TYPED, "name": NAME, "description": _DESCRIPTION, "options": subcommands, **_WHERE}
    return [typed, *({"type": _IN_A_MENU, "name": name, **_WHERE} for name in MENU)]


def _subcommand(name: str, description: str) -> dict[str, Any]:
    told = {"type": _SUBCOMMAND, "name": name, "description": description}
    if name in _WORDS:
        option, meaning = _WORDS[name]
        return {**told, "options": [{"type": _STRING, "name": option, "description": meaning}]}
    return {**told, "options": [_option(*_CHOICES[name])]} if name in _CHOICES else told


def _option(name: str, description: str, values: Mapping[str, str]) -> dict[str, Any]:
    choices = [{"name": f"{value}: {meaning}", "value": value} for value, meaning in values.items()]
    return {"type": _STRING, "name": name, "description": description, "choices": choices}


def are_registered(registered: Any) -> bool:
    """Whether what Discord says it knows is what `definitions` says, whatever else Discord says of it."""
    if not isinstance(registered, list):
        return False
    known = {(each.get("type", _TYPED), each.get("name")): each for each in registered if isinstance(each, dict)}
    ours = definitions()
    return len(known) == len(ours) and all(_holds(known.get((each["type"], each["name"])), each) for each in ours)


def _holds(known: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(known, Mapping) and all(_holds(known.get(name), each) for name, each in wanted.items())
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        same_size = isinstance(known, Sequence) and len(known) == len(wanted)
        return same_size and all(map(_holds, known, wanted))
    return bool(known == wanted)
