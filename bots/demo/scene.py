"""The scene: what three people ask, and what they think of the answers. It knows the house and nothing of the bot."""

import asyncio
from dataclasses import dataclass
from typing import Final

from bots.pocket.server import Pocket
from bots.pocket.things import Message, Person, Room

NOTED: Final = "📝"
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Three people in a room; `pause` is how long they take to think, in seconds."""

    pocket: Pocket
    room: Room
    pause: float

    async def play(self) -> None:
        """From the first question to the last word."""
        ada, ben, chloe = (self.pocket.person(name) for name in ("Ada", "Ben", "Chloe"))
        await self._short_answer(ada, ben, chloe)
        await self._long_answer(ben, ada, chloe)
        await self._wrong_answer(chloe, ada)

    async def _short_answer(self, ada: Person, ben: Person, chloe: Person) -> None:
        question = await ada.says("@plaudit what is SQLite's WAL?", self.room)
        [reply] = await self._answer_to(question)
        await ben.reacts("👍", reply)
        await self._think()
        await chloe.reacts("👎", reply)
        await self._think()
        # Chloe reads it again and changes her mind.
        await chloe.takes_back("👎", reply)
        await chloe.reacts("👍", reply)
        await self._think()

    async def _long_answer(self, ben: Person, ada: Person, chloe: Person) -> None:
        question = await ben.says("@plaudit write me a guide to rate limits", self.room)
        *_, last = await self._answer_to(question)
        await ada.reacts("👍", last)
        await self._think()
        await ada.takes_back("👍", last)
        comment = await self._below(last, question, chloe, "Good, but half as long would do.")
        await self.pocket.until(lambda: comment.reactions.get(NOTED), timeout=_PATIENCE)
        await self._think()

    async def _wrong_answer(self, chloe: Person, ada: Person) -> None:
        question = await chloe.says("@plaudit how many r's are there in strawberry?", self.room)
        [reply] = await self._answer_to(question)
        await ada.reacts("👎", reply)
        await self._think()
        comment = await self._below(reply, question, ada, "better: There are three r's in strawberry.")
        await self.pocket.until(lambda: comment.reactions.get(NOTED), timeout=_PATIENCE)
        await self._think()
        reset = await self._below(reply, question, chloe, "@plaudit reset")
        await self._answer_to(reset)

    async def _below(self, reply: Message, question: Message, person: Person, text: str) -> Message:
        """Write below a reply as people do there: in Slack in the thread, on Discord as a reply."""
        if self.room.platform == "slack":
            return await person.says(text, self.room, thread=question)
        return await person.says(text, self.room, reply_to=reply, rings="@plaudit" in text)

    async def _answer_to(self, question: Message) -> list[Message]:
        first = await self.pocket.reply_to(question, timeout=_PATIENCE)
        await self.pocket.settled(first, quiet=0.5 + self.pause, timeout=_PATIENCE)
        house = self.pocket.house
        parts = [each for each in house.replies_to(question) if each.id >= first.id]
        await asyncio.gather(*(self.pocket.settled(each, quiet=0.5 + self.pause) for each in parts))
        return house.replies_to(question)[-len(parts) :]

    async def _think(self) -> None:
        await asyncio.sleep(self.pause)
