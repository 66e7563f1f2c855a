"""The scene: what three people ask, and what they think of the answers. It knows the house and nothing of the bot."""

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


@dataclass(slots=True)
class Scene:
    """Three people in a room; `pause` is how long they take to think, in seconds."""

    pocket: Pocket
    room: Room
    audience: Audience
    pause: float
    guide: Message | None = None
    """The last message of the long answer."""

    async def play(self) -> None:
        """From the first question to the last word."""
        ada, ben, chloe = self._people()
        await self._short_answer(ada, ben, chloe)
        await self._long_answer(ben, ada, chloe)
        await self._wrong_answer(chloe, ada, ben)

    async def vote_while_nobody_listens(self) -> None:
        """What happens while the bot is stopped: a vote on an answer from before."""
        ada, *_ = self._people()
        assert self.guide is not None  # noqa: S101 - it is played after the scene
        await ada.reacts("👍", self.guide)
        await self._think()

    def _people(self) -> tuple[Person, Person, Person]:
        ada, ben, chloe = (self.pocket.person(name) for name in ("Ada", "Ben", "Chloe"))
        return ada, ben, chloe

    async def _short_answer(self, ada: Person, ben: Person, chloe: Person) -> None:
        question = await ada.says("@plaudit what is SQLite's WAL?", self.room)
        reply = await self._answer_to(question)
        await ben.reacts("👍", reply)
        await self._think()
        moment = time.monotonic()
        await chloe.reacts("👎", reply)
        if self.room.platform == "slack":
            # Discord lets a bot speak to one person alone only where they pressed something.
            await self._told(chloe, since=moment)
        await self._think()
        # Chloe reads it again and changes her mind.
        await chloe.takes_back("👎", reply)
        await chloe.reacts("👍", reply)
        await self._think()

    async def _long_answer(self, ben: Person, ada: Person, chloe: Person) -> None:
        question = await ben.says("@plaudit write me a guide to rate limits", self.room)
        self.guide = last = await self._answer_to(question)
        await ada.reacts("4️⃣", last)
        await self._think()
        await self._rate(
            ben, last, {"accuracy": "5", "helpfulness": "4", "relevance": "4", "comment": "All of it works."}
        )
        comment = await self._below(last, question, chloe, "Good, but half as long would do.")
        await self._marked(comment, COMMENTED)

    async def _wrong_answer(self, chloe: Person, ada: Person, ben: Person) -> None:
        question = await chloe.says("@plaudit how many r's are there in strawberry?", self.room)
        reply = await self._answer_to(question)
        await ben.reacts("🤥", reply)
        await self._think()
        await self._say_why(ada, reply, {"categories": ("wrong",), "comment": "I count three."})
        correction = await self._below(reply, question, ben, "better: There are three r's in strawberry.")
        await self._marked(correction, CORRECTED)
        await chloe.reacts("🔁", reply)
        again = await self._answer_to(question)
        await ada.reacts("👍", again)
        await self._think()
        reset = await self._below(again, question, chloe, "@plaudit reset")
        await self.pocket.reply_to(reset, timeout=_PATIENCE)
        await self._think()

    async def _rate(self, person: Person, reply: Message, scores: Values) -> None:
        """Choose “Rate this reply” in the menu of a reply, and score it in every dimension."""
        self.audience.note(f"{person.name} chooses “{RATE_ENTRY}” in the menu of “{beginning(reply)}”")
        await person.chooses(_RATE[self.room.platform], reply)
        await self._fill_in(person, scores)

    async def _say_why(self, person: Person, reply: Message, why: Values) -> None:
        """Press 👎, and give the reasons in the form that nobody else sees."""
        thanks = await self._press("👎", reply, person)
        await self._press("Say why", thanks, person, answered=False)
        await self._fill_in(person, why)

    async def _fill_in(self, person: Person, values: Values) -> None:
        """Send the form that opens before someone, and wait for the thanks that they alone see."""
        platform = self.room.platform
        form = await self._until(lambda: form_before(person, self.pocket, platform))
        self.audience.show_form(filled(form, values), person)
        await self._think()
        moment = time.monotonic()
        await person.submits(values, on=platform)
        self.audience.close_form()
        await self._told(person, since=moment)
        await self._think()

    async def _press(self, label: str, message: Message, person: Person, *, answered: bool = True) -> Message:
        """Press a button; the private answer to it, or `message` itself where a form is the answer."""
        control = await self._until(lambda: next((each for each in buttons(message) if each.label == label), None))
        self.audience.note(f"{person.name} presses [{label}] below “{beginning(message)}”")
        moment = time.monotonic()
        await person.presses(control.name, message)
        told = await self._told(person, since=moment) if answered else message
        await self._think()
        return told

    async def _told(self, person: Person, *, since: float) -> Message:
        """The newest message for this person alone that came or changed since a moment (`time.monotonic`)."""

        def newest() -> Message | None:
            whispers = [each for each in self.room.history if each.only_for is person and not each.deleted]
            return next((each for each in reversed(whispers) if each.touched >= since), None)

        return await self._until(newest)

    async def _marked(self, message: Message, mark: str) -> None:
        await self.pocket.until(lambda: message.reactions.get(mark), timeout=_PATIENCE)
        await self._think()

    async def _below(self, reply: Message, question: Message, person: Person, text: str) -> Message:
        """Write below a reply as people do there: in Slack in the thread, on Discord as a reply."""
        if self.room.platform == "slack":
            return await person.says(text, self.room, thread=question)
        return await person.says(text, self.room, reply_to=reply, rings="@plaudit" in text)

    async def _answer_to(self, question: Message) -> Message:
        """The last message of the next answer to a question, when it is whole: then it has its buttons."""
        asked = self.pocket.house.next_id()

        def whole() -> Message | None:
            parts = [each for each in self.pocket.house.replies_to(question) if each.id > asked]
            return next((each for each in parts if buttons(each)), None)

        reply = await self._until(whole)
        await self._think()
        return reply

    async def _until(self, found: Callable[[], Found | None]) -> Found:
        """What is to appear, as soon as it does."""
        answer = await self.pocket.until(found, timeout=_PATIENCE)
        assert answer is not None  # noqa: S101 - `until` waits for something true
        return answer

    async def _think(self) -> None:
        await asyncio.sleep(self.pause)
