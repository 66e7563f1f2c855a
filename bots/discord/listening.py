"""Frames on their way to the core: named, translated, told once, and told until they are kept.

The gateway neither names a reaction nor waits for an acknowledgement: what is not kept at the first try is tried
again from here.
"""

import asyncio
import itertools
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from bots.discord.surroundings import CachedSurroundings
from bots.discord.translate import EVENTS, channel_of, translate
from core.clock import Clock
from core.errors import DatabaseUnavailableError
from core.events import Event, Interaction, ReactionAdded, ReactionRemoved, ReactionsCleared
from core.tasks import cancelled

logger = logging.getLogger(__name__)

Take: TypeAlias = Callable[[Event], Awaitable[None]]

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, *[15.0] * 40)
"""Seconds between tries while the database is away: ten minutes in all."""
_LAST_WORDS: Final = 3.0
"""Seconds that what was heard before the end may take to be kept."""
_REMEMBERED: Final = 10_000


class Repeats:
    """Knows a reaction that is told again.

    A frame told again has the number it had, which is its name. Beyond that, nobody can add an emoji that they have
    added already, nor remove one twice: within a session, in which nothing is missed, the second is the first again.
    """

    def __init__(self) -> None:
        self._added: OrderedDict[tuple[str, str, str], bool] = OrderedDict()

    def is_one(self, event: Event) -> bool:
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
        if len(self._added) > _REMEMBERED:
            self._added.popitem(last=False)
        return before is added

    def forget(self) -> None:
        """A new session begins; who knows what happened before it."""
        self._added.clear()


class Listener:
    """Hears frames and hands their events to `take`, in the order in which they came."""

    def __init__(
        self, around: CachedSurroundings, take: Take, clock: Clock, *, pauses: Sequence[float] = _PAUSES
    ) -> None:
        self._around = around
        self._take = take
        self._clock = clock
        self._pauses = pauses
        self._session = secrets.token_hex(8)
        self._unnumbered = itertools.count()
        self._repeats = Repeats()
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, frame: Mapping[str, Any]) -> None:
        """Take note of a frame; returns at once."""
        kind = frame.get("t")
        if kind == "READY":
            self._begin(frame)
        elif isinstance(kind, str) and kind in EVENTS:
            number = frame.get("s")
            name = f"{self._session}:{number if isinstance(number, int) else f'x{next(self._unnumbered)}'}"
            self._around.note(frame)
            channel = channel_of(frame)
            if channel is not None and self._around.channel(channel) is None:
                self._spawn(self._translate_later(frame, name, channel, *self._moment()), name)
            else:
                self._translate(frame, name, *self._moment())

    async def close(self) -> None:
        """Let what was heard be kept, for a moment; then drop it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
        await cancelled(self._tasks)

    def _begin(self, frame: Mapping[str, Any]) -> None:
        data = frame.get("d")
        session = data.get("session_id") if isinstance(data, dict) else None
        self._session = session if isinstance(session, str) and session else secrets.token_hex(8)
        self._repeats.forget()

    def _moment(self) -> tuple[datetime, float]:
        return self._clock.now(), self._clock.monotonic()

    def _translate(self, frame: Mapping[str, Any], name: str, now: datetime, heard: float) -> None:
        for event in translate(frame, self._around, name=name, now=now, heard=heard):
            if not self._repeats.is_one(event):
                self._spawn(self._tell(event), event.event_id)

    async def _translate_later(
        self, frame: Mapping[str, Any], name: str, channel: str, now: datetime, heard: float
    ) -> None:
        await self._around.know(channel)
        self._translate(frame, name, now, heard)

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
