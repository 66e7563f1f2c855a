"""A record made ready for the log: complete, writable on both databases, and folded. It knows no database."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC
from operator import attrgetter
from typing import Any

from core.records import Record
from core.store.changes import Change
from core.store.columns import to_json_text
from core.store.erasing import guards, is_erased, without_words
from core.store.folding import fold

_TEXTS = tuple(each.name for each in fields(Record) if each.name not in {"at", "committed_at", "data", "seq"})
_texts = attrgetter(*_TEXTS)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record on its way into the log, its data as JSON text, and what it changes in the tables."""

    record: Record
    text: str
    changes: list[Change]

    @property
    def guards(self) -> list[str]:
        """The digests by which it is known where it was told before an erasure: of its key, and of what it says."""
        return guards(self.record)


def entry(record: Record) -> Entry:
    """`record` as the log takes it.

    Raises ValueError where it cannot be kept: a time without a zone, data that is not JSON, a payload that lacks a
    field of its type.
    """
    if record.at.tzinfo is None:
        raise ValueError(f"The record {record.id} has a time without a zone: {record.at}.")
    if record.subject is not None and is_erased(record.subject):
        record = without_words(record)  # the platform tells on what happens to what they had written
    if record.at.tzinfo is not UTC:
        record = replace(record, at=record.at.astimezone(UTC))
    record, text = _writable(record)
    record = _addressed(record)
    return Entry(record, text, fold(record))


def _writable(record: Record) -> tuple[Record, str]:
    """The record and its data as text, without the characters that a database refuses.

    Postgres takes neither U+0000 nor half a surrogate pair (postgresql.org/docs/current/datatype-json.html); both
    become U+FFFD, so that no message is lost for one character.
    """
    try:
        text = to_json_text(record.data)
        envelope = "".join(filter(None, _texts(record)))
        envelope.encode()
        if "\\u0000" not in text and "\0" not in envelope:
            return record, text
    except (TypeError, UnicodeEncodeError):  # cleaned below; what is still wrong then is the caller's
        pass
    record = replace(record, data=_clean(record.data), **{name: _clean(getattr(record, name)) for name in _TEXTS})
    try:
        return record, to_json_text(record.data)
    except TypeError as error:
        raise ValueError(f"The data of record {record.id} cannot be written as JSON: {error}.") from error


def _clean(value: Any) -> Any:
    """`value` with U+FFFD for what Postgres refuses, however deep."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {_clean(name): _clean(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value


def _addressed(record: Record) -> Record:
    """The record with the conversation and message that its data names, where the envelope leaves them out."""
    if record.conversation_id is not None and record.message_id is not None:
        return record
    names = _ADDRESSES.get(record.type)
    if names is None:
        return record
    conversation_id = record.conversation_id or record.data.get(names[0])
    message_id = record.message_id or record.data.get(names[1])
    if (conversation_id, message_id) == (record.conversation_id, record.message_id):
        return record
    return replace(record, conversation_id=conversation_id, message_id=message_id)


_OF_A_MESSAGE = ("conversation_id", "id")
_ADDRESSES = {
    "start_conversation": ("id", ""),
    "end_conversation": ("id", ""),
    "add_message": _OF_A_MESSAGE,
    "update_message": _OF_A_MESSAGE,
    "log_feedback": _OF_A_MESSAGE,
    "log_expectation": _OF_A_MESSAGE,
    "withdraw_assessment": _OF_A_MESSAGE,
    "start_evaluation": ("id", ""),
    "log_answer": ("evaluation_id", "id"),
}
"""Where the data of each type names its conversation and its message."""
