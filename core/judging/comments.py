"""What people write below a reply, as records: comments and corrections, edited, deleted and taken back."""

from dataclasses import replace
from typing import Final

from core.events import MessageDeleted, MessageEdited, MessageReceived, ReactionAdded
from core.feedback import EXPECTED_RESPONSE, Assessment, Meaning, canonical_emoji, read_below
from core.judging.opinions import Act, Opinions, comment_origin, reply_of
from core.judging.overtaken import Overtaken
from core.judging.replies import Replies
from core.judging.votes import Judging
from core.messages import MessageRef, PersonRef
from core.ports import Store

NOTED: Final = "📝"
"""The mark on a comment that was kept."""
TAKE_BACK: Final = "❌"
"""On one's own comment or correction: it is not to count."""
CORRECTED: Final = "✏️"
"""The mark on a correction that was kept."""


class Commenting:
    """Turns messages below a reply into records of feedback."""

    def __init__(self, store: Store, replies: Replies, opinions: Opinions, judging: Judging) -> None:
        self._store = store
        self._replies = replies
        self._opinions = opinions
        self._judging = judging
        self._overtaken = Overtaken()

    async def said(self, event: MessageReceived) -> str | None:
        """Keep what someone wrote below a reply; the mark for it where it is new, else None."""
        if event.found_later and (known := await self.at(event.message)) is not None:
            return await self._reworded(known, event.text, self._found(event))
        stands = self._overtaken.as_it_stands(event)
        reply = await self._replies.above(event)
        segment = await self._judging.segment(event.author.ref, event.author.roles, event.place)
        if stands is None or reply is None or segment is None:
            return None
        act = Act(
            person=event.author.ref,
            at=stands.worded_at,
            said_at=event.at,
            where=event.message,
            name=event.event_id,
            segment=segment,
            found_later=event.found_later,
        )
        meaning = read_below(stands.text)
        record = self._opinions.opinion(
            act, reply, meaning, origin=comment_origin(event.message), key=f"{event.message.key}:said"
        )
        return _mark(meaning) if await self._judging.keep(record) else None

    async def is_below_reply(self, event: MessageReceived) -> bool:
        """Whether there is a reply that the message can be about."""
        return await self._replies.above(event) is not None

    async def at(self, message: MessageRef) -> Assessment | None:
        """What a message below a reply says of it, as far as it stands."""
        return await self._store.assessment_from(comment_origin(message))

    async def edited(self, event: MessageEdited) -> str | None:
        """Keep the new wording; the mark for it where it is now another kind of thing, else None."""
        known = await self.at(event.message)
        if known is None:
            self._overtaken.edited(event)
            return None
        return await self._reworded(known, event.text, self._act(known, event))

    async def deleted(self, event: MessageDeleted) -> None:
        """Withdraw what was said."""
        if (known := await self.at(event.message)) is not None:
            await self._withdraw(known, self._last_act(known, event))
        else:
            self._overtaken.deleted(event)

    async def taken_back(self, event: ReactionAdded) -> Assessment | None:
        """Withdraw what its author no longer wants to have said; what that was, or None where it is not theirs."""
        known = await self.at(event.message)
        if known is None and canonical_emoji(event.emoji) == TAKE_BACK:
            self._overtaken.taken_back(event.message, event.person)
        if known is None or known.source.id != event.person.key:
            return None
        await self._withdraw(known, self._last_act(known, event))
        return known

    def _last_act(self, known: Assessment, event: MessageDeleted | ReactionAdded) -> Act:
        # It was said before it was taken back, whatever the clocks say and in whatever order we hear of it.
        return replace(self._act(known, event), at=max(event.at, known.at))

    async def _withdraw(self, known: Assessment, act: Act) -> None:
        await self._store.append(self._opinions.withdrawal(act, reply_of(known), known.name, known.origin))

    async def _reworded(self, known: Assessment, text: str, act: Act) -> str | None:
        meaning = read_below(text)
        # What it read before it came to read as it does is told late.
        if act.at < known.at or not text.strip() or meaning == Meaning(known.name, known.value):
            return None
        reply = await self._replies.of(known.message_id) or reply_of(known)
        # When it was said, and of what, is as it was.
        kept = {
            name: known.metadata[name]
            for name in ("seconds_after_reply", "before_completion")
            if name in known.metadata
        }
        records = [self._opinions.opinion(act, reply, meaning, origin=known.origin, metadata=kept)]
        if meaning.name != known.name:
            records.insert(0, self._opinions.withdrawal(act, reply, known.name, known.origin))
        is_new = await self._judging.keep(*records)
        return _mark(meaning) if is_new and meaning.name != known.name else None

    @staticmethod
    def _found(event: MessageReceived) -> Act:
        return Act(
            person=event.author.ref,
            at=event.worded_at,
            where=event.message,
            name=f"{event.message.key}:edited:{event.worded_at.isoformat()}",
            found_later=True,
            moment_is_known=False,
        )

    @staticmethod
    def _act(known: Assessment, event: MessageEdited | MessageDeleted | ReactionAdded) -> Act:
        return Act(
            person=PersonRef.parse(known.source.id),
            at=event.at,
            where=event.message,
            name=event.event_id,
            segment=str(known.metadata.get("segment", "user")),
            found_later=event.found_later,
        )


def _mark(meaning: Meaning) -> str:
    return CORRECTED if meaning.name == EXPECTED_RESPONSE else NOTED
