"""When what is told: digests by the calendar, falls when they are seen. Each once, however many processes there are.

A claim on the place keeps two processes from telling at once, and a try that failed from being made again at once; the
ledger knows what was told. A process that dies between the post and the ledger makes the next one tell it again.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

from core.clock import Clock
from core.controls import Attachment
from core.errors import DatabaseUnavailableError, PlatformError
from core.insight.alert import REACH, Fall, GivenVote, fall
from core.insight.charts import day_chart
from core.insight.digest import Digest, digest
from core.insight.drawn import drawn
from core.insight.worst import DislikedReply, worst
from core.messages import PlaceRef
from core.policy import telling as keys
from core.ports import ChatPlatform, Leases
from core.schedule import Calendar
from core.store.counts import Division
from core.store.sql import SqlStore
from core.telling.posting import links_to, post
from core.telling.words import alert_lines, digest_lines

logger = logging.getLogger(__name__)

LATE: Final = timedelta(hours=6)
"""How long a digest is due."""
_TRYING: Final = 180.0
"""Seconds after which another process may tell what this one began to."""
_AGAIN: Final = 300.0
"""Seconds before another try."""
_SHOWN: Final = "The positive rate day by day, with its interval, and how many people voted."
DIGEST, ALERT = "digest", "alert"
"""Their kinds in the ledger."""
_NO_RECORDS: Final = {"seq_from": 1, "seq_to": 0}
"""Numbers and links alone: no erasure makes them stale."""


class Plans(Protocol):
    """What is to be told, and where; it may be read again meanwhile."""

    @property
    def digest(self) -> keys.Digest:
        """When which figures are posted where."""
        ...

    @property
    def alert(self) -> keys.Alert:
        """How it is watched whether people like the replies less than they did."""
        ...


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells what is due, on the platforms that this process is connected to."""

    store: SqlStore
    leases: Leases
    platforms: Mapping[str, ChatPlatform]
    plans: Plans
    clock: Clock
    told: set[tuple[str, str]] = field(default_factory=set)
    """The place and the time of the digests that need not be thought of again."""
    looks: dict[str, datetime] = field(default_factory=dict)
    """When it is tried again, by place, to look for a fall."""

    async def tell(self) -> None:
        """Tell what is due by now. What goes wrong is logged, and tried again."""
        for work in (self._tell_digest, self._tell_alert):
            try:
                await work()
            except DatabaseUnavailableError as error:
                logger.warning("not_told", extra={"error": str(error)})

    # The digest

    async def _tell_digest(self) -> None:
        plan, now = self.plans.digest, self.clock.now()
        if plan.at is None or not plan.to:
            return
        due = Calendar(plan.at, plan.zone).latest(now - LATE, now)
        if due is None:
            return
        # By the clock on the wall: an hour that is repeated in autumn is one.
        slot = f"{due:%Y-%m-%d %H:%M} {plan.zone}"
        for place in plan.to:
            platform = self.platforms.get(place.platform)
            if platform is not None and (place.key, slot) not in self.told:
                await self._tell_digest_in(place, platform, due, slot)

    async def _tell_digest_in(self, place: PlaceRef, platform: ChatPlatform, due: datetime, slot: str) -> None:
        claim = f"{DIGEST}:{place.key}"
        if not await self.leases.claim(claim, seconds=_TRYING):
            return
        last = await self.store.ledger().latest(DIGEST, place.key)
        # Where the calendar was changed since, another time that is over is not made up for.
        if last is None or (last.made_at < due and last.options.get("slot") != slot):
            plan = self.plans.digest
            found = await digest(self.store, due, days=plan.days, worst_replies=plan.worst)
            try:
                await post_digest(found, plan, place, platform, name=f"{claim} {slot}")
            except PlatformError as error:
                logger.warning("digest_not_posted", extra={"place": place.key, "error": str(error)})
                await self.leases.prolong(claim, _AGAIN)
                return
            await note(self.store, DIGEST, place, {"slot": slot}, found.worst, quotes=plan.quotes)
            logger.info("digest_posted", extra={"place": place.key, "slot": slot})
        self.told.add((place.key, slot))
        await self.leases.prolong(claim, 0)

    # The alert

    async def _tell_alert(self) -> None:
        plan = self.plans.alert
        places = self.plans.digest.to if plan.to is None else plan.to
        if plan.every is None:
            return
        now, seconds = self.clock.now(), plan.every.total_seconds()
        for place in places:
            platform = self.platforms.get(place.platform)
            if platform is None or now < self.looks.get(place.key, now):
                continue
            # A claim is a write, which need not be tried with every look at the clock.
            self.looks[place.key] = now + timedelta(seconds=min(seconds, _AGAIN))
            if await self.leases.claim(f"{ALERT}:{place.key}", seconds=seconds):
                await self._tell_alert_in(place, platform)

    async def _tell_alert_in(self, place: PlaceRef, platform: ChatPlatform) -> None:
        plan, quotes = self.plans.alert, self.plans.digest.quotes
        found = await self._fall(place)
        if found is None:
            return
        since = datetime.combine(found.since, time(), UTC)
        disliked = await worst(self.store, self.plans.digest.worst, since=since)
        links = await links_to(platform, disliked)
        lines = alert_lines(found, disliked, once_in_days=plan.once_in_days, links=links, quotes=quotes)
        try:
            await post(platform, place, lines, None, f"{ALERT}:{place.key} {found.since}")
        except PlatformError as error:
            logger.warning("alert_not_posted", extra={"place": place.key, "error": str(error)})
            await self.leases.prolong(f"{ALERT}:{place.key}", _AGAIN)
            return
        await note(self.store, ALERT, place, {"since": f"{found.since}"}, disliked, quotes=quotes)
        logger.info("alert_posted", extra={"place": place.key, "since": f"{found.since}"})

    async def _fall(self, place: PlaceRef) -> Fall | None:
        """The fall that this place was not told of yet."""
        now = self.clock.now()
        last = await self.store.ledger().latest(ALERT, place.key)
        votes = await recent_votes(self.store, now)
        # In a thread: a second of computing would keep replies waiting.
        return await asyncio.to_thread(
            fall,
            votes,
            now,
            once_in_days=self.plans.alert.once_in_days,
            last=date.fromisoformat(last.options["since"]) if last else None,
            told=last.made_at.date() if last else None,
        )


async def recent_votes(store: SqlStore, now: datetime) -> list[GivenVote]:
    """The votes until `now` that a fall is looked for in."""
    since = now - REACH
    models = [name for part in (await store.tally((Division.MODEL,), since)).parts for name in part.part]
    votes = await store.model_votes(models, since)
    return [GivenVote(each.person, each.at, each.positive) for each in votes if each.at <= now]


async def post_digest(found: Digest, plan: keys.Digest, place: PlaceRef, platform: ChatPlatform, *, name: str) -> None:
    """Post a digest with its chart. Raises PlatformError."""
    links = await links_to(platform, found.worst)
    lines = digest_lines(found, zone=plan.zone, links=links, quotes=plan.quotes)
    png = await drawn(day_chart(found.by_day)) if found.report.by_people.people else None
    chart = Attachment(f"plaudit-{found.until:%Y-%m-%d}.png", png, _SHOWN) if png else None
    await post(platform, place, lines, chart, name)


async def note(
    store: SqlStore,
    kind: str,
    place: PlaceRef,
    options: Mapping[str, str],
    disliked: Sequence[DislikedReply],
    *,
    quotes: bool,
) -> None:
    """Enter what was told in the ledger; with the records whose words are quoted, so that an erasure finds them."""
    seqs = [reason.seq for each in (disliked if quotes else ()) for reason in await store.explain(each.message_id)]
    span = {"seq_from": min(seqs), "seq_to": max(seqs)} if seqs else _NO_RECORDS
    await store.ledger().note(kind, place.key, **span, options=dict(options))
