"""One house of people, rooms and messages, and the verbs people live in it by. It knows no wire.

Faces (Slack's, Discord's) watch it and tell their bots what happened; what the bots do comes back through the same
methods. One event loop, no locks: every change is a plain call, and everyone who waits is woken by it.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bots.pocket.attached import SharedFile
from bots.pocket.things import (
    Change,
    Deleted,
    Edited,
    Face,
    Kind,
    Message,
    Person,
    Platform,
    Posted,
    Reacted,
    ReactionsCleared,
    Room,
    RoomOpened,
    State,
    StatusShown,
    Unreacted,
    bare_emoji,
)
from bots.pocket.watching import Watched
from core.clock import Clock, SystemClock

ASSISTANT = "plaudit"
"""The name of the assistant's account, on every platform."""


class House(Watched[Change]):
    """Everyone and everything in it."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.clock: Clock = clock or SystemClock()
        self.people: dict[int, Person] = {}
        self.rooms: dict[int, Room] = {}
        self.messages: dict[int, Message] = {}
        self.statuses: list[tuple[float, StatusShown]] = []
        self.assistants: dict[Platform, Person] = {}
        self.faces: dict[Platform, Face] = {}
        """Who does what people do on a platform beside writing."""
        self._last_id = 0
        self._mentions: re.Pattern[str] | None = None
        for platform in ("slack", "discord"):
            self.assistants[platform] = self.person(ASSISTANT, is_bot=True, platform=platform)

    # People and rooms

    def person(self, name: str, *, is_bot: bool = False, platform: Platform | None = None) -> Person:
        """The person called `name`, who moves in if they are new."""
        for each in self.people.values():
            if each.name == name and each.platform == platform:
                return each
        person = Person(self.next_id(), name, self, is_bot=is_bot, platform=platform)
        self.people[person.id] = person
        self._mentions = None
        return person

    def room(
        self,
        name: str,
        *,
        on: Platform,
        kind: Kind = "channel",
        members: Iterable[Person] | None = None,
        parent: Room | None = None,
        starter: Message | None = None,
    ) -> Room:
        """The room called `name`, opened if it is new; the assistant is in it unless `members` says otherwise."""
        for each in self.rooms.values():
            if (each.name, each.platform, each.kind, each.parent) == (name, on, kind, parent) and kind != "thread":
                return each
        chosen = [self.assistants[on]] if members is None else list(members)
        room = Room(self.next_id(), name, on, kind, chosen, parent, starter)
        self.rooms[room.id] = room
        self.tell(RoomOpened(room))
        return room

    def dm(self, person: Person, platform: Platform) -> Room:
        """The direct conversation of `person` with the assistant."""
        assistant = self.assistants[platform]
        return self.room(person.name, on=platform, kind="dm", members=[person, assistant])

    def thread_room(self, starter: Message) -> Room:
        """The thread made from `starter`, or that it is in, where a thread is a room of its own; opened if new."""
        if starter.room.kind == "thread":
            return starter.room
        for each in self.rooms.values():
            if each.starter is starter:
                return each
        name = starter.text[:100] or "thread"
        members = starter.room.members
        return self.room(
            name, on=starter.room.platform, kind="thread", members=members, parent=starter.room, starter=starter
        )

    def named(self, name: str, platform: Platform) -> Person | None:
        """Who is called `name` on `platform`, whatever the case of the letters."""
        here = [each for each in self.people.values() if each.platform in (None, platform)]
        return next((each for each in here if each.name.casefold() == name.casefold()), None)

    def with_mentions(self, text: str, platform: Platform, show: Callable[[Person], str]) -> str:
        """`text` with every `@name` of someone on `platform` replaced by what `show` makes of them."""
        if self._mentions is None:
            names = sorted({each.name for each in self.people.values()}, key=len, reverse=True)
            self._mentions = re.compile(rf"(?<!\w)@({'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)

        def mention(found: re.Match[str]) -> str:
            person = self.named(found[1], platform)
            return show(person) if person else found[0]

        return self._mentions.sub(mention, text) if "@" in text else text

    def mentioned(self, text: str, platform: Platform) -> list[Person]:
        """Whom `text` mentions, in order."""
        people: list[Person] = []

        def note(person: Person) -> str:
            people.append(person)
            return ""

        self.with_mentions(text, platform, note)
        return people

    # What can happen to messages

    def post(
        self,
        author: Person,
        room: Room,
        text: str,
        *,
        thread: Message | None = None,
        reply_to: Message | None = None,
        rings: bool = True,
        only_for: Person | None = None,
        wire: Mapping[str, Any] | None = None,
        files: Sequence[SharedFile] = (),
    ) -> Message:
        """Let a message appear. `thread` may be any message of the thread."""
        root = (thread.thread or thread) if thread else None
        states = [State(self.clock.monotonic(), text, wire or {})]
        message = Message(
            self.next_id(),
            room,
            author,
            states,
            thread=root,
            reply_to=reply_to,
            rings=rings,
            only_for=only_for,
            files=files,
        )
        if author not in room.members:
            room.members.append(author)
        self.messages[message.id] = message
        room.history.append(message)
        if root is not None:
            root.replies.append(message)
        self._touch(message, Posted(message))
        return message

    def edit(
        self, message: Message, text: str, *, by: Person | None = None, wire: Mapping[str, Any] | None = None
    ) -> None:
        """Let `message` say `text`; saying the same again is a state of its own."""
        before = message.states[-1]
        message.states.append(State(self.clock.monotonic(), text, wire or {}))
        self._touch(message, Edited(message, before, by or message.author))

    def delete(self, message: Message, *, by: Person | None = None) -> None:
        """Take `message` away; twice is once."""
        if not message.deleted:
            message.deleted = True
            self._touch(message, Deleted(message, by or message.author))

    def react(self, person: Person, message: Message, emoji: str) -> bool:
        """Put `emoji` on `message`. False if this person had put it there already."""
        people = message.reactions.setdefault(emoji, [])
        if person in people:
            return False
        people.append(person)
        self._touch(message, Reacted(message, person, emoji))
        return True

    def unreact(self, person: Person, message: Message, emoji: str) -> bool:
        """Take this person's `emoji` away, whatever its tone. False if they had not put it there."""
        for given, people in message.reactions.items():
            if bare_emoji(given) == bare_emoji(emoji) and person in people:
                people.remove(person)
                if not people:
                    del message.reactions[given]
                self._touch(message, Unreacted(message, person, given))
                return True
        return False

    def clear_reactions(self, message: Message, emoji: str | None = None) -> None:
        """Take everyone's emoji off `message`, or everyone's `emoji`."""
        cleared = [each for each in message.reactions if emoji in (None, each)]
        taken = {each: message.reactions.pop(each) for each in cleared}
        self._touch(message, ReactionsCleared(message, emoji, taken))

    def show_status(self, person: Person, room: Room, text: str, *, thread: Message | None = None) -> None:
        """Let `person` be seen busy in `room`."""
        status = StatusShown(room, person, text, thread)
        self.statuses.append((self.clock.monotonic(), status))
        self.tell(status)

    @property
    def files(self) -> Iterator[SharedFile]:
        """Everything that anyone attached to a message."""
        return (file for message in self.messages.values() for file in message.files)

    # Waiting

    def replies_to(self, question: Message) -> list[Message]:
        """What the assistant answered to `question` and still stands, oldest first."""
        rooms = [question.room, *(room for room in self.rooms.values() if room.starter is question)]
        return [each for room in rooms for each in room.messages if _answers(each, question, self)]

    async def reply_to(self, question: Message, *, timeout: float = 5.0) -> Message:  # noqa: ASYNC109 - as in Watched.until
        """Wait for the assistant's first message that answers `question`. Raises TimeoutError."""
        seen: list[Message] = self.replies_to(question)

        def look(change: Change) -> None:
            if isinstance(change, Posted) and _answers(change.message, question, self):
                seen.append(change.message)

        unwatch = self.watch(look)
        try:
            return (await self.until(lambda: seen, timeout=timeout))[0]
        finally:
            unwatch()

    async def settled(
        self,
        message: Message,
        *,
        quiet: float = 0.3,
        timeout: float = 30.0,  # noqa: ASYNC109 - as in Watched.until
    ) -> Message:
        """Wait until `message` has not changed for `quiet` seconds, and return it. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while (left := message.touched + quiet - time.monotonic()) > 0:  # noqa: ASYNC110 - sleeps until a moment
                await asyncio.sleep(left)
        return message

    def transcript(self) -> str:
        """The newest messages of every room, for the eyes of whoever reads a failed test."""
        lines: list[str] = []
        for room in self.rooms.values():
            lines.append(f"{room.platform} {room.kind} {room.name}:")
            lines += [f"  {each.author.name}: {each.text!r}" for each in room.messages[-12:]]
        return "\n".join(lines)

    # Inside

    def next_id(self) -> int:
        """A moment in microseconds that nothing else in the house has."""
        self._last_id = max(self._last_id + 1, int(self.clock.now().timestamp() * 1e6))
        return self._last_id

    def _touch(self, message: Message, change: Change) -> None:
        message.touched = time.monotonic()
        self.tell(change)


def _answers(message: Message, question: Message, house: House) -> bool:
    """Whether the assistant wrote `message` as an answer to `question`."""
    if message.author is not house.assistants[message.room.platform] or not message.stands:
        return False
    if message.id < question.id:
        return False
    if message.reply_to is not None:
        return message.reply_to is question
    if message.room.starter is question:
        return True
    in_its_thread = message.thread is (question.thread or question)
    beside_it = message.thread is None and question.thread is None
    return message.room is question.room and (in_its_thread or beside_it)
