"""Records for the store's benchmark: conversations as people have them, and votes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any

from core.messages import MessageRef, PersonRef, PlaceRef
from core.records import AddMessage, LogFeedback, Payload, Record, StartConversation, envelop

START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = 500
MODEL = {"id": "org/model", "metadata": {}}
QUESTION, ANSWER = "What is the matter with this? " * 4, "The matter with it is that it is so. " * 14


def conversation(name: str, messages: int, seconds: float = 0, votes_each: int = 0) -> Iterator[Record]:
    """Its start, and questions and answers in turn, each answer with some votes."""
    place = PlaceRef("slack", "T1", "C1", name)
    start = StartConversation(id=name, model=MODEL, username="ann", place=place.key)
    yield told(start, place, f"{name}:start", seconds, name)
    for number in range(0, messages, 2):
        asker = f"slack:T1:U{number % PEOPLE}"
        question, answer = f"{name}-{number}", f"{name}-{number + 1}"
        yield said(question, name, "user", QUESTION, place, seconds + number, author=asker)
        yield said(answer, name, "assistant", ANSWER, place, seconds + number, question_id=question, model=MODEL)
        for voter in range(votes_each):
            yield vote(answer, name, (number + voter) % PEOPLE, f"{answer}:{voter}", seconds + number)


def conversations(records: int) -> Iterator[Record]:
    """Conversations of five questions, three votes on each answer, until there are enough records."""
    each = (
        record for number in count() for record in conversation(f"c{number}", 10, seconds=number * 60, votes_each=3)
    )
    return islice(each, records)


def votes(batch: int, number: int) -> Iterator[Record]:
    """Votes on many replies, a vote of someone else's each."""
    return (
        vote(f"b{batch}-{place // 10}", "c", place % PEOPLE, f"b{batch}:{place}", place / 1_000)
        for place in range(number)
    )


def ask(number: int) -> tuple[Record, PlaceRef]:
    """A question in the long conversation."""
    place = PlaceRef("slack", "T1", "C1", "long")
    return said(f"new-{number}", "long", "user", QUESTION, place, 10**7 + number, author="slack:T1:U1"), place


def said(  # noqa: PLR0917 - a line of a play
    name: str, to: str, role: str, content: str, place: PlaceRef, seconds: float, **fields: Any
) -> Record:
    payload = AddMessage(
        id=name,
        conversation_id=to,
        role=role,
        content=content,
        timestamp=(START + timedelta(seconds=seconds)).isoformat(),
        parts=[MessageRef("slack", "T1", "C1", name).key],
        **fields,
    )
    return told(payload, place, f"{name}:add", seconds, to, name, fields.get("author"))


def vote(reply: str, in_conversation: str, person: int, key: str, seconds: float) -> Record:
    who = PersonRef("slack", "T1", f"U{person}")
    metadata = {"platform": "slack", "channel": "C1", "segment": "user", "by_asker": False, "seconds_after_reply": 2.5}
    payload = LogFeedback(
        id=reply,
        conversation_id=in_conversation,
        rating="like",
        assessment_id=key,
        name="user_feedback",
        value=True,
        source_type="HUMAN",
        source_id=who.key,
        origin=f"reaction:slack:T1:C1:{reply}:👍",
        metadata=metadata,
    )
    return told(payload, who, f"{key}:vote", seconds, in_conversation, reply, who.key)


def told(  # noqa: PLR0917 - the envelope's fields, in its order
    payload: Payload,
    where: PlaceRef | PersonRef,
    key: str,
    seconds: float,
    conversation_id: str,
    message_id: str | None = None,
    subject: str | None = None,
) -> Record:
    return envelop(
        payload,
        environment="bench",
        at=START + timedelta(seconds=seconds),
        where=where,
        key=key,
        conversation_id=conversation_id,
        message_id=message_id,
        subject=subject,
    )
