"""How each record changes the tables: pure, and the same for live writes, rebuilding, and the twin in memory.

A record becomes changes: a step, the thing it is done to, and a row. The rules: the first start of a conversation and
its first end count; a message told again is as it was told last; of the models chosen in a channel the last counts; of
what one source said with one origin under one name, the latest by (`at`, `seq`) stands, so that a late or repeated
delivery changes nothing.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Protocol

from core.messages import Json, ReplyStatus, Role
from core.records import RECORD_TYPES
from core.store.changes import Change, Row, Step


class Foldable(Protocol):
    """What folding has to know of a record: see `core.records.Record`."""

    @property
    def seq(self) -> int | None: ...  # noqa: D102 - a record's
    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def data(self) -> Json: ...  # noqa: D102


def fold(record: Foldable) -> list[Change]:
    """What `record` changes; nothing for a type that this version does not know.

    Rows that hold the record's `seq` have it under that name: None until the log has given it out. Raises ValueError
    where the data lacks a field of its type or holds a word that the type does not have.
    """
    rule = _RULES.get(record.type)
    if rule is None:
        return []
    data = _with_defaults(record)
    try:
        return rule(record, data)
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"The record {record.id} ({record.type}) cannot be read: {error}.") from error


def _start_conversation(record: Foldable, data: Row) -> list[Change]:
    _check_address(data["place"])
    row = {
        "id": data["id"],
        "seq": record.seq,
        "model": data["model"],
        "username": data["username"],
        "place": data["place"],
        "lasting": bool(data["lasting"]),
        "environment": data["environment"],
        "branched_from": data["branched_from"],
        "started_at": record.at,
        "last_message_at": record.at,
        "ended_at": None,
        "end_reason": None,
    }
    return [Change(Step.START_CONVERSATION, data["id"], row)]


def _add_message(record: Foldable, data: Row) -> list[Change]:
    message_id, conversation_id, parts = data["id"], data["conversation_id"], list(data["parts"])
    for part in parts:
        _check_address(part)
    timestamp = _moment(data["timestamp"])
    row = data | {
        "seq": record.seq,
        "role": _known(data["role"], _ROLES),
        "status": _known(data["status"], _STATUSES),
        "rating": str(data["rating"]),
        "timestamp": timestamp,
        "parts": parts,
        "model_id": _model_id(data["model"]),
        "started_at": _moment_or_none(data["started_at"]),
        "first_token_at": _moment_or_none(data["first_token_at"]),
        "ended_at": _moment_or_none(data["ended_at"]),
        "withheld": bool(data["withheld"]),
        "deleted": False,
    }
    return [
        Change(Step.ADD_MESSAGE, message_id, row),
        *(
            Change(Step.PLACE_PART, part, {"key": part, "message_id": message_id, "position": position})
            for position, part in enumerate(parts)
        ),
        Change(Step.TOUCH_CONVERSATION, conversation_id, {"id": conversation_id, "last_message_at": timestamp}),
    ]


def _model_id(model: Any) -> str | None:
    """The id of the model that a message says it is from."""
    found = model.get("id") if isinstance(model, dict) else None
    return None if found is None else str(found)


def _update_message(_record: Foldable, data: Row) -> list[Change]:
    row = {
        "id": data["id"],
        "content": data["content"] or None,
        "rating": str(data["rating"]) or None,
        "feedback": data["feedback"] or None,
        "deleted": bool(data["deleted"]),
    }
    return [Change(Step.UPDATE_MESSAGE, data["id"], row)]


def _end_conversation(record: Foldable, data: Row) -> list[Change]:
    row = {"id": data["id"], "ended_at": record.at, "end_reason": data["reason"]}
    return [Change(Step.END_CONVERSATION, data["id"], row)]


def _log_feedback(record: Foldable, data: Row) -> list[Change]:
    value = (data["feedback"] or None) if data["value"] is None else data["value"]
    return [_assess(record, data, kind="feedback", value=value, standing=True)]


def _log_expectation(record: Foldable, data: Row) -> list[Change]:
    return [_assess(record, data, kind="expectation", value=data["value"], standing=True)]


def _withdraw_assessment(record: Foldable, data: Row) -> list[Change]:
    # What was taken back stays as a tombstone without its words, so that an older record cannot bring it back.
    empty = {"assessment_id": record.id, "rationale": "", "metadata": {}}
    return [_assess(record, data | empty, kind="", value=None, standing=False)]


def _assess(record: Foldable, data: Row, *, kind: str, value: Any, standing: bool) -> Change:
    number = float(value) if isinstance(value, int | float) else None
    if number is not None and not isfinite(number):
        raise ValueError(f"{value} is not a number that JSON can write")
    row = {
        "message_id": data["id"],
        "name": data["name"],
        "source_type": data["source_type"],
        "source_id": data["source_id"],
        "origin": data["origin"],
        "seq": record.seq,
        "at": record.at,
        "assessment_id": data["assessment_id"],
        "conversation_id": data["conversation_id"],
        "kind": kind,
        "value": value,
        "number": number,
        "rationale": data["rationale"],
        "details": data["metadata"],
        "standing": standing,
        "current": standing,  # until its neighbours have been looked at
    }
    # Its own key: no message need be there before it.
    key = f"{data['id']} {data['name']} {data['source_type']} {data['source_id']} {data['origin']}"
    return Change(Step.ASSESS, key, row)


def _set_consent(record: Foldable, data: Row) -> list[Change]:
    return [_know_subject(record, data, keep=bool(data["keep"]))]


def _erase_subject(record: Foldable, data: Row) -> list[Change]:
    return [_know_subject(record, data, keep=True, erased_at=record.at)]


def _know_subject(record: Foldable, data: Row, *, keep: bool, erased_at: datetime | None = None) -> Change:
    key = data["subject"]
    row = {"key": key, "seq": record.seq, "at": record.at, "keep": keep, "erased_at": erased_at}
    return Change(Step.KNOW_SUBJECT, f"subject {key}", row)


def _choose_model(record: Foldable, data: Row) -> list[Change]:
    _check_address(data["place"])
    row = {"place": data["place"], "seq": record.seq, "model": str(data["model"])}
    return [Change(Step.CHOOSE_MODEL, f"choice {data['place']}", row)]


_RULES: dict[str, Callable[[Foldable, Row], list[Change]]] = {
    "start_conversation": _start_conversation,
    "add_message": _add_message,
    "update_message": _update_message,
    "end_conversation": _end_conversation,
    "log_feedback": _log_feedback,
    "log_expectation": _log_expectation,
    "withdraw_assessment": _withdraw_assessment,
    "set_consent": _set_consent,
    "erase_subject": _erase_subject,
    "choose_model": _choose_model,
}

# Reading a payload through its dataclass takes five times as long as this, and every record passes here.
_DEFAULTS: dict[str, Row] = {
    name: {
        **{each.name: each.default for each in fields(payload) if each.default is not MISSING},
        **{each.name: each.default_factory() for each in fields(payload) if each.default_factory is not MISSING},
    }
    for name, payload in RECORD_TYPES.items()
}
_NAMES = {name: tuple(each.name for each in fields(payload)) for name, payload in RECORD_TYPES.items()}

_DATA_KEYS = {name: frozenset(names) for name, names in _NAMES.items()}


def _with_defaults(record: Foldable) -> Row:
    """The data's fields that this version knows, each with a value. It may be the record's own: not to be changed."""
    if record.data.keys() == _DATA_KEYS[record.type] and isinstance(record.data, dict):
        return record.data
    data = {**_DEFAULTS[record.type], **record.data}
    try:
        return {name: data[name] for name in _NAMES[record.type]}
    except KeyError as error:
        raise ValueError(f"The record {record.id} ({record.type}) lacks the field {error}.") from error


_ROLES = frozenset(each.value for each in Role)
_STATUSES = frozenset(each.value for each in ReplyStatus)


def _known(word: str, words: frozenset[str]) -> str:
    """The word, plain. Raises ValueError where it is none of `words`."""
    if word not in words:
        raise ValueError(f"{word!r} is none of {', '.join(sorted(words))}")
    return str(word)


def _check_address(key: str) -> None:
    """Raises ValueError for what is not the `key` of a place or message: no reader could read it back."""
    if key.count(":") < 3:  # noqa: PLR2004 - platform, workspace, channel and one more
        raise ValueError(f"{key!r} is not the key of a PlaceRef or MessageRef")


def _moment(text: str) -> datetime:
    """The moment written as `text` (ISO 8601), in UTC where it names no zone."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _moment_or_none(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)
