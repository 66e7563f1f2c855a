"""What someone thinks of a reply, as records. It decides nothing: who is heard and what an act means is `judging`'s."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.feedback import BEST_SCORE, EXPECTED_RESPONSE, USER_COMMENT, Assessment, Meaning, SourceType, Value
from core.judging.replies import JudgedReply
from core.messages import MessageRef, PersonRef, PlaceRef, stable_ulid
from core.records import LogExpectation, LogFeedback, Record, WithdrawAssessment, envelop


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Someone did something about a reply."""

    person: PersonRef
    at: datetime
    where: MessageRef | PlaceRef
    name: str
    """The platform's name for it: the same when it is told again."""
    segment: str = "user"
    found_later: bool = False
    moment_is_known: bool = True
    said_at: datetime | None = None
    """When it was said at first, where that is another moment."""


class Opinions:
    """Makes the records of one environment."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def opinion(
        self,
        act: Act,
        reply: JudgedReply,
        meaning: Meaning,
        *,
        origin: str,
        rationale: str = "",
        metadata: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> Record:
        """The record of an opinion: an Expectation for `expected_response`, else Feedback.

        `key`: where the act's name would not tell that it is the same when it is found later.
        """
        assessment_id = stable_ulid(act.at, f"{reply.id}|{act.person.key}|{meaning.name}|{origin}|{act.name}")
        told: dict[str, Any] = {
            "id": reply.id,
            "conversation_id": reply.conversation_id,
            "assessment_id": assessment_id,
            "name": meaning.name,
            "value": meaning.value,
            "source_type": SourceType.HUMAN.value,
            "source_id": act.person.key,
            "origin": origin,
            "rationale": rationale,
            "metadata": _metadata(act, reply, meaning.value) | dict(metadata or {}),
        }
        payload: LogExpectation | LogFeedback
        if meaning.name == EXPECTED_RESPONSE:
            payload = LogExpectation(**told)
        else:
            comment = str(meaning.value) if meaning.name == USER_COMMENT else ""
            payload = LogFeedback(rating=_rating(meaning.value), feedback=comment, **told)
        # One form may tell several values of one name.
        which = "" if isinstance(act.where, MessageRef) else f":{origin}"
        return self._envelop(payload, act, reply, key or f"{_name(act)}:{meaning.name}{which}")

    def withdrawal(self, act: Act, reply: JudgedReply, name: str, origin: str) -> Record:
        """The record that what was said with `origin` under `name` no longer stands."""
        payload = WithdrawAssessment(
            id=reply.id,
            conversation_id=reply.conversation_id,
            name=name,
            source_type=SourceType.HUMAN.value,
            source_id=act.person.key,
            origin=origin,
            metadata={"found_later": True} if act.found_later else {},
        )
        key = f"{_name(act)}:{act.person.key}:{name}:{origin}:withdrawn"
        return self._envelop(payload, act, reply, key)

    def _envelop(
        self, payload: LogFeedback | LogExpectation | WithdrawAssessment, act: Act, reply: JudgedReply, key: str
    ) -> Record:
        return envelop(
            payload,
            environment=self._environment,
            at=act.at,
            where=act.where,
            key=key,
            conversation_id=reply.conversation_id,
            message_id=reply.id,
            subject=act.person.key,
        )


def reply_of(assessment: Assessment) -> JudgedReply:
    """The reply that an assessment is about, as far as the assessment knows it."""
    return JudgedReply(assessment.message_id, assessment.conversation_id, "", None)


def comment_origin(message: MessageRef) -> str:
    """The origin of what a message below a reply says of it."""
    return f"message:{message.key}"


def reaction_origin(part: MessageRef, emoji: str) -> str:
    """The origin of the vote that an emoji on a part of a reply is, as `toned_emoji` names it."""
    # The part belongs to it: a 👍 taken off one part of a long reply leaves the 👍 on another standing.
    return f"reaction:{part.key}:{emoji}"


def button_origin(reply_id: str) -> str:
    """The origin of the vote that was made with the reply's buttons."""
    return f"button:{reply_id}"


def form_origin(reply_id: str, value: str = "") -> str:
    """The origin of what was put into a form about a reply; `value` tells several of one name apart."""
    return f"form:{reply_id}:{value}" if value else f"form:{reply_id}"


def _name(act: Act) -> str:
    return f"{act.where.platform}:{act.name}"


def _metadata(act: Act, reply: JudgedReply, value: Value) -> dict[str, Any]:
    completed = reply.completed_at
    seconds = None
    if completed is not None and act.moment_is_known:
        seconds = round(((act.said_at or act.at) - completed).total_seconds(), 3)
    told = {
        "platform": act.where.platform,
        "channel": act.where.channel,
        "segment": act.segment,
        "by_asker": act.person.key == reply.asker,
        "before_completion": completed is None,
        "seconds_after_reply": seconds,
    }
    if isinstance(value, int) and not isinstance(value, bool):
        told["normalised"] = value / BEST_SCORE
    return told | ({"found_later": True} if act.found_later else {})


def _rating(value: Value) -> str | int | float:
    if isinstance(value, bool):
        return "like" if value else "dislike"
    return value if isinstance(value, (int, float)) else ""
