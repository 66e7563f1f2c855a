"""How each person's opinion of a message came to be, and what it is: told from the log's records alone. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.feedback import USER_CATEGORY, USER_COMMENT, SourceType, Value
from core.pseudonyms import Pseudonyms
from core.records import Record
from core.store.changes import Row, Step, order
from core.store.folded import FoldedTables
from core.store.folding import fold

_SIDE_BY_SIDE: Final = frozenset({USER_COMMENT, USER_CATEGORY})


@dataclass(frozen=True, slots=True)
class OpinionChange:
    """Something that one person (or judge) said or took back, and what it changed."""

    at: datetime
    seq: int
    person: str
    """As `called` says."""
    name: str
    """The assessment's: `user_feedback`, `user_comment`, …"""
    before: Value
    """What of theirs counted under this name until then (of comments and categories: what this very one said)."""
    after: Value
    """What counts since; None where nothing does."""
    withdrawn: bool
    """They took something back; where that did not count any more, `before` and `after` are the same."""
    found_later: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person (or judge) thinks of a message under one name."""

    person: str
    name: str
    value: Value
    rationale: str
    """Their own words for it; for a vote or score that came without, what they commented on the same message."""


def called(source_type: str, source_id: str, pseudonyms: Pseudonyms) -> str:
    """A short name for who judged: the same for one person everywhere, and not their id. Judges keep theirs."""
    return pseudonyms.of(source_id) if source_type == SourceType.HUMAN else f"{source_type}:{source_id}"


def opinion_changes(records: Iterable[Record], pseudonyms: Pseudonyms) -> dict[str, tuple[OpinionChange, ...]]:
    """By message: what was said and taken back, in the order in which it happened."""
    changes = [(record, change.row) for record in records for change in fold(record) if change.step is Step.ASSESS]
    tables = FoldedTables()
    told: dict[str, list[OpinionChange]] = defaultdict(list)
    for record, row in sorted(changes, key=lambda each: order(each[1])):
        before = _counting(tables, row)
        tables.apply(fold(record))
        told[row["message_id"]].append(
            OpinionChange(
                row["at"],
                row["seq"],
                called(row["source_type"], row["source_id"], pseudonyms),
                row["name"],
                before,
                _counting(tables, row),
                withdrawn=not row["standing"],
                found_later=bool(record.data.get("metadata", {}).get("found_later")),
            )
        )
    return {message: tuple(each) for message, each in told.items()}


def _counting(tables: FoldedTables, row: Row) -> Value:
    rows = tables.assessments[row["message_id"]].values()
    alike = [each for each in rows if all(each[name] == row[name] for name in ("name", "source_type", "source_id"))]
    if row["name"] in _SIDE_BY_SIDE:
        alike = [each for each in alike if each["origin"] == row["origin"] and each["standing"]]
    value: Value = next((each["value"] for each in alike if each["current"] or row["name"] in _SIDE_BY_SIDE), None)
    return value


def opinions(rows: Sequence[Row], pseudonyms: Pseudonyms) -> tuple[Opinion, ...]:
    """What everyone thinks of one message, of whose assessments these are the rows; oldest first."""
    counting = sorted((row for row in rows if row["current"]), key=order)
    return tuple(
        Opinion(
            called(row["source_type"], row["source_id"], pseudonyms),
            row["name"],
            row["value"],
            rationale(row, counting),
        )
        for row in counting
    )


def rationale(row: Row, counting: Iterable[Row]) -> str:
    """Why someone judged so: their own words for it, or their comments on the same message, one a line."""
    if row["rationale"] or row["name"] == USER_COMMENT or row["kind"] != "feedback":
        return str(row["rationale"])
    source = row["source_type"], row["source_id"]
    comments = [
        each for each in counting if each["name"] == USER_COMMENT and (each["source_type"], each["source_id"]) == source
    ]
    return "\n".join(str(each["value"]) for each in comments if each["value"])
