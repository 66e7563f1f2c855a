"""What whoever sits before the page lets people do, from JSON to the verbs of the house. It serves nothing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bots.demo.chat.shapes import Json, form
from bots.demo.controls import form_before
from bots.pocket.server import Pocket
from bots.pocket.things import Message, Person, Platform, Room

_LONGEST: Final = 4_000
"""Characters: Slack's limit for what one types; Discord's is half of it."""
_EMOJI: Final = 64
_UNTIL_IT_OPENS: Final = 1.5
"""Seconds in which a dialog appears, where one does."""
_VOTES: Final = ("👍", "👎")
_ENTRIES: Final[Mapping[Platform, Mapping[str, str]]] = {
    "slack": {"rate": "plaudit_rate", "correct": "plaudit_correct"},
    "discord": {"rate": "Rate this reply", "correct": "Correct this reply"},
}


class ImpossibleError(Exception):
    """The page asked for what cannot be; the text says what."""


class Hands:
    """Does what the page says."""

    def __init__(self, pocket: Pocket) -> None:
        self._pocket = pocket
        self._verbs: Mapping[str, Callable[[Person, Json], Awaitable[Json | None]]] = {
            "say": self._say,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "press": self._press,
            "choose": self._choose,
            "submit": self._submit,
            "command": self._command,
            "join": self._join,
        }

    async def do(self, asked: Any) -> Json:
        """Do it; what the page needs to know, such as a dialog that opened. Raises ImpossibleError."""
        if not isinstance(asked, dict) or asked.get("do") not in self._verbs:
            raise ImpossibleError(f"The page can ask for {', '.join(self._verbs)}.")
        try:
            return await self._verbs[asked["do"]](self._person(asked), asked) or {}
        except (LookupError, TimeoutError) as error:
            raise ImpossibleError(f"That did not work: {error}") from error

    async def _say(self, who: Person, asked: Json) -> None:
        thread, reply_to = self._maybe(asked, "thread"), self._maybe(asked, "reply_to")
        rings = asked.get("rings") is not False
        await who.says(_text(asked, "text"), self._room(asked), thread=thread, reply_to=reply_to, rings=rings)

    async def _edit(self, who: Person, asked: Json) -> None:
        await who.edits(self._own(who, asked), _text(asked, "text"))

    async def _delete(self, who: Person, asked: Json) -> None:
        await who.deletes(self._own(who, asked))

    async def _react(self, who: Person, asked: Json) -> None:
        emoji, message = _text(asked, "emoji", _EMOJI), self._message(asked)
        if who in message.reactions.get(emoji, ()):
            await who.takes_back(emoji, message)
        else:
            await who.reacts(emoji, message)

    async def _press(self, who: Person, asked: Json) -> Json | None:
        message = self._message(asked)
        label = str(asked.get("label"))
        await who.presses(_text(asked, "control", 200), message)
        return None if label in _VOTES else await self._dialog(who, message.room.platform)

    async def _choose(self, who: Person, asked: Json) -> Json | None:
        message = self._message(asked)
        entry = _ENTRIES[message.room.platform].get(str(asked.get("entry")))
        if entry is None:
            raise ImpossibleError("There is no such entry in the menu.")
        await who.chooses(entry, message)
        return await self._dialog(who, message.room.platform)

    async def _submit(self, who: Person, asked: Json) -> None:
        given = asked.get("values")
        if not isinstance(given, dict):
            raise ImpossibleError("A dialog is sent with its values.")
        values = {
            str(name): tuple(map(str, each)) if isinstance(each, list) else str(each) for name, each in given.items()
        }
        await who.submits(values, on=self._room(asked).platform)

    async def _command(self, who: Person, asked: Json) -> None:
        await who.commands("/plaudit", _text(asked, "text", optional=True), self._room(asked))

    async def _join(self, who: Person, asked: Json) -> Json:
        """The direct conversation of a person with the assistant, opened if it is new."""
        platform: Platform = "discord" if asked.get("platform") == "discord" else "slack"
        return {"room": str(who.dm(platform).id)}

    async def _dialog(self, who: Person, platform: Platform) -> Json | None:
        try:
            opened = await self._pocket.until(lambda: form_before(who, self._pocket, platform), timeout=_UNTIL_IT_OPENS)
        except TimeoutError:
            return None
        return {"form": form(opened)} if opened else None

    def _person(self, asked: Json) -> Person:
        found = self._pocket.house.people.get(_id(asked, "person"))
        if found is None or found.is_bot:
            raise ImpossibleError("There is nobody of that id.")
        return found

    def _room(self, asked: Json) -> Room:
        if (found := self._pocket.house.rooms.get(_id(asked, "room"))) is None:
            raise ImpossibleError("There is no such room.")
        return found

    def _message(self, asked: Json, name: str = "message") -> Message:
        found = self._pocket.house.messages.get(_id(asked, name))
        if found is None or found.deleted:
            raise ImpossibleError("That message is gone.")
        return found

    def _maybe(self, asked: Json, name: str) -> Message | None:
        return self._message(asked, name) if asked.get(name) else None

    def _own(self, who: Person, asked: Json) -> Message:
        message = self._message(asked)
        if message.author is not who:
            raise ImpossibleError("People change only what they wrote themselves.")
        return message


def _id(asked: Json, name: str) -> int:
    text = str(asked.get(name, ""))
    return int(text) if text.isdecimal() and len(text) <= 20 else 0  # noqa: PLR2004 - more than any moment has


def _text(asked: Json, name: str, longest: int = _LONGEST, *, optional: bool = False) -> str:
    text = str(asked.get(name) or "").strip()
    if (not text and not optional) or len(text) > longest:
        raise ImpossibleError(f"{name} has to have 1 to {longest} characters.")
    return text
