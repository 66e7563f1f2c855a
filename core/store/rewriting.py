"""An erasure done to the database: the log's records and the rows folded from them, in the caller's transaction.

What becomes of a record is `erasing`'s. The rows are changed in place, so that folding anew would give the same.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, or_, select, text, update

from core.records import Record
from core.store.changes import Row
from core.store.columns import UtcDateTime
from core.store.erasing import TOLD_AGAIN, Erasure
from core.store.folding import fold
from core.store.ledger import mark_stale
from core.store.log import RECORDS, read_seqs
from core.store.rewording import OF_MESSAGES, OPINION, do, reword_opinions, rewrite
from core.store.statements import Statements
from core.store.tables import AssessmentRow, ConversationRow, ErasedKeyRow, MessageRow, SubjectRow, table
from core.upcasting import upcast

_CHUNK = 500
_START = "start_conversation"
_a, _c, _k, _m, _s = (table(row) for row in (AssessmentRow, ConversationRow, ErasedKeyRow, MessageRow, SubjectRow))
Item = TypeVar("Item")

_unsay = delete(_a).where(*(_a.c[name] == bindparam(f"there_{name}") for name in OPINION))
_said = (
    select(RECORDS.c.seq, RECORDS.c.message_id, RECORDS.c.type, RECORDS.c.version, RECORDS.c.data)
    .where(RECORDS.c.conversation_id == bindparam("id"), RECORDS.c.type.in_(OF_MESSAGES))
    .order_by(RECORDS.c.seq)
)
_introduce = update(_c).where(_c.c.seq == bindparam("there")).values(username=bindparam("new_username"))
_keep_digest = text(
    "INSERT INTO erased_keys (digest, erased_at) VALUES (:digest, :at) ON CONFLICT (digest) DO NOTHING"
).bindparams(bindparam("at", type_=UtcDateTime))


@dataclass(slots=True)
class Found:
    """The records that name a person, among those up to a seq."""

    seqs: set[int] = field(default_factory=set)
    up_to: int = 0


def find(connection: Connection, erasure: Erasure, found: Found | None = None) -> Found:
    """The records that name the person, by reading the whole log, or what has come since it was read."""
    found = found or Found()
    newest = connection.execute(select(func.max(RECORDS.c.seq))).scalar() or 0
    names = or_(
        RECORDS.c.subject == erasure.person.key,
        cast(RECORDS.c.data, Text).contains(erasure.needle, autoescape=True),
        RECORDS.c.idempotency_key.contains(erasure.needle, autoescape=True),
    )
    seqs = connection.execute(select(RECORDS.c.seq).where(RECORDS.c.seq > found.up_to, names)).scalars()
    return Found(found.seqs | set(seqs), newest)


class Rewriting:
    """Rewrites what is the person's, and tells how much it was."""

    def __init__(self, connection: Connection, statements: Statements, erasure: Erasure) -> None:
        self._connection = connection
        self._statements = statements
        self._erasure = erasure
        self._topic = ""
        self.changed = 0

    def rewrite(self, seqs: Collection[int]) -> Record | None:
        """Rewrite the records `seqs` and the replies to the person; the record of the erasure, if there was any."""
        messages, more = self._messages(seqs)
        for chunk in _chunks(sorted({*seqs, *more})):
            pairs = [
                (record, changed)
                for record in read_seqs(self._connection, chunk)
                if (changed := self._erasure.erased(record, messages)) is not None
            ]
            if pairs:
                self._rewrite(pairs, messages)
            mark_stale(self._connection, [record for record, _ in pairs], self._erasure.at)
        self._forget_older()
        return self._erasure.record(self._topic) if self.changed else None

    def _messages(self, seqs: Collection[int]) -> tuple[set[str], set[int]]:
        """The ids of the person's messages and of the replies to them; and the seqs of all that was said in them."""
        questions: set[str] = set()
        conversations: set[str] = set()
        for chunk in _chunks(sorted(seqs)):
            for record in read_seqs(self._connection, chunk):
                if question := self._erasure.asks(record):
                    questions.add(question)
                    conversations.add(record.data["conversation_id"])
        messages, more = set(questions), set[int]()
        for conversation in conversations:
            said = self._connection.execute(_said, {"id": conversation}).all()
            messages.update(row.message_id for row in said if _question(row) in questions)
            more.update(row.seq for row in said if row.message_id in messages)
        return messages, more

    def _rewrite(self, pairs: Sequence[tuple[Record, Record]], messages: Collection[str]) -> None:
        self.changed += len(pairs)
        self._topic = self._topic or pairs[0][0].topic
        rewrite(self._connection, pairs)
        digests = {each for old, new in pairs for each in self._erasure.digests(old, new)}
        self._do(_keep_digest, [{"digest": each, "at": self._erasure.at} for each in digests])
        self._fold_opinions(pairs)
        self._fold_consent(pairs)
        self._rewrite_messages({new.data["id"] for _, new in pairs if new.type in OF_MESSAGES}, messages)
        starts = [{"there": new.seq, "new_username": new.data["username"]} for _, new in pairs if new.type == _START]
        self._do(_introduce, starts)

    def _fold_opinions(self, pairs: Sequence[tuple[Record, Record]]) -> None:
        renamed = reword_opinions(self._connection, pairs)
        self._do(_unsay, [{f"there_{name}": before.row[name] for name in OPINION} for before, _ in renamed])
        self._statements.apply(self._connection, [after for _, after in renamed])

    def _fold_consent(self, pairs: Sequence[tuple[Record, Record]]) -> None:
        consents = [(old, new) for old, new in pairs if old.type == "set_consent" and old.subject != new.subject]
        for old, _ in consents:
            self._connection.execute(delete(_s).where(_s.c.key == old.data["subject"]))
        self._statements.apply(self._connection, [change for _, new in consents for change in fold(new)])

    def _rewrite_messages(self, ids: Collection[str], wordless: Collection[str]) -> None:
        rows = self._connection.execute(select(_m).where(_m.c.id.in_(ids))).mappings().all()
        for row in rows:
            new = dict(self._erasure.renamed(row))
            if row["id"] in wordless:
                new |= {"content": "", "feedback": "", "withheld": True}
            if new != dict(row):
                self._connection.execute(update(_m).where(_m.c.id == row["id"]).values(new))

    def _do(self, statement: Any, rows: Sequence[Row]) -> None:
        do(self._connection, statement, rows)

    def _forget_older(self) -> None:
        self._connection.execute(delete(_k).where(_k.c.erased_at < self._erasure.at - TOLD_AGAIN))


def _question(row: Any) -> str | None:
    _, data = upcast(row.type, row.version, row.data)
    return data.get("question_id")


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
