"""What people do in a room, each act to its end: asking, pressing, filling in, writing below. It knows no story."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from bots.demo.controls import buttons, filled, form_before
from bots.demo.look import beginning
from bots.pocket.server import Pocket
from bots.pocket.things import Message, Person, Platform, Room
from core.controls import Form, Values
from core.words import RATE_ENTRY

COMMENTED: Final = "📝"
CORRECTED: Final = "✏️"
_RATE: Final[Mapping[Platform, str]] = {"slack": "plaudit_rate", "discord": RATE_ENTRY}
"""The entry in the menu of a message, as each platform calls it."""
_PATIENCE: Final = 30.0

Found = TypeVar("Found")


class Audience(Protocol):
    """Who is told what the room does not show."""

    def note(self, text: str) -> None:
        """Something happens that leaves no trace in the room."""
        ...

    def show_form(self, form: Form, person: Person) -> None:
        """Someone has a dialog before them."""
        ...

    def close_form(self) -> None:
        """They sent it."""
        ...


@dataclass(frozen=True, slots=True)
class Acts:
    """People's hands in one room; `pause` is how long they take to think, in seconds."""

    pocket: Pocket
    room: Room
    audience: Audience
    pause: float

    def person(self, name: str) -> Person:
        """Who is called so."""
        return self.pocket.person(name)

    async def ask(self, person: Person, text: str) -> tuple[Message, Message]:
        """Mention the assistant; the question, and the last message of the answer."""
        question = await person.says(f"@plaudit {text}", self.room)
        return question, await self.answer_to(question)

    async def answer_to(self, question: Message, *, judged: bool = True) -> Message:
        """The last message of the next answer to a question, when it is whole; a `judged` one has its buttons then."""
        asked = self.pocket.house.next_id()

        def whole() -> Message | None:
            parts = [each for each in self.pocket.house.replies_to(question) if each.id > asked]
            return next((each for each in parts if buttons(each) or not judged), None)

        reply = await self._until(whole)
        await self.think()
        return reply

    async def react(self, person: Person, emoji: str, reply: Message, *, is_asked_why: bool = False) -> None:
        """Put an emoji on a reply; and perhaps wait for the private question why."""
        moment = time.monotonic()
        await person.reacts(emoji, reply)
        if is_asked_why:
            await self._told(person, since=moment)
        await self.think()

    async def write_below(self, person: Person, text: str, reply: Message, question: Message) -> Message:
        """Write below a reply as people do there: in Slack in the thread, on Discord as a reply."""
        if self.room.platform == "slack":
            return await person.says(text, self.room, thread=question)
        return await person.says(text, self.room, reply_to=reply, rings="@plaudit" in text)

    async def marked(self, message: Message, mark: str) -> None:
        """Wait until the assistant has marked a message."""
        await self.pocket.until(lambda: message.reactions.get(mark), timeout=_PATIENCE)
        await self.think()

    async def think(self) -> None:
        """Take a moment."""
        await asyncio.sleep(self.pause)

    async def rate(self, person: Person, reply: Message, scores: Values) -> None:
        """Choose “Rate this reply” in the menu of a reply, and score it in every dimension."""
        self.audience.note(f"{person.name} chooses “{RATE_ENTRY}” in the menu of “{beginning(reply)}”")
        await self.think()
        await person.chooses(_RATE[self.room.platform], reply)
        await self._fill_in(person, scores)

    async def say_why(self, person: Person, reply: Message, why: Values) -> None:
        """Press 👎, and give the reasons in the form that nobody else sees."""
        thanks = await self.press("👎", reply, person)
        await self.press("Say why", thanks, person, answered=False)
        await self._fill_in(person, why)

    async def press(self, label: str, message: Message, person: Person, *, answered: bool = True) -> Message:
        """Press a button; the private answer to it, or `message` itself where a form is the answer."""
        control = await self._until(lambda: next((each for each in buttons(message) if each.label == label), None))
        self.audience.note(f"{person.name} presses [{label}] below “{beginning(message)}”")
        await self.think()
        moment = time.monotonic()
        await person.presses(control.name, message)
        return await self._told(person, since=moment) if answered else message

    async def _fill_in(self, person: Person, values: Values) -> None:
        """Send the form that opens before someone, and wait for the thanks that they alone see."""
        platform = self.room.platform
        form = await self._until(lambda: form_before(person, self.pocket, platform))
        self.audience.show_form(filled(form, values), person)
        await self.think()
        moment = time.monotonic()
        await person.submits(values, on=platform)
        self.audience.close_form()
        await self._told(person, since=moment)
        await self.think()

    async def _told(self, person: Person, *, since: float) -> Message:
        """The newest message for this person alone that came or changed since a moment (`time.monotonic`)."""

        def newest() -> Message | None:
            whispers = [each for each in self.room.history if each.only_for is person and not each.deleted]
            return next((each for each in reversed(whispers) if each.touched >= since), None)

        return await self._until(newest)

    async def _until(self, found: Callable[[], Found | None]) -> Found:
        """What is to appear, as soon as it does."""
        answer = await self.pocket.until(found, timeout=_PATIENCE)
        assert answer is not None  # noqa: S101 - `until` waits for something true
        return answer
