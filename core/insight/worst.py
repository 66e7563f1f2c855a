"""The replies that people like least, with what they said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Protocol

from core.feedback import EXPECTED_RESPONSE, USER_CATEGORY, USER_COMMENT, USER_FEEDBACK, Assessment, SourceType
from core.insight.statistics import wilson
from core.messages import Message, MessageRef
from core.store.counts import ReplyVotes


class Judged(Protocol):
    """Where replies, and what people think of them, are found."""

    async def disliked(self, since: datetime | None = None, until: datetime | None = None) -> list[ReplyVotes]:
        """The replies that anyone is against, in the order of the log."""
        ...

    async def message(self, message_id: str) -> Message | None:
        """The message of this id."""
        ...

    async def assessments(self, message_id: str) -> list[Assessment]:
        """The assessments of a message that stand and count, one per person and name."""
        ...


@dataclass(frozen=True, slots=True)
class DislikedReply:
    """A reply, how many people are for it and against it, and why. What nobody said, or was erased, is empty."""

    message_id: str
    conversation_id: str
    timestamp: datetime
    positive: int
    negative: int
    question: str
    reply: str
    categories: tuple[str, ...]
    comments: tuple[str, ...]
    """Comments, and the reasons that people gave with their votes."""
    expected: tuple[str, ...]
    """What it should have said instead."""
    address: MessageRef | None
    """Its first part, on the platform."""


async def worst(
    judged: Judged, number: int, *, since: datetime | None = None, until: datetime | None = None
) -> list[DislikedReply]:
    """The `number` replies that most surely more people are against than for, the worst first; none that is deleted.

    They are ordered by the lower end of Wilson's interval of the share of those against it, so that one voice alone
    does not outweigh five of six.
    """
    found: list[DislikedReply] = []
    disliked = await judged.disliked(since, until)
    places = {each.message_id: place for place, each in enumerate(disliked)}

    def least(votes: ReplyVotes) -> tuple[float, int]:
        against = wilson(votes.negative, votes.positive + votes.negative).low
        return -against, -places[votes.message_id]  # the newer first

    # Some may have been deleted: they are passed over.
    for votes in sorted(disliked, key=least) if len(disliked) <= number else nsmallest(2 * number, disliked, key=least):
        reply = await judged.message(votes.message_id)
        if len(found) < number and reply is not None and not reply.deleted:
            found.append(await _told(judged, votes, reply))
    return found


async def _told(judged: Judged, votes: ReplyVotes, reply: Message) -> DislikedReply:
    question = await judged.message(reply.question_id) if reply.question_id else None
    said = [each for each in await judged.assessments(reply.id) if each.source.type is SourceType.HUMAN]
    reasons = [each.rationale for each in said if each.name == USER_FEEDBACK and each.rationale]
    return DislikedReply(
        reply.id,
        reply.conversation_id,
        reply.timestamp,
        votes.positive,
        votes.negative,
        question.content if question and not question.deleted else "",
        reply.content,
        _distinct(said, USER_CATEGORY),
        tuple(dict.fromkeys([*_distinct(said, USER_COMMENT), *reasons])),
        _distinct(said, EXPECTED_RESPONSE),
        reply.parts[0] if reply.parts else None,
    )


def _distinct(said: Sequence[Assessment], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(each.value) for each in said if each.name == name and each.value))
