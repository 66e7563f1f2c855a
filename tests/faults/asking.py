"""People who ask, go on asking and react, in all kinds of places, and what they must see of it in the end.

They act on pocket as people act on a platform; of bots, logs and databases they know nothing. Each word of an answer
is told once in the world (`q7w12` is the 13th of the answer to q7), so that what is lost, doubled or left over is seen
whatever message it stands in.
"""

import asyncio
import random
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_workspace import TEAM_ID, channel_id, ts_of, user_id
from bots.pocket.things import Change, Edited, Message, Person, Platform, Posted, Room
from core.messages import MessageRef, PersonRef

NAMES: Final = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Fay")
FEEDBACK, RATING = "user_feedback", "user_rating"
EMOJI: Final[dict[str, dict[str, Any]]] = {
    FEEDBACK: {"👍": True, "👎": False},
    RATING: {f"{score}️⃣": score for score in range(1, 6)},
}
_ASKED: Final = re.compile(r"(q\d+) (\d+) words, (\d+) a second")
_WORD: Final = re.compile(r"\b(q\d+)w(\d+)\b")
_NOTE: Final = re.compile("(?:ℹ️|:information_source:) .*")
"""What the assistant says of itself below an answer: that it no longer reads the oldest messages."""


def answer(messages: list[dict[str, Any]]) -> Answer:
    """What the model says to a question of these people: always the same."""
    asked = _ASKED.findall(messages[-1]["content"])
    if not asked:
        return Answer("nobody asked that")
    # Questions in a row come to it as one message, the one that is meant last.
    name, words, pace = asked[-1]
    return Answer(text_of(name, int(words)), tokens_per_second=int(pace), first_token_after=0.01)


def text_of(name: str, words: int) -> str:
    """The answer to a question, in paragraphs."""
    lines = [" ".join(f"{name}w{i}" for i in range(n, min(n + 40, words))) for n in range(0, words, 40)]
    return "\n\n".join(lines)


@dataclass(eq=False, slots=True)
class Talk:
    """A place in which one conversation goes on."""

    room: Room
    thread: Message | None = None
    asked: "list[Asked]" = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Asked:
    """A question, and what shows of the answer."""

    name: str
    words: int
    message: Message
    talk: Talk
    shown: list[Message] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    """When something of the answer appeared, by `time.monotonic`."""

    @property
    def text(self) -> str:
        """The answer as the model writes it."""
        return text_of(self.name, self.words)

    @property
    def is_answered(self) -> bool:
        """Its last word is to be seen."""
        return any(f"{self.name}w{self.words - 1}" in each.text for each in self.shown)


class People:
    """Everyone who asks, on one platform or on both. `close` when nobody acts any more."""

    def __init__(
        self,
        pocket: Pocket,
        platforms: Sequence[Platform],
        chance: random.Random,
        *,
        places: int = 4,
        names: Sequence[str] = NAMES,
    ) -> None:
        """`places`: of each kind on each platform."""
        self.pocket = pocket
        self.platforms = platforms
        self.chance = chance
        self.people = [pocket.person(name) for name in names]
        self.asked: dict[str, Asked] = {}
        self.talks = [talk for platform in platforms for talk in self._places(platform, places)]
        self._votes: dict[tuple[Person, str, str], tuple[Message, str]] = {}
        self._shows: dict[Message, Asked] = {}
        self._close = pocket.house.watch(self._see)

    def close(self) -> None:
        """Look no more."""
        self._close()

    def _places(self, platform: Platform, places: int) -> list[Talk]:
        rooms = [Talk(self.pocket.room(f"room{i}", on=platform)) for i in range(places)]
        direct = [Talk(each.dm(platform)) for each in self.people[:places]]
        return [*rooms, *direct]

    # What they do

    async def act(self) -> None:
        """One of them does something."""
        shown = list(self._shows)
        if shown and self.chance.random() < 0.5:
            await self.react(shown[-1 - min(int(self.chance.expovariate(0.2)), len(shown) - 1)])
        else:
            await self.ask(self.chance.choice(self.talks))

    async def bustle(self, until: float, *, pause: float) -> None:
        """Act until `time.monotonic()` is `until`, every `pause` seconds in the mean."""
        while time.monotonic() < until:
            await self.act()
            await asyncio.sleep(self.chance.expovariate(1 / pause))

    async def ask(self, talk: Talk, *, words: int | None = None, pace: int | None = None) -> Asked | None:
        """Ask in a place, mostly where the talk goes on; None where too many wait there already."""
        if sum(map(self.waits, talk.asked)) > 1:
            return None
        begins_thread = talk.room.kind == "channel" and talk.thread is None and self.chance.random() < 0.3
        if begins_thread and self._is_heard(talk.room) and len(self.talks) < 8 * len(NAMES):
            talk = await self._new_thread(talk.room)
            self.talks.append(talk)
        name = f"q{len(self.asked)}"
        long = self.chance.random() < 0.2
        words = words or (self.chance.randint(300, 600) if long else self.chance.randint(5, 120))
        text = f"{name} {words} words, {pace or self.chance.choice([60, 150, 400])} a second"
        asked = self.asked[name] = Asked(name, words, await self._says(text, talk), talk)
        talk.asked.append(asked)
        return asked

    def waits(self, asked: Asked) -> bool:
        """Whoever asked waits for the answer still."""
        return not asked.is_answered

    def _is_heard(self, room: Room) -> bool:
        """Somebody will hear of it, even if two die: a place that no bot ever answered in is not looked at again."""
        return room.platform == "slack" or self.pocket.discord.connected > 2

    async def begin(self, *, timeout: float = 30) -> None:  # noqa: ASYNC109 - as in Pocket.until
        """Ask in each place, and wait for the answers: from then on bots know of it. Raises TimeoutError."""
        for talk in list(self.talks):
            await self.ask(talk, words=5)
        await self.pocket.until(lambda: all(each.is_answered for each in self.asked.values()), timeout=timeout)

    async def _new_thread(self, room: Room) -> Talk:
        starter = await self.chance.choice(self.people).says("look at this", room)
        if room.platform == "discord":
            return Talk(self.pocket.house.thread_room(starter))
        return Talk(room, starter)

    async def _says(self, text: str, talk: Talk) -> Message:
        if talk.room.kind == "dm":
            author = next(each for each in talk.room.members if not each.is_bot)
            return await author.says(text, talk.room)
        person, text = self.chance.choice(self.people), f"@plaudit {text}"
        if talk.thread is not None:
            return await person.says(text, talk.room, thread=talk.thread)
        is_chain = talk.room.platform == "discord" and talk.room.kind == "channel"
        shown = [part for each in talk.asked for part in each.shown]
        reply_to = shown[-1] if is_chain and shown and self.chance.random() < 0.5 else None
        return await person.says(text, talk.room, reply_to=reply_to)

    async def react(self, part: Message) -> None:
        """Judge a reply, or take back what was said of it. Nobody says two things of one kind at once.

        Of two that contradict each other only the platform's clock knows which came later, and who finds them
        standing there is not told.
        """
        asked, name = self._shows[part], self.chance.choice([FEEDBACK, RATING])
        direct = part.room.kind == "dm"
        person = asked.message.author if direct else self.chance.choice(self.people)
        if vote := self._votes.pop((person, asked.name, name), None):
            await person.takes_back(vote[1], vote[0])
            return
        emoji = self.chance.choice(list(EMOJI[name]))
        self._votes[person, asked.name, name] = (part, emoji)
        await person.reacts(emoji, part)

    # What they see

    def votes_on(self, asked: Asked) -> dict[tuple[str, str], Any]:
        """What stands of the answer: (who, name) and value."""
        return {
            (self.key(person, asked.message.room), name): EMOJI[name][emoji]
            for (person, of, name), (part, emoji) in self._votes.items()
            if of == asked.name and part.stands
        }

    def wrong_to_see(self) -> list[str]:
        """What is not as it should be on the screen, when every answer is whole."""
        seen: dict[str, list[int]] = defaultdict(list)
        wrong = []
        for message in self.ours():
            words = _WORD.findall(message.text)
            bare = _NOTE.sub("", _WORD.sub("", message.text)).strip()
            if bare or not (words or _NOTE.fullmatch(message.text)):
                wrong.append(f"{self.ref(message).key} says {message.text[:80]!r}")
            for name, number in words:
                seen[name].append(int(number))
        for name, asked in self.asked.items():
            if seen[name] != [*range(asked.words)]:
                wrong.append(f"{name} ({self.ref(asked.message).key}): {_shown(seen[name], asked.words)}")
        return wrong

    def notes(self) -> set[str]:
        """The addresses of those messages that hold no word of an answer: its last one had no room for the note."""
        return {self.ref(each).key for each in self.ours() if _NOTE.fullmatch(each.text)}

    def ours(self) -> list[Message]:
        """All that the assistant wrote and that stands, in its order."""
        messages = self.pocket.house.messages.values()
        return [each for each in messages if each.author.is_bot and each.stands]

    def _see(self, change: Change) -> None:
        if isinstance(change, Posted | Edited) and change.message.author.is_bot:
            found = _WORD.search(change.message.text)
            if found and (asked := self.asked.get(found[1])) is not None:
                asked.changes.append(time.monotonic())
                if change.message not in asked.shown:
                    asked.shown.append(change.message)
                    self._shows[change.message] = asked

    # As the platform names them

    def ref(self, message: Message) -> MessageRef:
        """A message's address."""
        if message.room.platform == "slack":
            return MessageRef("slack", TEAM_ID, channel_id(message.room), ts_of(message.id))
        discord = self.pocket.discord
        workspace = self._guild(message.room)
        return MessageRef("discord", workspace, str(discord.id(message.room)), str(discord.id(message)))

    def key(self, person: Person, room: Room) -> str:
        """A person's account there."""
        if room.platform == "slack":
            return PersonRef("slack", TEAM_ID, user_id(person)).key
        return PersonRef("discord", self._guild(room), str(self.pocket.discord.id(person))).key

    def _guild(self, room: Room) -> str:
        return "dm" if room.kind == "dm" else str(self.pocket.discord.world.guild_id)


def _shown(seen: list[int], words: int) -> str:
    lost = sorted(set(range(words)) - set(seen))
    doubled = sorted({each for each in seen if seen.count(each) > 1})
    told = [f"{len(lost)} of {words} words are lost, from {lost[0]} on"] if lost else []
    told += [f"{len(doubled)} are doubled, from {doubled[0]} on"] if doubled else []
    return "; ".join(told) or f"out of order: {seen}"
