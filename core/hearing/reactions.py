"""What people say with an emoji: a vote on a reply, or a wish about a reply or about a comment of their own."""

from datetime import timedelta
from typing import Final

from core.events import MessageReceived, ReactionAdded, ReactionRemoved, ReactionsCleared
from core.feedback import EXPECTED_RESPONSE, Meaning, canonical_emoji
from core.hearing.courtesies import Courtesies
from core.hearing.interactions import Interactions
from core.judging.comments import CORRECTED, NOTED, TAKE_BACK, Commenting
from core.judging.replies import JudgedReply, Replies
from core.judging.votes import Judging
from core.messages import Person
from core.policy import Policies
from core.ports import ChatPlatform, Store
from core.turns import Turns

RETRY: Final = "🔁"
"""On a reply: its asker wants another one."""
ONE_WISH: Final = timedelta(seconds=2)
"""Within so long a time it is the same wish, however often it is told."""
CORRECT: Final = "✏"
"""On a reply: someone wants to say what it should have been."""
MEANT_AS_QUESTION: Final = "💬"
"""On one's own comment: it was a question."""


class Reacting:
    """Tells reactions apart."""

    def __init__(
        self,
        *,
        store: Store,
        policies: Policies,
        replies: Replies,
        judging: Judging,
        commenting: Commenting,
        interactions: Interactions,
        turns: Turns,
        courtesies: Courtesies,
        keeps_feedback: bool,
    ) -> None:
        self._store = store
        self._policies = policies
        self._replies = replies
        self._judging = judging
        self._commenting = commenting
        self._interactions = interactions
        self._turns = turns
        self._courtesies = courtesies
        self._keeps_feedback = keeps_feedback

    async def added(self, event: ReactionAdded, platform: ChatPlatform) -> None:
        """Someone put an emoji on a message."""
        emoji = canonical_emoji(event.emoji)
        meaning = self._policies.at(event.place or event.message).emoji.get(emoji)
        is_sign = emoji in (RETRY, CORRECT, MEANT_AS_QUESTION, TAKE_BACK)
        if event.by_bot or not (meaning or is_sign):
            return
        reply = await self._replies.at(event.message)
        if reply is None:
            await self._on_comment(event, emoji, platform)
        elif meaning is not None:
            await self._vote(event, reply, meaning, platform)
        elif not event.found_later:
            await self._on_reply(event, emoji, reply, platform)

    async def _vote(self, event: ReactionAdded, reply: JudgedReply, meaning: Meaning, platform: ChatPlatform) -> None:
        is_new = self._keeps_feedback and await self._judging.reaction_added(event, reply, meaning)
        if is_new and meaning.value is False and not event.found_later:
            self._courtesies.start(self._interactions.ask_why(reply, event.person, platform), f"ask why of {reply.id}")

    async def _on_reply(self, event: ReactionAdded, emoji: str, reply: JudgedReply, platform: ChatPlatform) -> None:
        if emoji == RETRY and reply.completed_at is not None:
            # Two processes may hear it, each under another name.
            moment = int(event.at.timestamp() / ONE_WISH.total_seconds())
            await self._turns.retry(reply, event.person, platform, f"{reply.id}:{moment}")
        elif emoji == CORRECT and self._keeps_feedback and await self._judging.heard(event):
            asking = self._interactions.ask_correction(reply, event.person, platform)
            self._courtesies.start(asking, "ask for a correction")

    async def _on_comment(self, event: ReactionAdded, emoji: str, platform: ChatPlatform) -> None:
        if emoji == MEANT_AS_QUESTION and not event.found_later:
            await self._ask_instead(event, platform)
        elif emoji == TAKE_BACK and (said := await self._commenting.taken_back(event)) is not None:
            self._courtesies.mark(
                event.message, platform, CORRECTED if said.name == EXPECTED_RESPONSE else NOTED, off=True
            )

    async def _ask_instead(self, event: ReactionAdded, platform: ChatPlatform) -> None:
        """A comment that its author marked as meant for the assistant is a question from now on."""
        said = await self._commenting.taken_back(event)
        reply = await self._store.message(said.message_id) if said is not None else None
        conversation = await self._store.conversation(reply.conversation_id) if reply is not None else None
        if said is None or reply is None or conversation is None:
            return
        self._courtesies.mark(event.message, platform, NOTED, off=True)
        question = MessageReceived(
            event_id=event.event_id,
            at=event.at,
            message=event.message,
            place=conversation.place,
            author=Person(event.person, conversation.username, roles=event.roles),
            text=str(said.value),
            addressed=True,
            lasting=bool(conversation.place.thread),
            parent=reply.parts[-1] if reply.parts else None,
        )
        await self._turns.ask(question, platform)

    async def removed(self, event: ReactionRemoved) -> None:
        """Someone took their emoji away."""
        if event.by_bot or not self._keeps_feedback:
            return
        if (reply := await self._replies.at(event.message)) is not None:
            meaning = self._policies.at(event.message).emoji.get(canonical_emoji(event.emoji))
            await self._judging.reaction_removed(event, reply, meaning)

    async def cleared(self, event: ReactionsCleared) -> None:
        """A moderator took emoji away."""
        if self._keeps_feedback and (reply := await self._replies.at(event.message)) is not None:
            await self._judging.reactions_cleared(event, reply)
