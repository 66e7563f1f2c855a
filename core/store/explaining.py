"""Why a message stands as it does: the records behind it, each in a sentence. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.messages import Json, Role
from core.pseudonyms import Pseudonyms
from core.records import Record
from core.store.opinions_told import called


@dataclass(frozen=True, slots=True)
class Reason:
    """One record, and what it did to the message."""

    seq: int
    at: datetime
    type: str
    what: str


def explain(records: Iterable[Record], message_id: str, pseudonyms: Pseudonyms) -> list[Reason]:
    """What each of the records of a conversation that are about a message did to it, in the order of the log."""
    return [
        Reason(record.seq or 0, record.at, record.type, _TELLERS.get(record.type, _unknown)(record.data, pseudonyms))
        for record in records
        if record.message_id == message_id
    ]


def _added(data: Json, _pseudonyms: Pseudonyms) -> str:
    who = "The assistant's answer" if data["role"] == Role.ASSISTANT else "A message"
    asked = f" to {data['question_id']}" if data.get("question_id") else ""
    again = f", beside {data['retry_of']}" if data.get("retry_of") else ""
    ended = "" if data.get("status", "complete") == "complete" else f"; {data['status']}: {data.get('reason')}"
    words = "its words are not kept" if data.get("withheld") else f"{len(data['content'])} characters"
    return f"{who}{asked}{again} was kept, {words}{ended}."


def _updated(data: Json, _pseudonyms: Pseudonyms) -> str:
    if data.get("deleted"):
        return "It was deleted."
    return "It was edited: the new text counts." if data.get("content") else "It was rated or edited elsewhere."


def _judged(data: Json, pseudonyms: Pseudonyms) -> str:
    late = ", found later" if data.get("metadata", {}).get("found_later") else ""
    who = called(data["source_type"], data["source_id"], pseudonyms)
    return f"{who} said {data['name']} = {_shown(data['value'])} by {data['origin']}{late}."


def _withdrawn(data: Json, pseudonyms: Pseudonyms) -> str:
    who = called(data["source_type"], data["source_id"], pseudonyms)
    return f"{who} took back {data['name']} by {data['origin']}."


def _unknown(_data: Json, _pseudonyms: Pseudonyms) -> str:
    return "A record of a type that this version does not know; it changes nothing."


def _shown(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)


_TELLERS: dict[str, Callable[[Json, Pseudonyms], str]] = {
    "add_message": _added,
    "update_message": _updated,
    "log_feedback": _judged,
    "log_expectation": _judged,
    "withdraw_assessment": _withdrawn,
}
