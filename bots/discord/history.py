"""Discord's past: the messages of a channel or thread, and the reactions on them."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from bots.discord.reading import DIRECT, PLATFORM, roles_of, snowflake
from bots.discord.rest import Rest
from bots.discord.surroundings import CachedSurroundings
from bots.discord.translate import emoji_name, translate
from core.clock import Clock
from core.errors import MessageGoneError
from core.events import MessageReceived
from core.messages import Attached, MessageRef, PersonRef, PlaceRef
from core.ports import InTurn, Own, Reaction, Shown, Tally

_PAGE: Final = 100
_TEXTS: Final = (0, 19)
"""A message and a reply (docs.discord.com/developers/resources/message#message-object-message-types)."""
_KINDS: Final = ("normal", "burst")
"""Reactions and super reactions, by the number that Discord asks for them with."""


class History:
    """Reads the past wherever the bot is. Each call waits as long as it takes, and lets others go first."""

    def __init__(self, rest: Rest, around: CachedSurroundings, clock: Clock) -> None:
        self._rest = rest
        self._around = around
        self._clock = clock

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> Sequence[MessageReceived]:
        """What was written in a channel or thread from `since` on, oldest first."""
        found: list[MessageReceived] = []
        room, after = _room(place), _before(since)
        await self._around.know(room)
        while len(found) < limit:
            page = await self._messages(room, after)
            found += [told for each in page if (told := self._told(each, place)) is not None]
            if len(page) < _PAGE:
                break
            after = page[-1]["id"]
        return found[:limit]

    def rooms_since(self, since: datetime) -> list[PlaceRef]:
        """The channels and threads in which something was written; of direct conversations Discord tells nothing."""
        return self._around.rooms_since(snowflake(since))

    async def shown_in(
        self, place: PlaceRef, since: datetime, until: datetime | None, in_turn: InTurn
    ) -> AsyncGenerator[Sequence[Shown], None]:
        """What stands in a channel or thread, page by page."""
        room, after = _room(place), _before(since)
        end = None if until is None else int(snowflake(until))
        await self._around.know(room)

        async def ask() -> list[Any]:
            return await self._messages(room, after)

        while True:
            page = await in_turn(ask)
            within = [each for each in page if end is None or int(each["id"]) < end]
            yield [self._shown(each, place) for each in within]
            if len(page) < _PAGE or len(within) < len(page):
                return
            after = page[-1]["id"]

    async def files_beside(self, message: MessageRef, place: PlaceRef) -> tuple[Attached, ...]:
        """What stands beside one message, wherever `place` has it from."""
        await self._around.know(message.channel)
        told = self._told(await self._message(message), place)
        return told.files if told is not None else ()

    async def own_since(self, place: PlaceRef, question: MessageRef) -> list[Own]:
        """Ours that may answer `question`: what refers to it, and what refers to nothing, as all but its first part.

        Discord tells no nonce, so of the latter a part of another answer may be one, where two grew at once.
        """
        room = _room(place)
        found, refers = [], question.channel == room
        for each in await self._messages(room, question.id):
            reference = each.get("message_reference")
            if _is_own_text(each, self._around.me) and (
                reference is None or reference.get("message_id") == question.id
            ):
                message = MessageRef(PLATFORM, place.workspace, room, each["id"])
                found.append(Own(message, answers=reference is not None, follows=reference is None and refers))
        return found

    async def reactions_on(
        self, message: MessageRef, in_turn: InTurn, tallies: Sequence[Tally] | None = None
    ) -> Sequence[Reaction]:
        """Who put which emoji on a message, each emoji's people page by page; super ones count as others do."""
        if tallies is None:
            shown = await in_turn(partial(self._message, message))
            tallies = [self._tally(each) for each in shown.get("reactions") or ()]
        found: list[Reaction] = []
        for tally in tallies:
            kinds, _, name = tally.handle.partition(" ")
            for kind in kinds:
                found += await self._people(message, tally.emoji, f"{_path(message)}/reactions/{name}", kind, in_turn)
        return found

    async def roles_of(self, person: PersonRef, in_turn: InTurn) -> tuple[str, ...]:
        """The roles of a member; none of someone who has left, or in a direct conversation."""
        guild = person.workspace
        if guild == DIRECT:
            return ()

        async def ask() -> Any:
            path = f"/guilds/{guild}/members/{person.id}"
            return (await self._rest.call("GET", path, bucket=("member", guild), patient=True)).data

        try:
            return roles_of(await in_turn(ask), guild, self._around)
        except MessageGoneError:
            return ()

    async def _people(self, message: MessageRef, emoji: str, path: str, kind: str, in_turn: InTurn) -> list[Reaction]:
        found: list[Reaction] = []
        after = "0"

        async def ask() -> list[Any]:
            return await self._read(path, ("reactions", message.channel), after=after, type=kind)

        while True:
            page = await in_turn(ask)
            found += [self._reaction(message, each, emoji) for each in page]
            if len(page) < _PAGE:
                return found
            after = max((each["id"] for each in page), key=int)

    def _reaction(self, message: MessageRef, user: Mapping[str, Any], emoji: str) -> Reaction:
        is_bot = bool(user.get("bot")) or user["id"] == self._around.me
        return Reaction(PersonRef(PLATFORM, message.workspace, user["id"]), emoji, by_bot=is_bot)

    def _shown(self, message: dict[str, Any], place: PlaceRef) -> Shown:
        ref = MessageRef(PLATFORM, place.workspace, _room(place), message["id"])
        tallies = tuple(self._tally(each) for each in message.get("reactions") or ())
        return Shown(ref, self._told(message, place), tallies)

    def _tally(self, reaction: dict[str, Any]) -> Tally:
        emoji = reaction["emoji"]
        name = f"{emoji['name']}:{emoji['id']}" if emoji.get("id") else emoji["name"]
        mine = bool(reaction.get("me")) + bool(reaction.get("me_burst"))
        count = max(0, reaction["count"] - mine)
        handle = f"{''.join(_kinds(reaction))} {quote(name)}"
        return Tally(emoji_name(emoji), count, None if count else (), handle)

    def _told(self, message: dict[str, Any], place: PlaceRef) -> MessageReceived | None:
        guild = {} if place.workspace == DIRECT else {"guild_id": place.workspace}
        frame = {"t": "MESSAGE_CREATE", "d": {**message, **guild}}
        events = translate(frame, self._around, name="", now=self._clock.now())
        return next((replace(each, found_later=True) for each in events if isinstance(each, MessageReceived)), None)

    async def _messages(self, room: str, after: str) -> list[Any]:
        page = await self._read(f"/channels/{room}/messages", ("history", room), after=after)
        return sorted(page, key=lambda each: int(each["id"]))

    async def _message(self, message: MessageRef) -> Any:
        bucket = ("message", message.channel)
        return (await self._rest.call("GET", _path(message), bucket=bucket, patient=True)).data

    async def _read(self, path: str, bucket: tuple[str, str], **query: str) -> list[Any]:
        answer = await self._rest.call("GET", path, bucket=bucket, query={"limit": str(_PAGE), **query}, patient=True)
        return list(answer.data)


def _is_own_text(message: Mapping[str, Any], me: str) -> bool:
    """We wrote it by ourselves, and words alone: it answers no command, and is no file that we share."""
    is_own = message["author"]["id"] == me and message.get("type", 0) in _TEXTS
    return is_own and not (message.get("interaction_metadata") or message.get("attachments"))


def _path(message: MessageRef) -> str:
    return f"/channels/{message.channel}/messages/{message.id}"


def _kinds(reaction: dict[str, Any]) -> Iterable[str]:
    details = reaction.get("count_details") or {"normal": reaction["count"]}
    return (str(number) for number, kind in enumerate(_KINDS) if details.get(kind))


def _before(since: datetime) -> str:
    return str(int(snowflake(since)) - 1)


def _room(place: PlaceRef) -> str:
    return place.thread or place.channel
