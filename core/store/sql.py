"""The store on a database: the port's appends and reads, and what the command line asks for besides."""

import time as time_
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from types import TracebackType
from typing import Self

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock, SystemClock
from core.errors import DatabaseUnavailableError, NotFoundError
from core.feedback import Assessment
from core.messages import Conversation, Message, MessageRef, PersonRef, PlaceRef
from core.pseudonyms import Pseudonyms
from core.records import Record
from core.store import log, looks, queries, refolding, views
from core.store.browsing import Browsing
from core.store.changes import Change
from core.store.columns import to_utc
from core.store.condition import Condition, condition
from core.store.consumers import SqlConsumers
from core.store.counts import Division, Tally
from core.store.engine import Database
from core.store.envelope import Entry, entry
from core.store.erasing import Erasure, is_erased, question_of, without_words
from core.store.explaining import Reason, explain
from core.store.grouping import tally
from core.store.history import walk
from core.store.installations import Installations
from core.store.keys import pseudonyms_of
from core.store.leases import SqlLeases
from core.store.ledger import Ledger
from core.store.past import Past, past
from core.store.rebuilding import rebuilding
from core.store.refolding import Difference
from core.store.retention import Retention
from core.store.rewriting import Found, Rewriting, find
from core.store.spending import SqlSpending
from core.store.sql_counts import SqlCounts
from core.store.statements import Statements
from core.store.touched import Touched, touched
from core.store.traces import Traces
from core.store.web_keys import WebKeys
from core.store.writer import GroupWriter
from core.watching import COUNTED

PAGE = 1_000
"""Records held in memory at a time while the log is read."""


def _unheard(_reached: int) -> None:
    pass


class SqlStore(SqlCounts):
    """A `Store` on an open database whose schema is current. `async with` runs its writer and drains it at the end.

    Every method raises `DatabaseUnavailableError` when the database cannot be reached.
    """

    def __init__(self, database: Database, clock: Clock | None = None, *, pseudonym_key: str | None = None) -> None:
        self._database = database
        self._pseudonym_key = pseudonym_key
        self._pseudonyms: Pseudonyms | None = None
        self._clock = clock or SystemClock()
        self._statements = Statements(database.dialect)
        self._writer = GroupWriter(self._commit)

    async def __aenter__(self) -> Self:
        await self._writer.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._writer.__aexit__(kind, error, traceback)

    @property
    def database(self) -> Database:
        """What it stands on, for rooms that read it in ways of their own."""
        return self._database

    def ledger(self) -> Ledger:
        """What was given records out of the log."""
        return Ledger(self._database, self._clock)

    def consumers(self) -> SqlConsumers:
        """How far its named readers have read."""
        return SqlConsumers(self._database)

    def browsing(self) -> Browsing:
        """What looks through the replies."""
        return Browsing(self._database)

    async def touched(self, after: int) -> Touched:
        """Of which days the replies are that the records after `after` say something of."""
        return await self._database.read(partial(touched, after=after))

    async def tally_of_days(self, divisions: Sequence[Division], first: date, last: date) -> Tally:
        """The counts of the replies of the days from `first` to `last`, in UTC, which are few of all there are."""
        since, until = (datetime.combine(each, time(), UTC) for each in (first, last + timedelta(days=1)))
        return await self._database.read(partial(tally, divisions=divisions, since=since, until=until, few=True))

    async def condition(self, since: datetime) -> Condition:
        """How the database is, what waits in it, and how replies ended since a moment."""
        return await self._database.read(partial(condition, since=to_utc(since)))

    def retention(self) -> Retention:
        """What takes the words out of what is old."""
        return Retention(self._database, self._clock)

    def web_keys(self) -> WebKeys:
        """Who may do what over HTTP."""
        return WebKeys(self._database, self._clock)

    def installations(self) -> Installations:
        """Where the app is installed in Slack."""
        return Installations(self._database, self._clock)

    def spending(self) -> SqlSpending:
        """What people and channels have spent of their day's budget."""
        return SqlSpending(self._database, self.pseudonyms)

    def traces(self) -> Traces:
        """The replies by their trace ids."""
        return Traces(self._database)

    def leases(self) -> SqlLeases:
        """The leases in the same database."""
        return SqlLeases(self._database)

    async def pseudonyms(self) -> Pseudonyms:
        """What people are called in everything that is shown or given away."""
        self._pseudonyms = self._pseudonyms or await pseudonyms_of(self._database, self._pseudonym_key)
        return self._pseudonyms

    async def append(self, *records: Record) -> list[bool]:
        """Keep `records` in order, all or none; True for each that is new. Raises ValueError for one it cannot keep."""
        if not records:
            return []
        began = time_.monotonic()
        try:
            new = await self._writer.append([entry(record) for record in records])
        except DatabaseUnavailableError:
            COUNTED.unkept += len(records)
            raise
        kept = [(each.type, each.source, each.data) for each, is_new in zip(records, new, strict=True) if is_new]
        COUNTED.kept(kept, time_.monotonic() - began)
        return new

    async def latest_conversation(self, place: PlaceRef) -> Conversation | None:
        """The newest conversation that was started in a lasting place, ended or not."""
        return await self._database.read(partial(queries.latest_conversation, place=place))

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """The conversation of this id."""
        return await self._database.read(partial(queries.conversation, conversation_id=conversation_id))

    async def idle_conversations(self, before: datetime) -> list[Conversation]:
        """The open conversations without a message since `before`, the longest idle first."""
        return await self._database.read(partial(queries.idle_conversations, before=to_utc(before)))

    async def recent_replies(
        self, since: datetime, *, before: datetime | None = None, limit: int | None = None
    ) -> list[Message]:
        """The assistant's messages in [`since`, `before`) that are not deleted, newest first; see the port."""
        since, before = to_utc(since), before and to_utc(before)
        return await self._database.read(partial(queries.recent_replies, since=since, before=before, limit=limit))

    async def begin_look(self, platform: str) -> datetime:
        """Note that it is looked for what went unheard; see the port."""
        return await self._database.touch(partial(looks.begin, platform=platform, now=self._clock.now()))

    async def end_look(self, platform: str, since: datetime) -> None:
        """It ended."""
        await self._database.touch(partial(looks.end, platform=platform, since=since))

    async def unanswered(self, since: datetime, before: datetime) -> list[Message]:
        """The questions asked in [`since`, `before`) that have no reply; see the port."""
        return await self._database.read(partial(queries.unanswered, since=since, before=before))

    async def message(self, message_id: str) -> Message | None:
        """The message of this id, be it deleted or not."""
        return await self._database.read(partial(queries.message, message_id=message_id))

    async def message_at(self, ref: MessageRef) -> Message | None:
        """The message of which `ref` is a part, be it deleted or not."""
        return await self._database.read(partial(queries.message_at, ref=ref))

    async def last_reply(self, conversation_id: str) -> Message | None:
        """The newest message of the assistant that is still there."""
        return await self._database.read(partial(queries.last_reply, conversation_id=conversation_id))

    async def history(self, conversation_id: str, *, limit: int, up_to: str | None = None) -> list[Message]:
        """The newest `limit` messages that are not deleted, oldest first; none after the message `up_to`.

        A conversation that branched from a message is preceded by that message's own history. Raises NotFoundError
        for an `up_to` that is in neither.
        """

        def work(connection: Connection) -> list[Message]:
            return walk(queries.Messages(connection), conversation_id, limit=limit, up_to=up_to)

        return await self._database.read(work)

    async def assessments(self, message_id: str) -> list[Assessment]:
        """The assessments of a message that count, oldest first."""
        return await self._database.read(partial(queries.assessments, message_id=message_id))

    async def standing_assessments(self, message_id: str, person: str | None = None) -> list[Assessment]:
        """The assessments of a message that were not taken back, oldest first; of one person, or of all."""
        read = partial(queries.standing_assessments, message_id=message_id, person=person)
        return await self._database.read(read)

    async def last_said(self, message_id: str, person: str, names: Collection[str]) -> datetime | None:
        """When a person (`PersonRef.key`) last said something of a message under these names, or took it back."""
        return await self._database.read(partial(queries.last_said, message_id=message_id, person=person, names=names))

    async def assessment_from(self, origin: str) -> Assessment | None:
        """The standing assessment that came from `origin`."""
        return await self._database.read(partial(queries.assessment_from, origin=origin))

    async def opted_out(self, person: str) -> bool:
        """Whether a person (`PersonRef.key`) said last that nothing of theirs may be kept."""
        return await self._database.read(partial(queries.opted_out, person=person))

    async def consented_at(self, person: str) -> datetime | None:
        """When a person (`PersonRef.key`) last said what may be kept; None: never."""
        return await self._database.read(partial(queries.consented_at, person=person))

    async def chosen_model(self, place: PlaceRef) -> str:
        """The id of the model that was chosen last in the channel of `place`; empty: the usual one."""
        return await self._database.read(partial(queries.chosen_model, place=place.channel_key))

    async def called(self, name: str) -> PersonRef | None:
        """The person who has a pseudonym in views; None where nobody has it who was not erased."""
        pseudonyms = await self.pseudonyms()
        people = await self._database.read(queries.people)
        found = (key for key in people if not is_erased(key) and pseudonyms.of(key) == name)
        key = next(found, None)
        return None if key is None else PersonRef.parse(key)

    async def data_of(self, person: str) -> AsyncIterator[Record]:
        """Every record that holds data of a person (`PersonRef.key`), in the order of `seq`; memory stays flat."""
        after = 0
        while page := await self._database.read(partial(log.read_subject, subject=person, after=after, limit=PAGE)):
            for record in page:
                yield record
            after = page[-1].seq or after

    async def erase(self, person: PersonRef) -> int:
        """Erase a person's words, name and ids for good, from the log and the tables; the numbers stay.

        Returns how many records were changed: none where it was done before. Their consent stands as it stood. It
        takes as long as reading the log once and, on SQLite, writing the file anew; appends wait for part of it.
        """
        erasure = Erasure.of(person, self._clock.now())
        # Most of the reading is done while others write.
        found = await self._database.read(partial(find, erasure=erasure))
        return await self._database.scrub(partial(self._erase, erasure=erasure, found=found))

    def _erase(self, connection: Connection, erasure: Erasure, found: Found) -> int:
        refolding.drop(connection)  # what it has of the person, nobody would look for
        rewriting = Rewriting(connection, self._statements, erasure)
        record = rewriting.rewrite(find(connection, erasure, found).seqs)
        if record is not None:
            self._append(connection, [entry(record)])
        return rewriting.changed

    async def records(self, *, after: int = 0, limit: int | None = None) -> AsyncIterator[Record]:
        """The log in the order of `seq`, from the first record after `after`; memory stays flat."""
        while limit is None or limit > 0:
            size = PAGE if limit is None else min(PAGE, limit)
            page = await self._database.read(partial(log.read_page, after=after, limit=size))
            for record in page:
                yield record
            if len(page) < size:
                return
            after = page[-1].seq or after
            limit = None if limit is None else limit - size

    async def conversation_view(
        self, conversation_id: str, as_of: int | datetime | None = None
    ) -> views.ConversationView:
        """A conversation folded from the log alone, as of a seq or a moment (by `at`). Raises NotFoundError."""
        as_of = to_utc(as_of) if isinstance(as_of, datetime) else as_of
        read = partial(log.read_conversation, conversation_id=conversation_id, as_of=as_of)
        return views.conversation_view(
            await self._database.read(read), conversation_id, as_of=as_of, pseudonyms=await self.pseudonyms()
        )

    async def as_of(self, point: int | datetime, since: datetime | None = None, until: datetime | None = None) -> Past:
        """The counts as of a seq or a moment (by `at`), from the log alone, of the replies in [`since`, `until`)."""
        point = to_utc(point) if isinstance(point, datetime) else point
        since, until = since and to_utc(since), until and to_utc(until)
        tables = await self._database.read(partial(past, as_of=point, since=since, until=until))
        return Past(tables, self._database, point)

    async def moment_of(self, seq: int) -> datetime | None:
        """When the last record up to `seq` was kept; None where there is none."""
        return await self._database.read(partial(log.moment_of, seq=seq))

    async def explain(self, message_id: str) -> list[Reason]:
        """The records behind a message and what people think of it, in the order of the log. Raises NotFoundError."""
        reasons: list[Reason] = []
        if message := await self.message(message_id):
            read = partial(log.read_conversation, conversation_id=message.conversation_id, as_of=None)
            reasons = explain(await self._database.read(read), message_id, await self.pseudonyms())
        if not reasons:
            raise NotFoundError(
                f"There is no message {message_id}. The ids of messages are in the records `add_message`."
            )
        return reasons

    async def newest(self) -> int:
        """The seq of the newest record; 0 where there is none."""
        return await self._database.read(log.newest)

    async def rebuild(self, progress: Callable[[int], None] = _unheard) -> None:
        """Fold the tables anew from the log, and mend in those that are in use what is not as the log says.

        Appends go on meanwhile, but for the moment of the mending. Broken off, it is taken up where it was. `progress`
        is told the seqs that are reached.
        """
        await rebuilding(self._database).mend(progress)

    async def check(self, progress: Callable[[int], None] = _unheard) -> list[Difference]:
        """What of the tables is not as the log says, by folding them anew beside; see `rebuild`."""
        return await rebuilding(self._database).differences(progress)

    async def _commit(self, entries: Sequence[Entry]) -> list[bool]:
        try:
            return await self._database.write(partial(self._append, entries=entries))
        except (SQLAlchemyError, OverflowError) as error:  # SQLite's driver has no integers above 64 bits
            ids = ", ".join(each.record.id for each in entries[:3])
            raise ValueError(f"The database does not take the record {ids}: {error}.") from error

    def _append(self, connection: Connection, entries: Sequence[Entry]) -> list[bool]:
        entries = _withheld(connection, entries)
        seqs = self._database.insert(connection, entries, self._clock.now())
        changes: list[Change] = []
        for each, seq in zip(entries, seqs, strict=True):
            if seq is not None:
                changes.extend(_numbered(each.changes, seq))
        self._statements.apply(connection, changes)
        return [seq is not None for seq in seqs]


def _withheld(connection: Connection, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries, without the words of answers whose asker was erased while they were in the making."""
    asked = [(each, question_of(each.record)) for each in entries]
    questions = {question for _, question in asked if question}
    if not questions:
        return entries
    erased = {id_: author for id_, author in queries.authors(connection, questions) if is_erased(author)}
    if not erased:
        return entries
    return [
        entry(_of_nobody(each.record, erased[question])) if question in erased else each for each, question in asked
    ]


def _of_nobody(record: Record, pseudonym: str) -> Record:
    return replace(without_words(record), subject=record.subject and pseudonym)


def _numbered(changes: Sequence[Change], seq: int) -> Sequence[Change]:
    for change in changes:
        if "seq" in change.row:
            change.row["seq"] = seq
    return changes
