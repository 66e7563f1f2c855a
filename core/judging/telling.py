"""What someone says of a reply by its id, in so many words: over HTTP, in the review queue. As records.

The same opinion has the same origin here as with a button or in a form: said twice, in whatever way, it counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.feedback import EXPECTED_RESPONSE, USER_COMMENT, USER_FEEDBACK, Assessment, Meaning
from core.judging.opinions import Act, Opinions, button_origin, form_origin
from core.judging.replies import JudgedReply, Replies
from core.judging.votes import Judging
from core.messages import PersonRef, PlaceRef
from core.ports import Store


class Told(StrEnum):
    """What became of it."""

    KEPT = "kept"
    """It counts; if it was said before, it did already."""
    NO_REPLY = "no_reply"
    """There is no such reply in the log."""
    NOT_HEARD = "not_heard"
    """The policy keeps nobody's judgement there, or not this person's."""
    OPTED_OUT = "opted_out"
    """The person wished that nothing of theirs is kept."""


@dataclass(frozen=True, slots=True)
class Said:
    """One opinion in words."""

    meaning: Meaning
    rationale: str = ""


class Telling:
    """Keeps what is said by name."""

    def __init__(self, store: Store, replies: Replies, judging: Judging, opinions: Opinions) -> None:
        self._store = store
        self._replies = replies
        self._judging = judging
        self._opinions = opinions

    async def tell(
        self, reply_id: str, person: PersonRef, said: Sequence[Said], *, at: datetime, name: str, by: str
    ) -> Told:
        """Keep what `person` says of a reply. `name`: the act's, unlike that of any other; `by`: by what means."""
        reply = await self._replies.of(reply_id)
        conversation = await self._replies.conversation(reply) if reply else None
        if reply is None or conversation is None:
            return Told.NO_REPLY
        segment = await self._judging.segment(person, (), conversation.place)
        if segment is None:
            return Told.OPTED_OUT if await self._store.opted_out(person.key) else Told.NOT_HEARD
        where = PlaceRef(person.platform, person.workspace, conversation.place.channel)
        act = Act(person=person, at=at, where=where, name=name, segment=segment)
        standing = await self._standing(reply, person)
        records = [
            self._opinions.opinion(
                act, reply, each.meaning, origin=origin, rationale=each.rationale, metadata={"with": by}
            )
            for each in said
            for origin in [_origin(reply, each.meaning)]
            if not _says(standing.get((each.meaning.name, origin)), each)
        ]
        await self._judging.keep(*records)
        return Told.KEPT

    async def _standing(self, reply: JudgedReply, person: PersonRef) -> dict[tuple[str, str], Assessment]:
        standing = await self._store.standing_assessments(reply.id, person.key)
        return {(each.name, each.origin): each for each in standing}


def _says(standing: Assessment | None, said: Said) -> bool:
    return standing is not None and (standing.value, standing.rationale) == (said.meaning.value, said.rationale)


def _origin(reply: JudgedReply, meaning: Meaning) -> str:
    match meaning.name:
        case n if n == USER_FEEDBACK:
            return button_origin(reply.id)
        case n if n == USER_COMMENT:
            return form_origin(reply.id, "comment")
        case n if n == EXPECTED_RESPONSE:
            return form_origin(reply.id, "expected")
        case n if isinstance(meaning.value, str):
            return form_origin(reply.id, meaning.value)
        case n:
            return form_origin(reply.id, n.removeprefix("user_"))
