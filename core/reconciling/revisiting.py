"""One look over a platform: the places in which replies of the last days stand are read again and held against the log.

It knows where and how far to read. What differs on a message is `finding`'s, what is gone `missing`'s.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from core.clock import Clock
from core.errors import (
    MessageGoneError,
    PlaceGoneError,
    PlatformError,
    PlatformRefusedTokenError,
    PlatformUnavailableError,
    RateLimitedError,
)
from core.events import MessageReceived
from core.live import LiveReplies
from core.messages import Conversation, Message, PlaceRef
from core.policy import Policies, ThreadPolicy
from core.ports import CanTellRooms, ChatPlatform, InTurn, Store
from core.reconciling.finding import Finder, RemembersChats
from core.reconciling.missing import Missing, Span

logger = logging.getLogger(__name__)

_OVERLAP: Final = timedelta(minutes=1)
"""Read again before the moment of the loss: the platform's clock may be behind ours."""
_LONGEST: Final = timedelta(minutes=10)
"""A reply whose question is not known was begun so long before its end at the most."""
_FIRST_QUESTIONS: Final = timedelta(days=1)
"""Older ones are not answered any more where the assistant never answered before."""
_PAGE: Final = 200
"""Replies that are held at a time."""
_MESSAGES: Final = 1_000
"""At most so many messages of one place: a channel in which more is written is not talking to the assistant alone."""
_PLACES: Final = 2_000
"""Of so many it is remembered from when on they were read; a place that is forgotten is only read once more."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a look is for."""

    since: datetime | None = None
    """When the platform was last heard; None: in each place, since its last question that was answered."""
    was_away: bool = True
    """Something was missed, perhaps; else only what went unnoticed, and no question is answered so late."""


class Look:
    """One look over one platform, newest replies first."""

    def __init__(
        self,
        platform: RemembersChats,
        aim: Aim,
        finder: Finder,
        *,
        store: Store,
        live: LiveReplies,
        policies: Policies,
        clock: Clock,
        in_turn: InTurn,
        earliest: datetime,
    ) -> None:
        """Nothing before `earliest` is looked at."""
        self._platform = platform
        self._aim = aim
        self._finder = finder
        self._store = store
        self._live = live
        self._policies = policies
        self._clock = clock
        self._in_turn = in_turn
        self._earliest = earliest
        self._missing = Missing(platform, finder, store, in_turn)
        self._failed: set[PlaceRef] = set()
        self._before: datetime | None = None
        self._unheard_since: datetime | None = None
        """Looks since then did not end."""
        self.pages = 0
        """Pages of replies whose places were looked at."""
        self._unread: deque[PlaceRef] | None = None
        """Where nothing was looked for yet, beside the places of replies."""
        self._read_from: OrderedDict[PlaceRef, datetime] = OrderedDict()

    async def go_on(self) -> None:
        """Look at all places, from where an error ended it before.

        Raises:
            PlatformError: the platform cannot be asked; what was found until then is kept.
            DatabaseUnavailableError: the same for the log.
        """
        if self._aim.was_away and self._unheard_since is None:
            self._unheard_since = await self._store.begin_look(self._platform.name)
        if not self.pages and self._aim.was_away:
            await self._growing()
        while page := await self._store.recent_replies(self._earliest, before=self._before, limit=_PAGE):
            await self._places(page)
            self._before = page[-1].timestamp
            self.pages += 1
        await self._finder.settle()
        if self._aim.was_away:
            await self._rooms()
            await self._finder.settle()
        if self._unheard_since is not None:
            await self._store.end_look(self._platform.name, self._unheard_since)

    async def at(self, reply: Message) -> None:
        """Look at the place of one reply. Raises as `go_on` does."""
        await self._places([reply])
        await self._finder.settle()

    async def _growing(self) -> None:
        """The replies that are not in the log yet."""
        for reply in self._live.showing():
            for part in [each for each in reply.parts if each.platform == self._platform.name]:
                await self._finder.look_at_part(reply.id, reply.place, part)

    async def _places(self, replies: Sequence[Message]) -> None:
        places: dict[PlaceRef, list[tuple[Conversation, Message]]] = {}
        for reply in replies:
            if not reply.parts or reply.parts[0].platform != self._platform.name:
                continue
            if (conversation := await self._store.conversation(reply.conversation_id)) is not None:
                places.setdefault(conversation.place, []).append((conversation, reply))
        for place, here in places.items():
            try:
                await self._place(place, here)
            except RateLimitedError:
                raise  # it says nothing of the place
            except PlatformError as error:
                if place not in self._failed:
                    self._failed.add(place)
                    raise
                # Not even when asked again: the others shall not wait for it.
                logger.warning("place_not_read", extra={"place": place.key, "error": str(error)})
                self._was_read(place, _NEVER)

    async def _rooms(self) -> None:
        """Where the assistant never answered, a first question may stand."""
        platform: ChatPlatform = self._platform
        heard_until = self._aim.since or self._unheard_since
        if not isinstance(platform, CanTellRooms) or heard_until is None:
            return
        since = max(heard_until - _OVERLAP, self._earliest, self._clock.now() - _FIRST_QUESTIONS)
        if self._unread is None:
            rooms: Sequence[PlaceRef] = ()
            with _left_out_if_refused("new ones"):
                rooms = await platform.rooms_since(since, self._in_turn)
            self._unread = deque(rooms)
        while self._unread:
            place = self._unread[0]
            if place not in self._read_from:
                with _left_out_if_refused(place.key):
                    await self._room(place, since)
            self._unread.popleft()

    async def _room(self, place: PlaceRef, since: datetime) -> None:
        asked, read = [], 0
        async with aclosing(self._platform.shown_in(place, since, None, self._in_turn)) as pages:
            async for page in pages:
                asked += [each.told for each in page if each.told and each.told.addressed]
                read += len(page)
                if read > _MESSAGES:
                    break
        for each in sorted(asked, key=lambda each: each.at):
            await self._finder.hand_on(each)

    async def _place(self, place: PlaceRef, here: Sequence[tuple[Conversation, Message]]) -> None:
        span = await self._span(place, [reply for _, reply in here])
        if span.end is not None and span.start >= span.end:
            return
        news_from = await self._news_from(here[0][1])
        try:
            await self._read(place, span)
            if not span.is_whole and span.end is None and news_from > span.start:
                await self._read_news(place, span, news_from)
        except PlaceGoneError:
            self._was_read(place, _NEVER)  # nothing can be learnt of it
            return
        except MessageGoneError:
            span.is_whole = True  # a thread of which nothing is left
        if span.end is None:  # what is older than what was read before is no news
            await self._tell_news(place, span, news_from)
        if span.is_whole:
            await self._missing.find(span, here)
        else:
            await self._look_at_the_rest(span, here)
        self._was_read(place, span.start)

    async def _span(self, place: PlaceRef, replies: Sequence[Message]) -> Span:
        end = self._read_from.get(place)
        starts = [await self._asked_at(each) for each in replies]
        if end is None:
            starts += [each - _OVERLAP for each in (self._aim.since, self._unheard_since) if each is not None]
        return Span(max(min(starts), self._earliest), end, self._clock.now())

    async def _asked_at(self, reply: Message) -> datetime:
        question = await self._store.message(reply.question_id) if reply.question_id else None
        return question.timestamp if question else reply.timestamp - _LONGEST

    async def _read(self, place: PlaceRef, span: Span) -> None:
        asked = span.asked
        async with aclosing(self._platform.shown_in(place, span.start, span.end, self._in_turn)) as pages:
            async for page in pages:
                for shown in page:
                    span.seen.add(shown.message.key)
                    if not await self._finder.look_at(place, shown, asked) and shown.told:
                        span.news[shown.message] = replace(shown, told=replace(shown.told, seen_at=asked))
                if len(span.seen) > _MESSAGES:
                    return
                asked = self._clock.now()
        span.is_whole = True

    async def _read_news(self, place: PlaceRef, span: Span, news_from: datetime) -> None:
        """Where too much is written to read it all, what is new comes first."""
        news = Span(news_from, None, self._clock.now())
        await self._read(place, news)
        span.seen |= news.seen
        span.news |= news.news

    async def _news_from(self, newest: Message) -> datetime:
        since = self._aim.since
        start = await self._asked_at(newest) if since is None else since - _OVERLAP
        if self._unheard_since is not None:
            start = min(start, self._unheard_since - _OVERLAP)
        return max(start, self._earliest)

    async def _tell_news(self, place: PlaceRef, span: Span, news_from: datetime) -> None:
        """Hand on what was written meanwhile, in its order."""
        news = [(each.told, each) for each in span.news.values() if each.told and each.told.at >= news_from]
        for told, shown in sorted(news, key=lambda each: each[0].at):
            if self._is_worth_telling(place, told):
                await self._finder.hand_on(told)
                if shown.tallies and told.seen_at:
                    await self._finder.look_at(place, shown, told.seen_at)

    def _is_worth_telling(self, place: PlaceRef, told: MessageReceived) -> bool:
        # Whoever got no answer for hours has asked again by now; a comment is never too late.
        is_comment = not told.addressed and self._policies.at(place).thread is ThreadPolicy.FEEDBACK
        return self._aim.was_away or is_comment

    async def _look_at_the_rest(self, span: Span, here: Sequence[tuple[Conversation, Message]]) -> None:
        """Where too much is written to read it all, the replies are asked for one by one."""
        for conversation, reply in here:
            for part in reply.parts:
                if part.key not in span.seen:
                    await self._finder.look_at_part(reply.id, conversation.place, part)

    def _was_read(self, place: PlaceRef, start: datetime) -> None:
        self._read_from[place] = start
        if len(self._read_from) > _PLACES:
            self._read_from.popitem(last=False)


@contextmanager
def _left_out_if_refused(place: str) -> Iterator[None]:
    try:
        yield
    except (RateLimitedError, PlatformUnavailableError, PlatformRefusedTokenError):
        raise  # it says nothing of the place
    except PlatformError as error:
        logger.warning("place_not_read", extra={"place": place, "error": str(error)})
