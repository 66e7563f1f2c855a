"""A record as a CloudEvent: what of it leaves, and under which names. Pure.

The form is CloudEvents 1.0's structured mode (github.com/cloudevents/spec, json-format.md). People stand in it under
the pseudonyms that exports have; what they and the assistant wrote leaves only where that was chosen.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from core.messages import PersonRef
from core.pseudonyms import Pseudonyms
from core.records import EraseSubject, Record
from core.store.columns import to_iso_text
from core.store.erasing import is_erased, without_words

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
TEST_TYPE: Final = "plaudit.test.v1"
_SHORTEST_ID: Final = 8
"""Characters: a shorter id of a person might be any word, and is looked for with its platform only."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is sent."""

    id: str
    """The record's id: who gets it twice knows it by this."""
    type: str
    """`plaudit.log_feedback.v1`: the record's type and the major part of its version."""
    topic: str
    """The record's."""
    body: bytes
    """The event as JSON."""


def event_of(record: Record, pseudonyms: Pseudonyms, *, words: bool, messages: Sequence[str] = ()) -> Event:
    """The event for a record. `messages`: for an erasure, the ids of what the receiver has of that person."""
    persons = {each: pseudonyms.of(each) for each in _persons(record) if not is_erased(each)}
    data = dict(record.data) if words else _wordless(record)
    if "username" in data:
        data["username"] = persons.get(record.subject or "", "")
    data = _Renaming(persons).of(data)
    if record.type == EraseSubject.type:
        data["messages"] = list(messages)
    type_ = f"plaudit.{record.type}.v{record.version.split('.', 1)[0]}"
    told = _attributes(record.id, type_, record.topic, record.at) | {
        "subject": record.message_id or record.conversation_id or persons.get(record.subject or "", record.subject),
        "recordversion": record.version,
        "sequence": f"{record.seq or 0:020}",
        "conversationid": record.conversation_id,
    }
    event = {name: value for name, value in told.items() if value is not None} | {"data": data}
    return Event(record.id, type_, record.topic, orjson.dumps(event))


def trial_event(id_: str, environment: str, at: datetime) -> Event:
    """An event that says nothing, to see whether it arrives."""
    topic = f"{environment}.plaudit.test"
    event = _attributes(id_, TEST_TYPE, topic, at) | {"data": {"message": "It works."}}
    return Event(id_, TEST_TYPE, topic, orjson.dumps(event))


def _attributes(id_: str, type_: str, topic: str, at: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": f"/plaudit/{topic.replace('.', '/')}",
        "type": type_,
        "time": to_iso_text(at),
        "datacontenttype": "application/json",
    }


def _wordless(record: Record) -> dict[str, Any]:
    data = dict(without_words(record).data)
    if "withheld" in data:
        # It tells what the log keeps, not what we send.
        data["withheld"] = record.data.get("withheld", False)
    return data


def _persons(record: Record) -> Iterator[str]:
    """Everyone whom the record names, as `PersonRef.key`."""
    named = [record.subject, *(record.data.get(name) for name in ("author", "source_id", "subject"))]
    metadata = record.data.get("metadata")
    if isinstance(metadata, Mapping):
        named += metadata.get("corrected_by") or ()
    # A judge and a check are sources too, and nobody's name.
    is_human = record.data.get("source_type", "HUMAN") == "HUMAN"
    return (each for each in named if each and (is_human or each != record.data.get("source_id")))


class _Renaming:
    """Puts people's pseudonyms in the place of their ids."""

    def __init__(self, persons: Mapping[str, str]) -> None:
        self._names = dict(persons)
        for key, name in persons.items():
            id_ = _id_in(key)
            if len(id_) >= _SHORTEST_ID:
                self._names[id_] = name
        listed = "|".join(re.escape(each) for each in sorted(self._names, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![0-9A-Za-z])(?:{listed})(?![0-9A-Za-z])") if listed else None

    def of(self, value: Any) -> Any:
        """`value` with them, however deep."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self._pattern.sub(lambda match: self._names[match[0]], value)
        if isinstance(value, Mapping):
            return {name: self.of(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(each) for each in value]
        return value


def _id_in(key: str) -> str:
    try:
        return PersonRef.parse(key).id
    except TypeError:
        return ""


def without_what_is_not_kept(record: Record) -> Record:
    """The record of someone who wants nothing kept: no words leave, whatever was chosen."""
    return replace(record, data=_wordless(record))
