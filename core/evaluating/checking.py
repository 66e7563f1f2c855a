"""Checks at work: over the replies of the log, or over those that come. What is checked is not checked again."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection, bindparam, false, func, literal_column, select

from core.clock import Clock
from core.evaluating.checks import Check, CheckedReply
from core.evaluating.records import About, Records, Said
from core.evaluating.running import Keeping
from core.feedback import SourceType
from core.messages import ReplyStatus, Role
from core.records import Record
from core.store.consumers import SqlConsumers
from core.store.engine import Database
from core.store.log import RECORDS
from core.store.tables import AssessmentRow, ConversationRow, MessageRow, table

logger = logging.getLogger(__name__)

CONSUMER: Final = ".checks"
"""The name of the reader that checks what comes; those with a dot are the store's own."""
_ORIGIN: Final = "check"
_PAGE: Final = 200
"""Replies held in memory at a time."""

_m, _q, _c, _a = table(MessageRow), table(MessageRow).alias("question"), table(ConversationRow), table(AssessmentRow)
_replies = (
    select(
        _m.c.id,
        _m.c.conversation_id,
        _m.c.content,
        _m.c.model_id,
        _m.c.finish_reason,
        _m.c.question_id,
        _c.c.place,
        _q.c.author,
        _q.c.content.label("question"),
    )
    .select_from(_m.outerjoin(_q, _q.c.id == _m.c.question_id).outerjoin(_c, _c.c.id == _m.c.conversation_id))
    .where(
        _m.c.role == literal_column(f"'{Role.ASSISTANT.value}'"),
        _m.c.status == ReplyStatus.COMPLETE.value,
        _m.c.deleted == false(),
        _m.c.withheld == false(),
    )
    .order_by(_m.c.id)
)
_of_ids = _replies.where(_m.c.id.in_(bindparam("ids", expanding=True)))
_checked = select(_a.c.message_id, _a.c.source_id).where(
    _a.c.message_id.in_(bindparam("ids", expanding=True)), _a.c.source_type == SourceType.CODE.value
)
_came = (
    select(RECORDS.c.seq, RECORDS.c.message_id)
    .where(RECORDS.c.seq > bindparam("after"), RECORDS.c.type == "add_message")
    .order_by(RECORDS.c.seq)
    .limit(_PAGE)
)


class Log(Keeping, Protocol):
    """As much of a store as is needed."""

    async def newest(self) -> int:
        """The seq of the newest record; 0 where there is none."""
        ...


class Checker:
    """Checks replies, and keeps what the checks say. Every method raises as the store's do."""

    def __init__(self, database: Database, log: Log, records: Records, clock: Clock, checks: Sequence[Check]) -> None:
        self._database = database
        self._log = log
        self._records = records
        self._clock = clock
        self._checks = checks
        self.broken: dict[str, str] = {}
        """The checks that failed themselves, and how. They say nothing of the reply at which they did."""

    async def check_all(
        self, since: datetime | None, until: datetime | None, passed: Callable[[int], None] = lambda _: None
    ) -> int:
        """Check the replies in [`since`, `until`) that are not checked yet; how many there were.

        `passed` is told how many replies were looked at, again and again.
        """
        after, looked, checked = "", 0, 0
        while page := await self._database.read(partial(_page, after=after, since=since, until=until)):
            after, looked = page[-1].id, looked + len(page)
            checked += await self._check(page)
            passed(looked)
        return checked

    async def check_new(self) -> int:
        """Check the replies that came since the last time, beginning with those that come after the first."""
        consumers, checked = SqlConsumers(self._database), 0
        after = await consumers.position(CONSUMER)
        if after is None:
            await consumers.move(CONSUMER, await self._log.newest())
            return 0
        while came := await self._database.read(partial(_new, after=after)):
            ids = [each.message_id for each in came]
            checked += await self._check(await self._database.read(partial(_by_ids, ids=ids)))
            after = came[-1].seq
            await consumers.move(CONSUMER, after)
        return checked

    async def count(self, since: datetime | None, until: datetime | None) -> int:
        """How many replies there are to look at."""
        query = _replies.where(*_bounds(since, until)).order_by(None).subquery()
        counted = select(func.count()).select_from(query)
        return await self._database.read(lambda connection: connection.execute(counted).scalar_one())

    async def _check(self, replies: Sequence[Any]) -> int:
        """Check those that are not, and keep what is said; how many they were."""
        ids = [each.id for each in replies]
        done = await self._database.read(partial(_done, ids=ids))
        # Somebody's check may take its time: the loop goes on meanwhile.
        found = await asyncio.to_thread(self._findings, replies, done)
        records = [record for each in found for record in each]
        if records:
            await self._log.append(*records)
        return sum(1 for each in found if each)

    def _findings(self, replies: Sequence[Any], done: Collection[tuple[str, str]]) -> list[list[Record]]:
        return [self._said_of(each, done) for each in replies]

    def _said_of(self, row: Any, done: Collection[tuple[str, str]]) -> list[Record]:
        reply = CheckedReply(
            question=row.question or "", text=row.content, finish_reason=row.finish_reason, model=row.model_id or ""
        )
        about = About(
            message_id=row.id,
            conversation_id=row.conversation_id,
            place=row.place or "",
            question_id=row.question_id,
            asker=row.author or None,
        )
        records = []
        for check in self._checks:
            if (row.id, check.source_id) in done:
                continue
            said = self._said(check, reply)
            if said is not None:
                records.append(self._records.said(about, said, self._clock.now()))
        return records

    def _said(self, check: Check, reply: CheckedReply) -> Said | None:
        try:
            finding = check.of(reply)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in somebody's function
            if check.name not in self.broken:
                # Not the error itself: it may repeat the reply.
                logger.warning("check_failed", extra={"check": check.name, "error": type(error).__name__})
            self.broken[check.name] = repr(error)
            return None
        if finding is None:
            return None
        return Said(SourceType.CODE, check.source_id, _ORIGIN, check.name, finding.value, finding.reason)


def _bounds(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    bounds = []
    if since is not None:
        bounds.append(_m.c.timestamp >= since)
    if until is not None:
        bounds.append(_m.c.timestamp < until)
    return bounds


def _page(connection: Connection, after: str, since: datetime | None, until: datetime | None) -> Sequence[Any]:
    return connection.execute(_replies.where(_m.c.id > after, *_bounds(since, until)).limit(_PAGE)).all()


def _by_ids(connection: Connection, ids: Sequence[str]) -> Sequence[Any]:
    return connection.execute(_of_ids, {"ids": ids}).all()


def _done(connection: Connection, ids: Sequence[str]) -> set[tuple[str, str]]:
    return {(row.message_id, row.source_id) for row in connection.execute(_checked, {"ids": ids})}


def _new(connection: Connection, after: int) -> Sequence[Any]:
    return connection.execute(_came, {"after": after}).all()
