"""What an erasure makes of a record: a person's words, name and ids go, the numbers stay. It knows no database.

In place of the person comes a pseudonym, made by chance for each erasure: votes and people are counted as before, and
nothing leads back. What the platform may tell again for a while (a redelivered event, a reaction that still stands) is
known by digests, kept apart from the records and for `TOLD_AGAIN` only. Addresses of messages and places stay.
"""

import hashlib
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from ulid import ULID

from core.feedback import USER_CATEGORY
from core.messages import PersonRef
from core.records import EraseSubject, Record, envelop

TOLD_AGAIN: Final = timedelta(days=30)
"""How long the platform might tell again what it told before an erasure; far longer than the looks back."""
_PSEUDONYM: Final = "erased-"
PSEUDONYM_MARK: Final = f":{_PSEUDONYM}"
"""What every pseudonym's key has in it, and no person's."""
_SHORTEST_ID: Final = 8
"""Characters. A shorter id of a person is looked for with its platform and workspace only: it might be any word."""
_PLAIN: Final = frozenset(
    {"platform", "workspace", "channel", "segment", "emoji", "question_id", "evaluation", "prompt_version"}
)
"""What metadata says in words that are nobody's."""
_OPINIONS: Final = frozenset({"log_feedback", "log_expectation"})
_WRITTEN: Final = frozenset({"add_message", "log_answer"})


def is_erased(person: str) -> bool:
    """Whether this `PersonRef.key` is the pseudonym of someone who was erased."""
    return PSEUDONYM_MARK in person


def names_of(person: str) -> list[str]:
    """The names under which a person's consent may stand: the `PersonRef.key`, and what an erasure puts in its place.

    A wish not to be kept has to be honoured after an erasure too, so that it stays findable by who knows the id.
    """
    return [person, f"erased:{digest(person)}"]


def digest(text: str) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def guards(record: Record) -> list[str]:
    """The digests by which `record` would be known as told before an erasure.

    What is found later has another key than what was told at once; it is known by what it says and who says it.
    """
    if record.type in _OPINIONS and record.data.get("metadata", {}).get("found_later"):
        return [digest(record.idempotency_key), digest(_opinion(record.data))]
    return [digest(record.idempotency_key)]


def _opinion(data: Mapping[str, Any]) -> str:
    return "|".join(str(data.get(name)) for name in ("id", "name", "source_id", "origin"))


def without_words(record: Record, *, username: str = "") -> Record:
    """The record without what a person wrote in it. Chosen values and numbers stay."""
    wordless = {"username": username, "content": None if record.type == "update_message" else "", "feedback": ""}
    data = dict(record.data) | {name: value for name, value in wordless.items() if name in record.data}
    if record.type in _WRITTEN:
        data["withheld"] = True
    if isinstance(data.get("value"), str) and data.get("name") != USER_CATEGORY:
        data["value"] = ""
    if "rationale" in data:
        data["rationale"] = ""
    if "metadata" in data:
        data["metadata"] = {name: each for name, each in data["metadata"].items() if _is_plain(name, each)}
    return replace(record, data=data)


def question_of(record: Record) -> str | None:
    """The id of the question that the record answers with words, or about whose answer a judge or a check speaks."""
    if record.type in _WRITTEN:
        return record.data.get("question_id") if record.data.get("content") else None
    return record.data.get("metadata", {}).get("question_id") if record.type == "log_feedback" else None


def _is_plain(name: str, value: Any) -> bool:
    return name in _PLAIN or value is None or isinstance(value, bool | int | float)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure of one person."""

    person: PersonRef
    at: datetime
    pseudonym: PersonRef
    _ids: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(cls, person: PersonRef, at: datetime) -> Self:
        """The erasure of `person`, under a new pseudonym."""
        pseudonym = replace(person, id=f"{_PSEUDONYM}{ULID.from_datetime(at)}")
        needles = [person.key, *([person.id] if len(person.id) >= _SHORTEST_ID else [])]
        alone = rf"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, needles))})(?![0-9A-Za-z])"
        return cls(person, at, pseudonym, re.compile(alone))

    @property
    def needle(self) -> str:
        """What every record has in it that names the person, apart from those whose subject they are."""
        return self.person.id if len(self.person.id) >= _SHORTEST_ID else self.person.key

    def is_own(self, record: Record) -> bool:
        """Whether the person said or did what the record holds."""
        said = (record.subject, record.data.get("source_id"), record.data.get("author"))
        # A judge may repeat the better answer that people gave.
        return self.person.key in said or self.person.key in record.data.get("metadata", {}).get("corrected_by", ())

    def asks(self, record: Record) -> str | None:
        """The id of the message that the record adds, where the person wrote it."""
        return record.data["id"] if record.type == "add_message" and self.is_own(record) else None

    def erased(self, record: Record, answers: Container[str]) -> Record | None:
        """The record as it stays; None where nothing of it is the person's. `answers`: the ids of replies to them."""
        is_own = self.is_own(record)
        changed = record
        if is_own or (record.type in {"add_message", "update_message"} and record.data["id"] in answers):
            changed = without_words(record, username=self.pseudonym.id)
        if record.type == "set_consent" and is_own:
            _, name = names_of(self.person.key)
            changed = replace(changed, subject=name, data={**record.data, "subject": name})
        changed = replace(changed, data=self.renamed(changed.data), subject=self.renamed(changed.subject))
        if "assessment_id" in changed.data and record.data.get("source_id") == self.person.key:
            changed = replace(changed, data={**changed.data, "assessment_id": _by_chance(record)})
        if self._names_person(record, is_own=is_own):
            # The id is made of the key, and whoever knows the person could make it again.
            changed = replace(changed, id=_by_chance(record), idempotency_key=f"erased:{_by_chance(record)}")
        return None if changed == record else changed

    def _names_person(self, record: Record, *, is_own: bool) -> bool:
        key = record.idempotency_key
        return self._ids.search(key) is not None or (is_own and self.person.id in re.split(r"[^0-9A-Za-z]", key))

    def renamed(self, value: Any) -> Any:
        """`value` with the pseudonym for the person's ids, however deep."""
        if isinstance(value, str):
            return self._ids.sub(self._pseudonym_for, value)
        if isinstance(value, Mapping):
            return {name: self.renamed(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.renamed(each) for each in value]
        return value

    def _pseudonym_for(self, match: re.Match[str]) -> str:
        return self.pseudonym.id if match[0] == self.person.id else self.pseudonym.key

    def digests(self, record: Record, changed: Record) -> list[str]:
        """What is kept apart, so that what `record` told is not told again."""
        kept = [digest(record.idempotency_key)] if changed.idempotency_key != record.idempotency_key else []
        return [*kept, digest(_opinion(record.data))] if record.type in _OPINIONS and self.is_own(record) else kept

    def record(self, topic: str) -> Record:
        """That it happened, under the pseudonym; `topic` is one of those that the person's records have."""
        return envelop(
            EraseSubject(subject=self.pseudonym.key),
            environment=topic.split(".", 1)[0],
            at=self.at,
            where=self.pseudonym,
            key=f"{self.pseudonym.key}:erased",
            subject=self.pseudonym.key,
        )


def _by_chance(record: Record) -> str:
    """A ULID of the record's moment."""
    return str(ULID.from_datetime(record.at))
