"""Records changed in place, in the log and in the rows folded from them: what erasing and retention share.

All of it inside the caller's transaction, so that folding the log anew would give the same rows.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, update

from core.records import Record
from core.store.changes import Change, Row, Step
from core.store.folded import FoldedTables
from core.store.folding import fold
from core.store.log import RECORDS, read_messages
from core.store.tables import AssessmentRow, MessageRow, table

_a, _m = table(AssessmentRow), table(MessageRow)
OPINION: Final = tuple(column.name for column in _a.primary_key)
"""What tells one row of assessments from others."""
OF_MESSAGES: Final = ("add_message", "update_message")
"""The types of what a row of messages is folded from."""
_ENVELOPE: Final = ("id", "version", "subject", "data", "idempotency_key")
_WORDS: Final = ("content", "feedback", "withheld")

_rewrite = (
    update(RECORDS)
    .where(RECORDS.c.seq == bindparam("there"))
    .values({name: bindparam(f"new_{name}") for name in _ENVELOPE})
)
_reword = (
    update(_a)
    .where(*(_a.c[name] == bindparam(f"there_{name}") for name in OPINION), _a.c.seq == bindparam("there_seq"))
    .values({name: bindparam(f"new_{name}") for name in ("value", "rationale", "details")})
)
_word = update(_m).where(_m.c.id == bindparam("there")).values({name: bindparam(f"new_{name}") for name in _WORDS})


def do(connection: Connection, statement: Any, rows: Sequence[Row]) -> None:
    """Run a statement for `rows`, if there are any."""
    if rows:
        connection.execute(statement, rows)


def rewrite(connection: Connection, pairs: Iterable[tuple[Record, Record]]) -> None:
    """Put the second record of each pair in the place of the first, in the log."""
    rows = [{"there": new.seq, **{f"new_{name}": getattr(new, name) for name in _ENVELOPE}} for _, new in pairs]
    do(connection, _rewrite, rows)


def reword_opinions(connection: Connection, pairs: Iterable[tuple[Record, Record]]) -> list[tuple[Change, Change]]:
    """Give the rows of opinions their new words. Told is what was left: changes that would give a row another key."""
    reworded, rest = [], []
    for old, new in pairs:
        for before, after in zip(fold(old), fold(new), strict=True):
            if before.step is not Step.ASSESS:
                continue
            if any(before.row[name] != after.row[name] for name in OPINION):
                rest.append((before, after))
                continue
            there = {f"there_{name}": before.row[name] for name in (*OPINION, "seq")}
            words = {f"new_{name}": after.row[name] for name in ("value", "rationale", "details")}
            reworded.append({**there, **words})
    do(connection, _reword, reworded)
    return rest


def refold_messages(connection: Connection, changed: Iterable[Record]) -> None:
    """Give the rows of the messages that some records are about the words that the log has for them now."""
    ids = {each.data["id"]: each.data["conversation_id"] for each in changed if each.type in OF_MESSAGES}
    tables = FoldedTables()
    for record in read_messages(connection, ids.keys(), conversations=set(ids.values())):
        tables.apply(fold(record))
    rows = [{"there": id_, **{f"new_{name}": row[name] for name in _WORDS}} for id_, row in tables.messages.items()]
    do(connection, _word, rows)
