"""Frames on their way to the core: translated, named, told once, and told until they are kept.

The gateway neither names a reaction nor waits for an acknowledgement: what is not kept at the first try is tried
again from here.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from bots.discord.surroundings import CachedSurroundings
from bots.discord.translate import EVENTS, channel_of, translate
from core.clock import Clock
from core.errors import DatabaseUnavailableError
from core.events import Event, Interaction, ReactionAdded, ReactionRemoved, ReactionsCleared

logger = logging.getLogger(__name__)

Take: TypeAlias = Callable[[Event], Awaitable[None]]

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, *[15.0] * 40)
"""Seconds between tries while the database is away: ten minutes in all."""
_LAST_WORDS: Final = 3.0
"""Seconds that what was heard before the end may take to be kept."""
_REMEMBERED: Final = 10_000
_AT_ONCE: Final = 2.0
"""Seconds within which two sessions tell of the same reaction."""


class Reactions:
    """Knows a reaction that is told again, and names those that are not.

    Discord gives them no names. Within a session, in which nothing is missed, nobody can add an emoji that they have
    added already, nor remove one twice: the second is the first again. Other processes may hear the same one in a
    session of their own, within milliseconds: who, what, when in seconds and for which time in this process is its
    name. Seldom a second ends between the two; then the log has it twice, and it counts once all the same.
    """

    def __init__(self) -> None:
        self._added: OrderedDict[tuple[str, str, str], bool] = OrderedDict()
        self._times: OrderedDict[str, int] = OrderedDict()

    def is_repeated(self, event: Event) -> bool:
        """Whether `event` says what the one before it on the same thing said."""
        if isinstance(event, ReactionsCleared):
            gone = [each for each in self._added if each[0] == event.message.key and event.emoji in (None, each[2])]
            for each in gone:
                self._added[each] = False
            return False
        if not isinstance(event, ReactionAdded | ReactionRemoved):
            return False
        name = (event.message.key, event.person.key, event.emoji)
        added = isinstance(event, ReactionAdded)
        before = self._added.pop(name, None)
        self._added[name] = added
        _keep_newest(self._added)
        return before is added

    def named(self, event: Event) -> Event:
        """`event` with the name that it has in every session that hears it, if it is a reaction."""
        if not isinstance(event, ReactionAdded | ReactionRemoved | ReactionsCleared):
            return event
        person = "" if isinstance(event, ReactionsCleared) else event.person.id
        what = f"{type(event).__name__}:{person}:{event.emoji}:{int(event.at.timestamp() / _AT_ONCE)}"
        # The person's id is not to be read in it: the name stays in the log's keys.
        name = f"{event.message.id}:{hashlib.sha256(f'{event.message.key}:{what}'.encode()).hexdigest()[:24]}"
        time = self._times.pop(name, 0) + 1
        self._times[name] = time
        _keep_newest(self._times)
        return replace(event, event_id=f"{name}:{time}")

    def forget(self) -> None:
        """A new session begins; who knows what happened before it. The names go on."""
        self._added.clear()


def _keep_newest(known: OrderedDict[Any, Any]) -> None:
    if len(known) > _REMEMBERED:
        known.popitem(last=False)


class Listener:
    """Hears frames and hands their events to `take`, in the order in which they came."""

    def __init__(
        self, around: CachedSurroundings, take: Take, clock: Clock, *, pauses: Sequence[float] = _PAUSES
    ) -> None:
        self._around = around
        self._take = take
        self._clock = clock
        self._pauses = pauses
        self._reactions = Reactions()
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, frame: Mapping[str, Any]) -> None:
        """Take note of a frame; returns at once."""
        kind = frame.get("t")
        if kind == "READY":
            self._reactions.forget()
        elif isinstance(kind, str) and kind in EVENTS:
            self._around.note(frame)
            channel = channel_of(frame)
            if channel is not None and self._around.channel(channel) is None:
                self._spawn(self._translate_later(frame, self._clock.now(), channel), kind)
            else:
                self._translate(frame, self._clock.now())

    async def close(self) -> None:
        """Let what was heard be kept, for a moment; then drop it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _translate(self, frame: Mapping[str, Any], now: datetime) -> None:
        for event in translate(frame, self._around, now=now):
            if not self._reactions.is_repeated(event):
                named = self._reactions.named(event)
                self._spawn(self._tell(named), named.event_id)

    async def _translate_later(self, frame: Mapping[str, Any], now: datetime, channel: str) -> None:
        await self._around.know(channel)
        self._translate(frame, now)

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"pass on {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("event_failed", extra={"task": task.get_name()}, exc_info=error)

    async def _tell(self, event: Event) -> None:
        if isinstance(event, Interaction):
            return await self._take(event)  # whoever acted was told by now how it went: it is theirs to try again
        for pause in self._pauses:
            try:
                return await self._take(event)
            except DatabaseUnavailableError as error:
                logger.warning("event_not_kept_yet", extra={"event_id": event.event_id, "error": str(error)})
                await asyncio.sleep(pause)
        logger.error("event_not_kept", extra={"event_id": event.event_id})
        return None
