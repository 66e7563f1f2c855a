"""The store's twin in memory, for tests: the same folding, on dicts. It forgets everything when it goes."""

import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from core.clock import Clock, SystemClock
from core.feedback import Assessment
from core.messages import Conversation, Message, MessageRef, PersonRef, PlaceRef, Role, least_ulid
from core.pseudonyms import Pseudonyms
from core.records import Record
from core.store import views
from core.store.changes import Row, order
from core.store.columns import to_utc
from core.store.envelope import entry
from core.store.erasing import Erasure, is_erased, names_of, question_of, without_words
from core.store.folded import FoldedTables
from core.store.folded_counts import FoldedCounts
from core.store.folding import fold
from core.store.history import walk
from core.store.values import ASSESSMENT, CONVERSATION, MESSAGE, as_assessment, as_conversation, as_message


class MemoryStore(FoldedCounts):
    """Keeps what a `Store` keeps for as long as it lives; every method answers as `SqlStore`'s does."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._log: list[Record] = []
        self._keys: set[str] = set()
        self._ids: set[str] = set()
        self._erased: set[str] = set()
        self._pseudonyms = Pseudonyms(secrets.token_bytes())
        self._looks: dict[str, datetime] = {}
        self.tables = FoldedTables()

    async def pseudonyms(self) -> Pseudonyms:
        """What people are called in everything that is shown or given away."""
        return self._pseudonyms

    async def append(self, *records: Record) -> list[bool]:
        """Keep `records` in order, all or none; True for each that is new. Raises ValueError for one it cannot keep."""
        fresh: dict[str, Record] = {}
        answers = []
        for each in records:
            ready = entry(without_words(each) if self._is_to_someone_erased(each) else each)
            key = ready.record.idempotency_key
            answers.append(key not in self._keys and key not in fresh and self._erased.isdisjoint(ready.guards))
            if answers[-1]:
                fresh[key] = replace(ready.record, data=orjson.loads(ready.text))
        ids = [record.id for record in fresh.values()]
        if len(set(ids)) < len(ids) or not self._ids.isdisjoint(ids):
            raise ValueError("The log has a record of the same id under another idempotency key.")
        for record in fresh.values():
            self._keep(record)
        return answers

    def _is_to_someone_erased(self, record: Record) -> bool:
        question = self.tables.messages.get(question_of(record) or "")
        return question is not None and is_erased(question["author"])

    def _keep(self, record: Record) -> None:
        kept = replace(record, seq=len(self._log) + 1, committed_at=self._clock.now())
        self._log.append(kept)
        self._keys.add(kept.idempotency_key)
        self._ids.add(kept.id)
        self.tables.apply(fold(kept))

    async def rebuild(self) -> None:
        """Empty the tables and fold them again from the log."""
        self.tables = FoldedTables()
        for record in self._log:
            self.tables.apply(fold(record))

    async def latest_conversation(self, place: PlaceRef) -> Conversation | None:
        """The newest conversation that was started in a lasting place, ended or not."""
        rows = [row for row in self.tables.conversations.values() if row["place"] == place.key and row["lasting"]]
        return as_conversation(_of(CONVERSATION, max(rows, key=_seq))) if rows else None

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """The conversation of this id."""
        row = self.tables.conversations.get(conversation_id)
        return None if row is None else as_conversation(_of(CONVERSATION, row))

    async def idle_conversations(self, before: datetime) -> list[Conversation]:
        """The open conversations without a message since `before`, the longest idle first."""
        open_ones = [row for row in self.tables.conversations.values() if row["ended_at"] is None]
        rows = [row for row in open_ones if row["last_message_at"] < to_utc(before)]
        return [as_conversation(_of(CONVERSATION, row)) for row in sorted(rows, key=_idle_order)]

    async def recent_replies(
        self, since: datetime, *, before: datetime | None = None, limit: int | None = None
    ) -> list[Message]:
        """The assistant's messages in [`since`, `before`) that are not deleted, newest first; see the port."""
        rows = [
            row
            for row in self.tables.messages.values()
            if row["role"] == Role.ASSISTANT
            and not row["deleted"]
            and to_utc(since) <= row["timestamp"]
            and (before is None or row["timestamp"] < to_utc(before))
        ]
        rows.sort(key=_told_order, reverse=True)
        if limit is not None:
            rows = [row for row in rows if rows[:limit] and row["timestamp"] >= rows[:limit][-1]["timestamp"]]
        return [as_message(_of(MESSAGE, row)) for row in rows]

    async def begin_look(self, platform: str) -> datetime:
        """Note that it is looked for what went unheard; see the port."""
        asked = [
            row["timestamp"]
            for row in self.tables.messages.values()
            if row["role"] == Role.USER and row["author"].startswith(f"{platform}:")
        ]
        return self._looks.setdefault(platform, max(asked, default=to_utc(self._clock.now())))

    async def end_look(self, platform: str, since: datetime) -> None:
        """It ended."""
        if self._looks.get(platform, since) >= since:
            self._looks.pop(platform, None)

    async def unanswered(self, since: datetime, before: datetime) -> list[Message]:
        """The questions asked in [`since`, `before`) that have no reply; see the port."""
        answered = {row["question_id"] for row in self.tables.messages.values()}
        over = {each["id"] for each in self.tables.conversations.values() if each["ended_at"] is not None}
        rows = [
            row
            for row in self.tables.messages.values()
            if least_ulid(since) <= row["id"] < least_ulid(before)
            and row["role"] == Role.USER
            and not row["deleted"]
            and row["id"] not in answered
            and row["conversation_id"] not in over
        ]
        return [as_message(_of(MESSAGE, row)) for row in sorted(rows, key=_by_id)]

    async def message(self, message_id: str) -> Message | None:
        """The message of this id, be it deleted or not."""
        row = self.tables.messages.get(message_id)
        return None if row is None else as_message(_of(MESSAGE, row))

    async def message_at(self, ref: MessageRef) -> Message | None:
        """The message of which `ref` is a part, be it deleted or not."""
        part = self.tables.parts.get(ref.key)
        return None if part is None else as_message(_of(MESSAGE, self.tables.messages[part["message_id"]]))

    async def last_reply(self, conversation_id: str) -> Message | None:
        """The newest message of the assistant that is still there."""
        return next((each for each in self._newest(conversation_id) if each.role is Role.ASSISTANT), None)

    async def history(self, conversation_id: str, *, limit: int, up_to: str | None = None) -> list[Message]:
        """The newest `limit` messages that are not deleted, oldest first; none after the message `up_to`."""
        return walk(self, conversation_id, limit=limit, up_to=up_to)

    async def assessments(self, message_id: str) -> list[Assessment]:
        """The assessments of a message that count, oldest first."""
        rows = self.tables.assessments[message_id].values()
        return [as_assessment(_of(ASSESSMENT, row)) for row in sorted(rows, key=order) if row["current"]]

    async def standing_assessments(self, message_id: str, person: str | None = None) -> list[Assessment]:
        """The assessments of a message that were not taken back, oldest first; of one person, or of all."""
        rows = [row for row in self.tables.assessments[message_id].values() if person in (None, row["source_id"])]
        return [as_assessment(_of(ASSESSMENT, row)) for row in sorted(rows, key=order) if _can_be_taken_back(row)]

    async def last_said(self, message_id: str, person: str, names: Collection[str]) -> datetime | None:
        """When a person (`PersonRef.key`) last said something of a message under these names, or took it back."""
        rows = self.tables.assessments[message_id].values()
        return max((row["at"] for row in rows if row["source_id"] == person and row["name"] in names), default=None)

    async def assessment_from(self, origin: str) -> Assessment | None:
        """The standing assessment that came from `origin`."""
        rows = [row for rows in self.tables.assessments.values() for row in rows.values() if row["origin"] == origin]
        standing = [row for row in rows if _can_be_taken_back(row)]
        return as_assessment(_of(ASSESSMENT, min(standing, key=order))) if standing else None

    async def opted_out(self, person: str) -> bool:
        """Whether a person (`PersonRef.key`) said last that nothing of theirs may be kept."""
        rows = [row for key in names_of(person) if (row := self.tables.subjects.get(key))]
        return bool(rows) and not max(rows, key=order)["keep"]

    async def consented_at(self, person: str) -> datetime | None:
        """When a person (`PersonRef.key`) last said what may be kept; None: never."""
        return max(
            (self.tables.subjects[key]["at"] for key in names_of(person) if key in self.tables.subjects), default=None
        )

    async def chosen_model(self, place: PlaceRef) -> str:
        """The id of the model that was chosen last in the channel of `place`; empty: the usual one."""
        return str(self.tables.choices.get(place.channel_key, {}).get("model", ""))

    async def data_of(self, person: str) -> AsyncIterator[Record]:
        """Every record that holds data of a person (`PersonRef.key`), in the order of `seq`."""
        for record in self._log:
            if record.subject == person:
                yield record

    async def erase(self, person: PersonRef) -> int:
        """Erase a person's words, name and ids, from the log and the tables; returns how many records were changed."""
        erasure = Erasure.of(person, self._clock.now())
        questions = {question for record in self._log if (question := erasure.asks(record))}
        answers = {each.data["id"] for each in self._log if each.data.get("question_id") in questions}
        pairs = [(each, new) for each in self._log if (new := erasure.erased(each, questions | answers)) is not None]
        for old, new in pairs:
            self._log[(old.seq or 0) - 1] = new
            self._erased.update(erasure.digests(old, new))
        self._keys = {record.idempotency_key for record in self._log}
        self._ids = {record.id for record in self._log}
        await self.rebuild()
        if pairs:
            await self.append(erasure.record(pairs[0][0].topic))
        return len(pairs)

    async def records(self, *, after: int = 0, limit: int | None = None) -> AsyncIterator[Record]:
        """The log in the order of `seq`, from the first record after `after`."""
        for record in self._log[after : None if limit is None else after + limit]:
            yield record

    async def conversation_view(
        self, conversation_id: str, as_of: int | datetime | None = None
    ) -> views.ConversationView:
        """A conversation folded from the log alone, as of a seq or a moment. Raises NotFoundError."""
        as_of = to_utc(as_of) if isinstance(as_of, datetime) else as_of
        records = (each for each in self._log if each.conversation_id == conversation_id and _is_until(each, as_of))
        return views.conversation_view(records, conversation_id, as_of=as_of, pseudonyms=self._pseudonyms)

    def place_of(self, message_id: str) -> tuple[str, int] | None:
        """The conversation that a message is in, and its seq there."""
        row = self.tables.messages.get(message_id)
        return None if row is None else (row["conversation_id"], row["seq"])

    def branched_from(self, conversation_id: str) -> str | None:
        """The message, in another conversation, whose history this one shares."""
        row = self.tables.conversations.get(conversation_id)
        return None if row is None else row["branched_from"]

    def newest(self, conversation_id: str, *, limit: int, up_to: int | None) -> list[Message]:
        """The newest messages of one conversation that are not deleted and not after seq `up_to`, newest first."""
        return list(self._newest(conversation_id, up_to))[:limit]

    def _newest(self, conversation_id: str, up_to: int | None = None) -> Iterator[Message]:
        for row in reversed(self.tables.messages.values()):
            in_bounds = up_to is None or row["seq"] <= up_to
            if row["conversation_id"] == conversation_id and not row["deleted"] and in_bounds:
                yield as_message(_of(MESSAGE, row))


def _can_be_taken_back(row: Row) -> bool:
    return row["standing"] and not is_erased(row["source_id"])


def _of(columns: Iterable[str], row: Row) -> Iterable[Any]:
    return [row[column] for column in columns]


def _seq(row: Row) -> int:
    return int(row["seq"])


def _by_id(row: Row) -> str:
    return str(row["id"])


def _idle_order(row: Row) -> tuple[datetime, int]:
    return row["last_message_at"], _seq(row)


def _told_order(row: Row) -> tuple[datetime, int]:
    return row["timestamp"], _seq(row)


def _is_until(record: Record, as_of: int | datetime | None) -> bool:
    if isinstance(as_of, datetime):
        return record.at <= as_of
    return as_of is None or (record.seq or 0) <= as_of
