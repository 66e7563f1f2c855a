"""Taking the words out of what is old, in the log and in the tables; the numbers stay, and who said them.

What is left of a record is `erasing.without_words`'s. It is done in small transactions, from where it was left off; a
record that is done changes no more. After how long it is old is not known here.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from core.clock import Clock
from core.ports import Leases
from core.records import Record
from core.store import refolding
from core.store.columns import to_utc
from core.store.consumers import SqlConsumers, move, position
from core.store.engine import Database
from core.store.erasing import without_words
from core.store.ledger import mark_stale
from core.store.log import RECORDS, newest, read_seqs
from core.store.rewording import refold_messages, reword_opinions, rewrite

logger = logging.getLogger(__name__)

_REACHED: Final = ".retention"
"""The name, among those of readers, of the seq up to which everything was old and is done."""
_UNSCRUBBED: Final = ".unscrubbed"
"""The same, of how many records were changed whose old bytes may still be in the files."""
_BATCH: Final = 200
"""Records a transaction: appends wait for some hundredths of a second."""
_WORDY: Final = (
    "add_message",
    "update_message",
    "log_feedback",
    "log_expectation",
    "withdraw_assessment",
    "log_answer",
)


class Retention:
    """Takes the words out of the old records of one database. Every method raises as the store's do."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._consumers = SqlConsumers(database)

    async def redact(self, before: datetime) -> int:
        """Take the words out of every record that happened, or was kept, before a moment; how many were changed.

        Exports that were made from them are stale from then on.
        Appends go on meanwhile. Broken off, it is taken up where it was.
        """
        before = to_utc(before)
        reached = await self._consumers.position(_REACHED) or 0
        done_to = await self._database.read(partial(_all_old_to, after=reached, before=before))
        changed, after = 0, reached
        while seqs := await self._database.read(partial(_old, after=after, before=before)):
            after = seqs[-1]
            changed += await self._database.write(self._redacting(seqs, min(after, done_to)))
        if done_to > reached:
            await self._consumers.move(_REACHED, done_to)
        return changed

    def _redacting(self, seqs: Sequence[int], reached: int) -> Callable[[Connection], int]:
        return partial(_redact, seqs=seqs, reached=reached, at=self._clock.now())

    async def redact_and_scrub(self, before: datetime, leases: Leases) -> None:
        """The same, and the words are taken out of the files too, once a day among all processes."""
        if changed := await self.redact(before):
            logger.info("words_taken_out", extra={"records": changed, "before": before.isoformat()})
        if await self.unscrubbed() and await leases.claim("scrub"):
            await self.scrub()

    async def unscrubbed(self) -> int:
        """How many records were changed whose words may still be in the database's files."""
        return await self._consumers.position(_UNSCRUBBED) or 0

    async def scrub(self) -> None:
        """Take the words that were taken out before out of the files too; it takes as long as writing them anew."""
        pending = await self.unscrubbed()
        await self._database.scrub(_nothing)
        await self._database.write(partial(_scrubbed, count=pending))


def _is_old(before: datetime) -> ColumnElement[bool]:
    # Both clocks: what was found later happened long before it was kept, and a platform's clock may be ahead.
    return or_(RECORDS.c.at < before, RECORDS.c.committed_at < before)


def _all_old_to(connection: Connection, after: int, before: datetime) -> int:
    """The seq up to which all records are old."""
    is_young = and_(RECORDS.c.seq > after, RECORDS.c.at >= before, RECORDS.c.committed_at >= before)
    first = connection.execute(select(RECORDS.c.seq).where(is_young).order_by(RECORDS.c.seq).limit(1)).scalar()
    return newest(connection) if first is None else first - 1


def _old(connection: Connection, after: int, before: datetime) -> list[int]:
    query = select(RECORDS.c.seq).where(RECORDS.c.seq > after, RECORDS.c.type.in_(_WORDY), _is_old(before))
    return list(connection.execute(query.order_by(RECORDS.c.seq).limit(_BATCH)).scalars())


def _redact(connection: Connection, seqs: Sequence[int], reached: int, at: datetime) -> int:
    pairs = [(old, new) for old in read_seqs(connection, seqs) if (new := without_words(old)) != old]
    if pairs:
        _rewrite(connection, pairs)
        mark_stale(connection, [old for old, _ in pairs], at)
        move(connection, _UNSCRUBBED, (position(connection, _UNSCRUBBED) or 0) + len(pairs))
    move(connection, _REACHED, max(reached, position(connection, _REACHED) or 0))
    return len(pairs)


def _rewrite(connection: Connection, pairs: Sequence[tuple[Record, Record]]) -> None:
    refolding.drop(connection)  # what is folded anew beside would bring the words back
    rewrite(connection, pairs)
    reword_opinions(connection, pairs)
    refold_messages(connection, [new for _, new in pairs])


def _scrubbed(connection: Connection, count: int) -> None:
    move(connection, _UNSCRUBBED, max((position(connection, _UNSCRUBBED) or 0) - count, 0))


def _nothing(_connection: Connection) -> None:
    pass
