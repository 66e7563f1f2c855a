"""The things in the house: people, rooms, messages, and what can happen to them. They know no wire.

Every id is a unique moment in microseconds since 1970, so that a face can compute its own (Slack's `ts`, Discord's
snowflake) from it and back, without tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from bots.pocket.attached import SharedFile
    from bots.pocket.house import House

Platform: TypeAlias = Literal["slack", "discord"]
Kind: TypeAlias = Literal["channel", "private", "dm", "forum", "thread"]

_THREADS_ARE_ROOMS: frozenset[Platform] = frozenset({"discord"})
_TONES = {tone: chr(0x1F3FB + tone - 2) for tone in range(2, 7)}
_NO_TONE = dict.fromkeys((*map(ord, _TONES.values()), 0xFE0E, 0xFE0F))
_HANDS = frozenset("👍👎👏🙌🙏💪👋✋👌✌☝👆👇👈👉✊👊")


def bare_emoji(emoji: str) -> str:
    """`emoji` without skin tone and variation selectors: what two people agree on who used different ones."""
    return emoji.translate(_NO_TONE)


class Face(Protocol):
    """What people can do on a platform beside writing. Each waits for the app, and tells what it answered.

    They raise LookupError where there is nothing to press or to send, and TimeoutError when the app says nothing.
    """

    async def press(self, person: "Person", message: "Message", control: str) -> Mapping[str, Any]:
        """Press the button of `message` with this label, value or id."""
        ...

    async def submit(self, person: "Person", values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send the dialog before `person`, with `values` by the ids of its inputs."""
        ...

    async def command(self, person: "Person", room: "Room", command: str, text: str) -> Mapping[str, Any]:
        """Type `/command text`."""
        ...

    async def shortcut(self, person: "Person", message: "Message", entry: str) -> Mapping[str, Any]:
        """Choose an entry in the menu of `message`."""
        ...


@dataclass(eq=False, slots=True)
class Person:
    """Someone with an account: on every platform, or (as bots have it) on one."""

    id: int
    name: str
    house: "House" = field(repr=False)
    is_bot: bool = False
    platform: Platform | None = None
    skin_tone: int | None = None
    """2 (light) to 6 (dark), Slack's numbers; None is the yellow hand."""

    def dm(self, platform: Platform) -> "Room":
        """Their direct conversation with the assistant on `platform`."""
        return self.house.dm(self, platform)

    async def says(
        self,
        text: str,
        room: "Room",
        *,
        thread: "Message | None" = None,
        reply_to: "Message | None" = None,
        rings: bool = True,
        files: "Sequence[SharedFile]" = (),
    ) -> "Message":
        """Write `text` in `room`, with `files` beside it; `@name` in it is a mention of who is called so.

        `thread` is any message of the thread to write in, or the one to start it under. `rings`: a reply mentions
        the author of `reply_to` (Discord's switch).
        """
        if thread is not None and room.platform in _THREADS_ARE_ROOMS:
            room, thread = self.house.thread_room(thread), None
        return self.house.post(self, room, text, thread=thread, reply_to=reply_to, rings=rings, files=files)

    async def edits(self, message: "Message", text: str) -> None:
        """Let `message` say `text` from now on."""
        self.house.edit(message, text, by=self)

    async def deletes(self, message: "Message") -> None:
        """Take `message` away."""
        self.house.delete(message, by=self)

    async def reacts(self, emoji: str, message: "Message") -> None:
        """Put `emoji` on `message`, in the person's own skin tone where it has one."""
        if self.skin_tone is not None and bare_emoji(emoji) in _HANDS:
            emoji = bare_emoji(emoji) + _TONES[self.skin_tone]
        self.house.react(self, message, emoji)

    async def takes_back(self, emoji: str, message: "Message") -> None:
        """Take away what they reacted with, whatever tone it had."""
        self.house.unreact(self, message, emoji)

    async def presses(self, control: str, message: "Message") -> Mapping[str, Any]:
        """Press the button that is called `control` below `message`; what the app answered."""
        return await self.house.faces[message.room.platform].press(self, message, control)

    async def submits(self, values: Mapping[str, Any], *, on: Platform) -> Mapping[str, Any]:
        """Fill in the dialog before them and send it; what the app answered."""
        return await self.house.faces[on].submit(self, values)

    async def commands(self, command: str, text: str, room: "Room") -> Mapping[str, Any]:
        """Type a slash command; what the app answered."""
        return await self.house.faces[room.platform].command(self, room, command, text)

    async def chooses(self, entry: str, message: "Message") -> Mapping[str, Any]:
        """Choose the app's `entry` in the menu of `message`; what the app answered."""
        return await self.house.faces[message.room.platform].shortcut(self, message, entry)


@dataclass(eq=False, slots=True)
class Room:
    """Where messages stand: a channel, a direct conversation, a forum, or (on Discord) a thread."""

    id: int
    name: str
    platform: Platform
    kind: Kind
    members: list[Person] = field(default_factory=list)
    parent: "Room | None" = None
    """For a thread: the channel or forum it belongs to."""
    starter: "Message | None" = None
    """For a thread: the message it was made from."""
    history: "list[Message]" = field(default_factory=list, repr=False)
    """Every message there ever was, oldest first; `messages` is what one sees."""
    archived: bool = False

    @property
    def messages(self) -> "list[Message]":
        """What stands in it now, threads included, oldest first; without whispers."""
        return [each for each in self.history if each.stands]

    def thread(self, message: "Message") -> "list[Message]":
        """The thread that `message` is in or would start: its first message and all replies, oldest first."""
        root = message.thread or message
        return [each for each in (root, *root.replies) if each.stands]


@dataclass(frozen=True, slots=True)
class State:
    """What a message said from one moment on."""

    at: float
    """Seconds, as the house's clock measures them (`Clock.monotonic`)."""
    text: str
    wire: Mapping[str, Any] = field(default_factory=dict)
    """What its face keeps with it: blocks, embeds, metadata. The house does not read it."""


@dataclass(eq=False, slots=True)
class Message:
    """One message, with everything it ever said."""

    id: int
    room: Room = field(repr=False)
    author: Person
    states: list[State]
    thread: "Message | None" = None
    """The message that its thread stands under (Slack); None for a message that is not a thread's reply."""
    replies: "list[Message]" = field(default_factory=list, repr=False)
    reply_to: "Message | None" = None
    rings: bool = True
    files: "Sequence[SharedFile]" = ()
    """What a person attached."""
    only_for: Person | None = None
    """A whisper: this person alone sees it."""
    reactions: dict[str, list[Person]] = field(default_factory=dict)
    deleted: bool = False
    touched: float = 0.0
    """`time.monotonic()` of its last change of any kind."""

    @property
    def text(self) -> str:
        """What it says now, as people read it."""
        return self.states[-1].text

    @property
    def wire(self) -> Mapping[str, Any]:
        """What its face keeps with what it says now."""
        return self.states[-1].wire

    @property
    def first_seen(self) -> float:
        """When it appeared, in the seconds of `State.at`."""
        return self.states[0].at

    @property
    def at(self) -> datetime:
        """When it was posted, in UTC."""
        return datetime.fromtimestamp(self.id / 1e6, UTC)

    @property
    def edited(self) -> bool:
        """It has said something else before."""
        return len(self.states) > 1

    @property
    def stands(self) -> bool:
        """Everyone in the room sees it."""
        return not self.deleted and self.only_for is None

    @property
    def has_replies(self) -> bool:
        """Something stands in the thread that it starts."""
        return any(each.stands for each in self.replies)


@dataclass(frozen=True, slots=True)
class Posted:
    """A message appeared."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """A message says something else."""

    message: Message
    before: State
    by: Person


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message is gone."""

    message: Message
    by: Person


@dataclass(frozen=True, slots=True)
class Reacted:
    """Someone put an emoji on a message."""

    message: Message
    person: Person
    emoji: str


@dataclass(frozen=True, slots=True)
class Unreacted:
    """Someone took their emoji away."""

    message: Message
    person: Person
    emoji: str


@dataclass(frozen=True, slots=True)
class ReactionsCleared:
    """A moderator took everyone's emoji away: all, or all of one kind."""

    message: Message
    emoji: str | None
    taken: Mapping[str, list[Person]]


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """There is a new room."""

    room: Room


@dataclass(frozen=True, slots=True)
class StatusShown:
    """Someone is seen to be busy ("is thinking…", typing); an empty text ends it."""

    room: Room
    person: Person
    text: str
    thread: Message | None = None


Change: TypeAlias = Posted | Edited | Deleted | Reacted | Unreacted | ReactionsCleared | RoomOpened | StatusShown
