"""Records for the store's tests, told in a line each. Times are seconds after `START`."""

import random
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from core.messages import MessageRef, PlaceRef, stable_ulid
from core.records import (
    AddMessage,
    ChooseModel,
    EndConversation,
    LogExpectation,
    LogFeedback,
    Payload,
    Record,
    SetConsent,
    StartConversation,
    UpdateMessage,
    WithdrawAssessment,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = PlaceRef("slack", "T1", "C1", "1.0")
LIKE, DISLIKE = True, False
_numbers = count()


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def ref(number: object) -> MessageRef:
    return MessageRef("slack", "T1", "C1", str(number))


def told(payload: Payload, seconds: float = 0, *, key: str | None = None, **envelope: Any) -> Record:
    """The payload in its envelope; without a `key`, one that was never told before."""
    key = key or f"told:{next(_numbers)}"
    return Record(
        **{
            "id": stable_ulid(moment(seconds), key),
            "type": payload.type,
            "version": payload.version,
            "topic": "test.slack.T1",
            "at": moment(seconds),
            "source": "slack",
            "data": payload.to_json(),
            "idempotency_key": key,
            **envelope,
        }
    )


def started(
    conversation: str, seconds: float = 0, *, place: PlaceRef = PLACE, lasting: bool = True, branched: str | None = None
) -> Record:
    payload = StartConversation(
        id=conversation,
        model={"id": "org/model", "metadata": {"revision": "main"}},
        username="ann",
        place=place.key,
        lasting=lasting,
        branched_from=branched,
    )
    return told(payload, seconds)


def said(
    message: str, seconds: float = 0, *, role: str = "user", content: str = "hello", to: str = "c1", **fields: Any
) -> Record:
    payload = AddMessage(
        id=message,
        conversation_id=to,
        role=role,
        content=content,
        **{"timestamp": moment(seconds).isoformat(), "parts": [ref(message).key], **fields},
    )
    return told(payload, seconds)


def replied(message: str, seconds: float = 0, **fields: Any) -> Record:
    return said(message, seconds, role="assistant", **fields)


def changed(message: str, seconds: float = 0, *, in_conversation: str = "c1", **fields: Any) -> Record:
    return told(UpdateMessage(id=message, conversation_id=in_conversation, **fields), seconds)


def ended(conversation: str, seconds: float = 0, reason: str = "reset") -> Record:
    return told(EndConversation(id=conversation, reason=reason), seconds)


def voted(message: str, person: str, value: Any, seconds: float = 0, **fields: Any) -> Record:
    payload = LogFeedback(
        **{
            "id": message,
            "conversation_id": "c1",
            "assessment_id": f"a{next(_numbers)}",
            "name": "user_feedback",
            "value": value,
            "source_type": "HUMAN",
            "source_id": person,
            "origin": f"reaction:{value}",
            **fields,
        }
    )
    return told(payload, seconds)


def commented(message: str, person: str, text: str, seconds: float = 0) -> Record:
    origin = f"message:{ref(next(_numbers)).key}"
    return voted(message, person, text, seconds, name="user_comment", feedback=text, origin=origin)


def corrected(message: str, person: str, text: str, seconds: float = 0, *, origin: str = "message:1") -> Record:
    payload = LogExpectation(
        id=message,
        conversation_id="c1",
        assessment_id=f"a{next(_numbers)}",
        name="expected_response",
        value=text,
        source_type="HUMAN",
        source_id=person,
        origin=origin,
    )
    return told(payload, seconds)


def categorised(message: str, person: str, value: str, seconds: float = 0, *, origin: str = "") -> Record:
    return voted(message, person, value, seconds, name="user_category", origin=origin or f"reaction:{value}")


def withdrew(message: str, person: str, value: Any, seconds: float = 0, **fields: Any) -> Record:
    payload = WithdrawAssessment(
        **{
            "id": message,
            "conversation_id": "c1",
            "name": "user_feedback",
            "source_type": "HUMAN",
            "source_id": person,
            "origin": f"reaction:{value}",
            **fields,
        }
    )
    return told(payload, seconds)


def consented(person: str, seconds: float = 0, *, keep: bool) -> Record:
    return told(SetConsent(subject=person, keep=keep), seconds, subject=person)


def chose(model: str, seconds: float = 0, *, place: PlaceRef = PLACE, person: str | None = None) -> Record:
    return told(ChooseModel(place=place.channel_key, model=model), seconds, subject=person)


_ANY_NAMES = ["user_feedback", "user_comment", "user_category", "user_accuracy"]


def any_history(seed: int, length: int) -> list[Record]:
    """A history of everything that can happen, in an order in which it should not: few things, many records."""
    dice = random.Random(seed)
    kinds = [
        _any_start,
        _any_message,
        _any_message,
        _any_change,
        _any_end,
        _any_vote,
        _any_vote,
        _any_withdrawal,
        _any_consent,
        _any_choice,
    ]
    return [dice.choice(kinds)(dice, dice.uniform(0, 1_000)) for _ in range(length)]


def _any_start(dice: random.Random, seconds: float) -> Record:
    return started(dice.choice("ABCDE"), seconds, place=PlaceRef("slack", "T1", dice.choice("XY")))


def _any_message(dice: random.Random, seconds: float) -> Record:
    parts = [ref(dice.randrange(20)).key for _ in range(dice.randrange(3))]
    return said(f"m{dice.randrange(12)}", seconds, content=f"at {seconds}", to=dice.choice("ABCDE"), parts=parts)


def _any_change(dice: random.Random, seconds: float) -> Record:
    fields = dice.choice([{"content": f"edited at {seconds}"}, {"content": ""}, {"rating": "like"}, {"deleted": True}])
    return changed(f"m{dice.randrange(12)}", seconds, **fields)


def _any_end(dice: random.Random, seconds: float) -> Record:
    return ended(dice.choice("ABCDE"), seconds, dice.choice(["reset", "idle"]))


def _any_vote(dice: random.Random, seconds: float) -> Record:
    message, person = f"m{dice.randrange(4)}", dice.choice(["ann", "bob"])
    values = [True, False, 3, 4.5, "a category", None]
    name = dice.choice(_ANY_NAMES)
    return voted(message, person, dice.choice(values), seconds, name=name, origin=dice.choice("👍👎"))


def _any_withdrawal(dice: random.Random, seconds: float) -> Record:
    message, person = f"m{dice.randrange(4)}", dice.choice(["ann", "bob"])
    name = dice.choice(_ANY_NAMES)
    return withdrew(message, person, None, seconds, name=name, origin=dice.choice("👍👎"))


def _any_consent(dice: random.Random, seconds: float) -> Record:
    return consented(f"slack:T1:{dice.choice('UV')}", seconds, keep=dice.random() < 0.5)


def _any_choice(dice: random.Random, seconds: float) -> Record:
    return chose(dice.choice(["small", "large", ""]), seconds, place=PlaceRef("slack", "T1", dice.choice("XY")))
