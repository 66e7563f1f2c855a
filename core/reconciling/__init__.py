"""What happened while the assistant was away: when it is looked for, on which platform, how far back and how fast.

The looking itself is `revisiting`'s. It runs in the background, one look a platform at a time, within a share of what
the platform allows; what is found twice counts once, and what people do meanwhile wins, being later.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock, ClockWatch
from core.errors import DatabaseUnavailableError, PlatformError, RateLimitedError
from core.live import LiveReplies
from core.policy import OnePolicy, Policies
from core.ports import CanLookBack, ChatPlatform, InTurn, Store
from core.reconciling.finding import Finder, Handle, RemembersChats
from core.reconciling.looking import Looks, Sleep
from core.reconciling.revisiting import Aim, Look
from core.tasks import Tasks, cancelled

logger = logging.getLogger(__name__)

SPAN: Final = timedelta(days=3)
"""How far back a reply is still looked at."""
_PAUSES: Final = (2.0, 10.0, 30.0, 120.0)
"""Seconds before going on where looking failed."""


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A look in the background."""

    task: asyncio.Task[None]
    aim: Aim

    @property
    def goes_on(self) -> bool:
        """It has not ended."""
        return not self.task.done()


class Reconciling:
    """Looks back over the conversations of the last days and hands on what was missed, until `stop`."""

    def __init__(
        self,
        *,
        store: Store,
        live: LiveReplies,
        clock: Clock,
        handle: Handle,
        policies: Policies | None = None,
        votes: bool = True,
        span: timedelta = SPAN,
        pauses: Sequence[float] = _PAUSES,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`handle` takes what is found; without `votes` nobody asks for reactions. `pauses`: seconds."""
        self._store = store
        self._live = live
        self._clock = clock
        self._handle = handle
        self._policies = policies or OnePolicy()
        self._votes = votes
        self._span = span
        self._pauses = pauses
        self._sleep = sleep
        self._platforms: dict[str, ChatPlatform] = {}
        self._budgets: dict[str, Looks] = {}
        self._looks: dict[str, _UnderWay] = {}
        self._again: set[str] = set()
        """The platforms that are looked at once more when the look which is under way has ended."""
        self._watch = ClockWatch(clock)
        self._tasks = Tasks()

    def begin(self, platform: ChatPlatform, since: datetime | None) -> None:
        """Do `look_back` in the background; one that is still under way begins anew as a part of this one."""
        self._platforms[platform.name] = platform
        if (before := self._looks.get(platform.name)) and before.goes_on:
            before.task.cancel()
            if before.aim.was_away:
                since = min(since, before.aim.since) if since and before.aim.since else None
        self._start(platform, Aim(since=since))

    def look_at(self, platform: ChatPlatform, reply_id: str) -> None:
        """Find, in the background, what was missed where a reply stands that was not in the log when all was looked at.

        Its process had died, and in its place nobody may have been answered before.
        """
        if isinstance(platform, CanLookBack):
            self._tasks.start(self._look_at(platform, reply_id), f"look where {reply_id} stands")

    async def look_again(self, span: timedelta | None = None) -> None:
        """Begin to look, at a slow pace, for what went unnoticed on each platform that is not being looked at.

        `span`: how far back from now on.
        """
        self._span = span or self._span
        for name, platform in self._platforms.items():
            if name not in self._looks or not self._looks[name].goes_on:
                self._start(platform, Aim(was_away=False))

    async def heed_clock(self) -> None:
        """Where the clock was set since this was asked last, look at everything again; to be asked every few seconds.

        What people did and when a platform was asked are told apart by their times. It is set, too, where a machine
        that slept wakes up.
        """
        if set_by := self._watch.set_by():
            logger.info("clock_was_set", extra={"seconds": round(set_by, 1)})
            for name, platform in self._platforms.items():
                if name in self._looks and self._looks[name].goes_on:
                    self._again.add(name)
                else:
                    self._start(platform, Aim())

    async def stop(self) -> None:
        """Look no further."""
        await cancelled([each.task for each in self._looks.values()])
        await self._tasks.cancel()

    async def look_back(self, platform: ChatPlatform, since: datetime | None, *, was_away: bool = True) -> int:
        """Hand on what was missed since `since`, newest conversations first; returns how many events that were.

        `since` None: in each place since its last question that was answered. Without `was_away`: as `look_again`.

        Raises:
            PlatformError: the platform cannot be asked; what was found until then is kept.
            DatabaseUnavailableError: the same for the log.
        """
        if not isinstance(platform, CanLookBack):
            return 0
        look, finder = self._look(platform, Aim(since=since, was_away=was_away))
        await look.go_on()
        return finder.found

    def _start(self, platform: ChatPlatform, aim: Aim) -> None:
        if isinstance(platform, CanLookBack):
            task = asyncio.create_task(self._look_until_done(platform, aim), name=f"look back on {platform.name}")
            task.add_done_callback(_tell_of_failure)
            self._looks[platform.name] = _UnderWay(task, aim)

    async def _look_until_done(self, platform: RemembersChats, aim: Aim) -> None:
        look, finder = self._look(platform, aim)
        failures = 0
        while failures <= len(self._pauses):
            progress = look.pages
            try:
                await look.go_on()
            except RateLimitedError as error:
                # Of a call that does not go by the budget: whose words these are is asked at once.
                logger.info("look_back_waits", extra={"platform": platform.name, "seconds": error.retry_after})
                await self._sleep(error.retry_after)
            except (PlatformError, DatabaseUnavailableError) as error:
                logger.warning("look_back_failed", extra={"platform": platform.name, "error": str(error)})
                failures = 1 if look.pages > progress else failures + 1
                await self._sleep((*self._pauses, 0.0)[failures - 1])
            else:
                logger.info("looked_back", extra={"platform": platform.name, "found": finder.found})
                break
        if platform.name in self._again:
            self._again.discard(platform.name)
            self._start(platform, Aim())

    async def _look_at(self, platform: RemembersChats, reply_id: str) -> None:
        look, _ = self._look(platform, Aim())
        for pause in (*self._pauses, 0.0):
            try:
                if (reply := await self._store.message(reply_id)) is not None:
                    await look.at(reply)
            except (PlatformError, DatabaseUnavailableError) as error:
                logger.warning("look_back_failed", extra={"platform": platform.name, "error": str(error)})
                await self._sleep(pause)
            else:
                return

    def _look(self, platform: RemembersChats, aim: Aim) -> tuple[Look, Finder]:
        budget = self._budgets.get(platform.name)
        if budget is None:
            budget = Looks(
                platform.limits.looks, self._clock, is_busy=lambda: bool(self._live.showing()), sleep=self._sleep
            )
            self._budgets[platform.name] = budget
        in_turn: InTurn = budget.at_once if aim.was_away else budget.evenly
        finder = Finder(
            platform,
            store=self._store,
            policies=self._policies,
            clock=self._clock,
            handle=self._handle,
            in_turn=in_turn,
            thoroughly=aim.was_away,
            votes=self._votes,
            sleep=self._sleep,
        )
        look = Look(
            platform,
            aim,
            finder,
            store=self._store,
            live=self._live,
            policies=self._policies,
            clock=self._clock,
            in_turn=in_turn,
            earliest=self._clock.now() - self._span,
        )
        return look, finder


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("look_back_broke_off", extra={"task": task.get_name()}, exc_info=error)
