"""The house as Slack sees it: its ids, and people, rooms and messages as Slack's JSON. It knows no HTTP.

Shapes: docs.slack.dev/reference/objects and the events' and methods' own pages.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from bots.pocket.attached import slack_file
from bots.pocket.house import House
from bots.pocket.slack_emoji import slack_name
from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_text import read_message, typed
from bots.pocket.things import Message, Person, Room, State

Json: TypeAlias = dict[str, Any]

Standing: TypeAlias = Literal["is_admin", "is_owner", "is_restricted", "is_ultra_restricted"]
STANDINGS: tuple[Standing, ...] = ("is_admin", "is_owner", "is_restricted", "is_ultra_restricted")

TEAM_ID = "T0POCKET00"
APP_ID = "A0POCKET00"
TEAM_NAME = "Pocket"
TEAM_URL = "https://pocket.slack.com/"

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROOM_LETTERS = {"channel": "C", "private": "G", "dm": "D"}
_ALSO_SHOWN = ("blocks", "files", "streaming_state")
_CHANNEL_TYPES = {"channel": "channel", "private": "group", "dm": "im"}


class SlackError(Exception):
    """Slack says no. The text is the code that goes into `error`."""

    def __init__(self, code: str, **more: object) -> None:
        """`more` goes beside it into the answer."""
        super().__init__(code)
        self.answer: Json = {"ok": False, "error": code, **more}


@lru_cache(maxsize=10_000)
def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def _number(slack_id: str) -> int:
    """The house's id in a user's or a channel's; -1 where there is none."""
    try:
        return int(slack_id[1:], 36)
    except ValueError:
        return -1


def ts_of(message_id: int) -> str:
    """A message's `ts`: seconds and microseconds, which is what the house's ids are."""
    return f"{message_id // 1_000_000}.{message_id % 1_000_000:06d}"


def id_of(ts: str) -> int:
    """The house's id in a `ts`; -1 where it is none."""
    seconds, dot, micros = ts.partition(".")
    wellformed = dot and seconds.isdigit() and len(micros) == len("000000") and micros.isdigit()
    return int(seconds + micros) if wellformed else -1


def user_id(person: Person) -> str:
    """Slack's id for them."""
    return "U" + _base36(person.id)


def bot_id(person: Person) -> str:
    """Slack's id for a bot as a bot; it has one as a user besides."""
    return "B" + _base36(person.id)


def channel_id(room: Room) -> str:
    """Slack's id for a room; its first letter tells the kind."""
    return _ROOM_LETTERS.get(room.kind, "C") + _base36(room.id)


def channel_type(room: Room) -> str:
    """What message events call the kind of room."""
    return _CHANNEL_TYPES.get(room.kind, "channel")


class Workspace:
    """Finds what a call names and shows it as JSON."""

    def __init__(self, house: House, rules: SlackRules) -> None:
        self.house = house
        self.rules = rules
        self.assistant = house.assistants["slack"]
        self.emoji_names: dict[str, str] = {}
        """What Slack shall call some emoji instead of the usual (`{"👍": "thumbsup"}`)."""
        self.streams: dict[int, float] = {}
        """The streams that go on, by their message's id: `Clock.monotonic` when they began."""
        self.stopped_streams: set[int] = set()
        """The messages whose stream a person has stopped."""
        self.titles: dict[int, str] = {}
        """The assistant's titles of threads, by the first message's id."""
        self.prompts: dict[int, list[Json]] = {}
        """What it suggests to ask, by the room's id."""
        self.files_at = ""
        """The address below which people's files are fetched."""
        self.standing: dict[int, frozenset[Standing]] = {}
        """What people are in the workspace besides members, by their ids."""

    # Finding

    def find_person(self, slack_id: str) -> Person:
        """Who has this user id. Raises `user_not_found`."""
        person = self.house.people.get(_number(slack_id)) if slack_id.startswith(("U", "W")) else None
        if person is None or person.platform not in {None, "slack"}:
            raise SlackError("user_not_found")
        return person

    def find_room(self, slack_id: str) -> Room:
        """The room with this channel id, or the direct conversation with this user. Raises `channel_not_found`."""
        room = self.house.rooms.get(_number(slack_id))
        if room is not None and room.platform == "slack" and channel_id(room) == slack_id:
            return room
        if slack_id.startswith("U") and (person := self.house.people.get(_number(slack_id))) is not None:
            return self.house.dm(person, "slack")
        named = slack_id.removeprefix("#")
        for each in self.house.rooms.values():
            if each.platform == "slack" and each.kind == "channel" and each.name == named:
                return each
        raise SlackError("channel_not_found")

    def find_message(self, room: Room, ts: str, *, error: str = "message_not_found") -> Message:
        """The message of `room` with this `ts`, unless it is gone. Raises `error`."""
        message = self.house.messages.get(id_of(ts))
        if message is None or message.room is not room or message.deleted:
            raise SlackError(error)
        return message

    def name_of(self, slack_id: str) -> str:
        """Who or what is meant inside angle brackets; the id itself where nobody has it."""
        number = _number(slack_id)
        known: Person | Room | None = self.house.people.get(number) or self.house.rooms.get(number)
        return known.name if known else slack_id

    def emoji_name(self, emoji: str) -> str:
        """What Slack calls `emoji` here."""
        return self.emoji_names.get(emoji) or slack_name(emoji)

    def enter(self, person: Person, room: Room) -> None:
        """Whoever does something in a room is in it: only there they are whispered to."""
        if person not in room.members:
            room.members.append(person)

    def is_streaming(self, message: Message) -> bool:
        """Text can be appended to `message` still."""
        began = self.streams.get(message.id)
        if began is not None and self.house.clock.monotonic() - began > self.rules.stream_seconds:
            del self.streams[message.id]
        return message.id in self.streams

    # Showing

    def text(self, state: State) -> str:
        """What `state` says, as it stands on the wire: as the bot posted it, or as Slack tells what was typed."""
        if state.wire:
            return str(state.wire.get("text", "")) or state.text
        return self.house.with_mentions(typed(state.text), "slack", lambda person: f"<@{user_id(person)}>")

    def reading(self, wire: Mapping[str, Any]) -> str:
        """What people see of a message posted with `wire`."""
        return read_message(wire, self.name_of)

    def message(self, message: Message, state: State | None = None) -> Json:
        """A message as history, events and answers show it; with what it said in `state`, else now."""
        state = state or message.states[-1]
        shown: Json = {
            "type": "message",
            "user": user_id(message.author),
            "text": self.text(state),
            "ts": ts_of(message.id),
            "team": TEAM_ID,
        }
        if message.author.is_bot:
            shown |= self._bot_fields(message.author)
        shown |= {name: state.wire[name] for name in _ALSO_SHOWN if state.wire.get(name)}
        if message.files:
            shown |= {"files": [slack_file(each, self.files_at) for each in message.files], "upload": False}
        if message.thread is not None:
            shown |= {"thread_ts": ts_of(message.thread.id), "parent_user_id": user_id(message.thread.author)}
        if state is not message.states[0]:
            shown["edited"] = {"user": user_id(message.author), "ts": f"{ts_of(message.id).split('.')[0]}.000000"}
        return shown

    def message_in_full(self, message: Message, *, metadata: bool = False, everyone: bool = False) -> Json:
        """A message with its reactions and, where it starts a thread, what one sees of that.

        Its `metadata` is shown to who asks for it, as history does; `everyone` who reacted, as reactions.get does.
        """
        shown = self.tombstone(message) if message.deleted else self.message(message)
        if metadata and message.wire.get("metadata") and not message.deleted:
            shown["metadata"] = message.wire["metadata"]
        replies = [each for each in message.replies if each.stands]
        if replies:
            authors = list(dict.fromkeys(user_id(each.author) for each in replies))
            shown |= {
                "thread_ts": ts_of(message.id),
                "reply_count": len(replies),
                "reply_users_count": len(authors),
                "reply_users": authors,
                "latest_reply": ts_of(replies[-1].id),
            }
        if message.reactions and not message.deleted:
            shown["reactions"] = self.reactions(message, None if everyone else self.rules.sizes.reaction_users)
        return shown

    def tombstone(self, message: Message) -> Json:
        """What is left of a deleted message in whose thread others have written."""
        ts = ts_of(message.id)
        said = {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "hidden": True}
        return {"type": "message", **said, "ts": ts, "thread_ts": ts}

    def reactions(self, message: Message, limit: int | None = None) -> list[Json]:
        """Who reacted with what: the first `limit` of them; the count is right."""
        return [
            {"name": self.emoji_name(emoji), "users": [user_id(each) for each in people[:limit]], "count": len(people)}
            for emoji, people in message.reactions.items()
        ]

    def _bot_fields(self, bot: Person) -> Json:
        profile = {"id": bot_id(bot), "app_id": APP_ID, "name": bot.name, "deleted": False, "team_id": TEAM_ID}
        app = {"app_id": APP_ID} if bot is self.assistant else {}
        return {"bot_id": bot_id(bot), **app, "bot_profile": profile}

    def user(self, person: Person) -> Json:
        """A person as users.info shows them."""
        names = {"real_name": person.name, "display_name": person.name}
        return {
            "id": user_id(person),
            "team_id": TEAM_ID,
            "name": person.name.lower().replace(" ", "."),
            "real_name": person.name,
            "profile": {**names, "team": TEAM_ID},
            "deleted": False,
            "is_bot": person.is_bot,
            "is_app_user": False,
            **{each: each in self.standing.get(person.id, ()) for each in STANDINGS},
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "updated": person.id // 1_000_000,
        }

    def channel(self, room: Room) -> Json:
        """A room as conversations.info shows it."""
        shown: Json = {
            "id": channel_id(room),
            "created": room.id // 1_000_000,
            "is_channel": room.kind == "channel",
            "is_group": room.kind == "private",
            "is_im": room.kind == "dm",
            "is_mpim": False,
            "is_private": room.kind != "channel",
            "is_archived": room.archived,
            "context_team_id": TEAM_ID,
        }
        if room.kind == "dm":
            other = next((each for each in room.members if each is not self.assistant), self.assistant)
            return shown | {"user": user_id(other)}
        return shown | {
            "name": room.name,
            "name_normalized": room.name,
            "is_member": self.assistant in room.members,
            "num_members": len(room.members),
        }
