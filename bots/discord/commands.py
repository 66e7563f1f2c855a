"""The commands that people find on Discord, in the shapes of its API. No I/O.

The objects: docs.discord.com/developers/interactions/application-commands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.controls import Verb


@dataclass(frozen=True, slots=True)
class Choices:
    """What may stand behind a subcommand: one of a few words, or nothing."""

    name: str
    description: str
    values: Mapping[str, str]
    """What people read, by the word that it stands for."""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of ours."""

    name: str
    description: str
    """At most 100 characters."""
    choices: Choices | None = None


NAME: Final = "plaudit"
DESCRIPTION: Final = "Talk to the assistant, and say what you think of its answers"
COMMANDS: Final = (
    Command("help", "What the assistant can do, and what it keeps"),
    Command("reset", "End this conversation: the next question starts a new one"),
    Command("retry", "Answer my last question once more; the first answer stays"),
    Command("stats", "What people here think of the answers"),
    Command(
        "privacy",
        "What is kept of you, and what you can do about it",
        Choices(
            "what",
            "What to do",
            {
                "show": "Show what is kept of me",
                "export": "Export my data",
                "stop": "Stop keeping my data",
                "resume": "Keep my data again",
                "forget": "Forget me",
            },
        ),
    ),
)
MENU: Final[Mapping[str, str]] = {"Rate this reply": Verb.RATE.value, "Correct this reply": Verb.CORRECT.value}
"""The entries in the menu of a message, and the action that each of them is."""

_TYPED, _IN_A_MENU = 1, 3
_SUBCOMMAND, _STRING = 1, 3
_WHERE: Final = {"contexts": [0, 1], "integration_types": [0]}
"""In a server and in direct messages with the assistant; installed in a server."""


def definitions() -> list[dict[str, Any]]:
    """Our commands, as Discord is told of them."""
    typed = {
        "type": _TYPED,
        "name": NAME,
        "description": DESCRIPTION,
        "options": [_subcommand(each) for each in COMMANDS],
        **_WHERE,
    }
    return [typed, *({"type": _IN_A_MENU, "name": name, **_WHERE} for name in MENU)]


def _subcommand(command: Command) -> dict[str, Any]:
    told = {"type": _SUBCOMMAND, "name": command.name, "description": command.description}
    return told if command.choices is None else {**told, "options": [_option(command.choices)]}


def _option(choices: Choices) -> dict[str, Any]:
    listed = [{"name": label, "value": value} for value, label in choices.values.items()]
    return {"type": _STRING, "name": choices.name, "description": choices.description, "choices": listed}


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
