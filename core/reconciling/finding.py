"""What one message shows against what the log holds of it: votes, edits, what was taken back, as events found later.

Nothing is kept here. What is handed on twice, or belongs to someone who is not heard, does no harm: the log decides.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from core.attachments import says
from core.clock import Clock
from core.errors import MessageGoneError
from core.events import Event, MessageEdited, MessageReceived, ReactionAdded, ReactionRemoved
from core.feedback import Assessment, Meaning, canonical_emoji, read_below
from core.judging.comments import TAKE_BACK
from core.judging.opinions import comment_origin
from core.messages import Message, MessageRef, PersonRef, PlaceRef, Role
from core.policy import Policies
from core.ports import CanLookBack, CanTellRoles, ChatPlatform, InTurn, Reaction, Shown, Store, Tally
from core.reconciling.comparing import AHEAD, differences, doubts, is_ahead, known_people, names_of
from core.reconciling.looking import Sleep

Handle: TypeAlias = Callable[[Event, ChatPlatform], Awaitable[None]]

_PUT_OFF: Final = 1_000
"""Of so many parts of replies the dearest question waits until all places were read."""


_AFTER: Final = timedelta(microseconds=1)


class RemembersChats(ChatPlatform, CanLookBack, Protocol):
    """A platform that can be asked about its past."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A message that is a part of a reply, and where it stands."""

    message: MessageRef
    place: PlaceRef | None = None

    @property
    def where(self) -> PlaceRef | MessageRef:
        return self.place or self.message


class Finder:
    """Finds what differs on messages of one platform, and hands it on."""

    def __init__(
        self,
        platform: RemembersChats,
        *,
        store: Store,
        policies: Policies,
        clock: Clock,
        handle: Handle,
        in_turn: InTurn,
        thoroughly: bool,
        votes: bool,
        sleep: Sleep,
    ) -> None:
        """`thoroughly`: ask who is behind counts that agree, too; without `votes`, nobody asks for reactions."""
        self._platform = platform
        self._store = store
        self._policies = policies
        self._clock = clock
        self._handle = handle
        self._in_turn = in_turn
        self._thoroughly = thoroughly
        self._votes = votes
        self._sleep = sleep
        self._open: dict[_Part, tuple[str, datetime]] = {}
        """Parts to be looked at once more, with their reply and when that will be of use."""
        self._unsure: deque[tuple[str, _Part, tuple[Tally, ...]]] = deque()
        self._roles: dict[PersonRef, tuple[str, ...]] = {}
        self.found = 0
        """Events handed on."""

    async def hand_on(self, event: Event) -> None:
        """Tell of something that was found."""
        await self._handle(await self._with_roles(event), self._platform)
        self.found += 1

    async def _with_roles(self, event: Event) -> Event:
        """With the roles of whoever did it, where the policy asks for them."""
        match event:
            case ReactionAdded():
                return replace(event, roles=await self._roles_of(event.person, event.place or event.message))
            case MessageReceived(author=author) if not author.roles:
                roles = await self._roles_of(author.ref, event.place)
                return replace(event, author=replace(author, roles=roles))
            case _:
                return event

    async def _roles_of(self, person: PersonRef, where: PlaceRef | MessageRef) -> tuple[str, ...]:
        platform: ChatPlatform = self._platform
        if not (isinstance(platform, CanTellRoles) and self._policies.at(where).asks_for_roles):
            return ()
        if person not in self._roles:
            self._roles[person] = await platform.roles_of(person, self._in_turn)
        return self._roles[person]

    async def look_at(self, place: PlaceRef, shown: Shown, asked: datetime) -> bool:
        """Hand on what differs on a message that the log knows; False where it does not know it.

        `asked`: a moment before the platform was asked.
        """
        message = await self._store.message_at(shown.message)
        if message is None:
            return await self._look_at_comment(shown, asked)
        if message.role is Role.ASSISTANT:
            await self._compare(message.id, _Part(shown.message, place), shown.tallies, asked)
        elif shown.told and _reads_otherwise(message, shown.told):
            await self.hand_on(_edited(shown.told, asked))
        return True

    async def look_at_part(self, reply_id: str, place: PlaceRef, message: MessageRef) -> None:
        """Ask for the reactions on one part of a reply, and hand on what differs. It may be gone."""
        if self._votes:
            await self._ask_all(reply_id, _Part(message, place))

    async def _ask_all(self, reply_id: str, part: _Part) -> None:
        asked = self._clock.now()
        if (people := await self._ask(part.message)) is not None:
            emoji = self._policies.at(part.where).emoji
            await self._tell_differences(reply_id, part, people, emoji=emoji, asked=asked)

    async def _look_at_comment(self, shown: Shown, asked: datetime) -> bool:
        said = await self._store.assessment_from(comment_origin(shown.message))
        if said is None or shown.told is None:
            return False
        reads_otherwise = read_below(shown.told.text) != Meaning(said.name, said.value)
        if said.at <= asked and shown.told.text.strip() and said.value and reads_otherwise:
            await self.hand_on(_edited(shown.told, asked))
        await self._take_back(said, shown, asked)
        return True

    async def _take_back(self, said: Assessment, shown: Shown, asked: datetime) -> None:
        """What its author has marked with ❌ is taken back."""
        crosses = [each for each in shown.tallies if canonical_emoji(each.emoji) == TAKE_BACK and each.count]
        people = known_people(crosses)
        if unknown := [each for each in crosses if each.people is None]:
            people += await self._ask(shown.message, unknown) or ()
        author = PersonRef.parse(said.source.id)
        if any(each.person == author and canonical_emoji(each.emoji) == TAKE_BACK for each in people):
            at = max(asked, said.at)  # it was said before it was taken back, whatever the clocks say
            await self.hand_on(_added(_Part(shown.message), author, TAKE_BACK, at))

    async def _compare(self, reply_id: str, part: _Part, tallies: Sequence[Tally], asked: datetime) -> None:
        if not self._votes:
            return
        emoji = self._policies.at(part.where).emoji
        open_ = doubts(part.message, tallies, await self._store.standing_assessments(reply_id), emoji=emoji)
        people = known_people(tallies)
        if open_.differing:
            told = await self._ask(part.message, open_.differing)
            if told is None:
                return
            people += told
        await self._tell_differences(reply_id, part, people, emoji=emoji, asked=asked, but=names_of(open_.agreeing))
        if open_.agreeing and self._thoroughly:
            self._unsure.append((reply_id, part, open_.agreeing))
            if len(self._unsure) > _PUT_OFF:
                await self._settle_one()

    async def settle(self) -> None:
        """Ask who is behind the counts that agreed: dearer than all else, and seldom another than before.

        And look once more, in some seconds, at what was newer than the answers, or told by a clock that was wrong.
        """
        while self._unsure:
            await self._settle_one()
        if self._open:
            ahead = max(at for _, at in self._open.values()) - self._clock.now()
            await self._sleep(min(max(ahead, timedelta()), AHEAD).total_seconds())
        for part, (reply_id, _) in list(self._open.items()):
            await self._ask_all(reply_id, part)
            self._open.pop(part, None)

    async def _settle_one(self) -> None:
        reply_id, part, tallies = self._unsure[0]
        asked = self._clock.now()
        if (people := await self._ask(part.message, tallies)) is not None:
            emoji = self._policies.at(part.where).emoji
            await self._tell_differences(reply_id, part, people, emoji=emoji, asked=asked, among=names_of(tallies))
        self._unsure.popleft()

    async def _tell_differences(
        self,
        reply_id: str,
        part: _Part,
        people: Sequence[Reaction],
        *,
        emoji: Mapping[str, Meaning],
        asked: datetime,
        among: Collection[str] | None = None,
        but: Collection[str] = (),
    ) -> None:
        # Only now: what people did while the platform answered is in the log, and wins, being later.
        standing = await self._store.standing_assessments(reply_id)
        now = self._clock.now()
        found = differences(part.message, people, standing, emoji=emoji, asked=asked, told=now, among=among, but=but)
        open_until = [found.open_until] if found.open_until else []
        for person, name in found.missing:
            at, last = asked, await self._store.last_said(reply_id, person.key, [emoji[canonical_emoji(name)].name])
            if last is not None and last > asked:
                if is_ahead(last, now):
                    at = last + _AFTER
                else:
                    open_until.append(last)
            await self.hand_on(_added(part, person, name, at))
        if open_until:
            self._open[part] = reply_id, max(open_until)
        for (person, name), voted in found.gone.items():
            at = max(asked, voted)
            await self.hand_on(
                ReactionRemoved(
                    event_id=_name(part.message, person, name, at),
                    at=at,
                    message=part.message,
                    person=person,
                    emoji=name,
                    found_later=True,
                )
            )

    async def _ask(self, message: MessageRef, tallies: Sequence[Tally] | None = None) -> Sequence[Reaction] | None:
        try:
            return await self._platform.reactions_on(message, self._in_turn, tallies)
        except MessageGoneError:
            return None


def _reads_otherwise(message: Message, told: MessageReceived) -> bool:
    # The words of some are not kept, or were erased.
    text = told.text.strip()
    return bool(message.content and text) and not message.deleted and not says(message.content, text)


def _edited(told: MessageReceived, asked: datetime) -> MessageEdited:
    name = f"found:{told.message.key}:edited:{asked.isoformat()}"
    return MessageEdited(event_id=name, at=asked, message=told.message, text=told.text, found_later=True)


def _added(part: _Part, person: PersonRef, emoji: str, at: datetime) -> ReactionAdded:
    return ReactionAdded(
        event_id=_name(part.message, person, emoji, at),
        at=at,
        message=part.message,
        place=part.place,
        person=person,
        emoji=emoji,
        found_later=True,
    )


def _name(message: MessageRef, person: PersonRef, emoji: str, at: datetime) -> str:
    return f"found:{message.key}:{person.key}:{emoji}:{at.isoformat()}"
