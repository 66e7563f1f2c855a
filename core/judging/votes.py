"""Votes: what people say of a reply with an emoji or a button, as records.

It decides whether an act counts and on which reply; how several opinions of one person become one is the store's
folding.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from core.events import ReactionAdded, ReactionRemoved, ReactionsCleared
from core.feedback import USER_FEEDBACK, Assessment, Meaning, canonical_emoji, toned_emoji
from core.judging.arrivals import Arrivals, Arrived
from core.judging.opinions import Act, Opinions, button_origin, reaction_origin
from core.judging.replies import JudgedReply
from core.messages import MessageRef, PersonRef, PlaceRef
from core.policy import Policies
from core.ports import Store
from core.records import Record


class Judging:
    """Turns emoji and buttons into records of feedback."""

    def __init__(self, store: Store, opinions: Opinions, policies: Policies) -> None:
        self._store = store
        self._opinions = opinions
        self._policies = policies
        self._arrivals = Arrivals(store)

    async def reaction_added(self, event: ReactionAdded, reply: JudgedReply, meaning: Meaning) -> bool:
        """Keep the vote that an emoji means. True where it is new and counts."""
        origin = reaction_origin(event.message, toned_emoji(event.emoji))
        act = await self.heard(event)
        if act is None or await self._stands_already(event, reply, origin):
            return False
        act = replace(act, at=await self.moment(event, event.person, reply, [meaning.name]))
        metadata = {"emoji": canonical_emoji(event.emoji)}
        record = self._opinions.opinion(act, reply, meaning, origin=origin, metadata=metadata)
        [is_new] = await self._store.append(record)
        return is_new

    async def reaction_removed(self, event: ReactionRemoved, reply: JudgedReply, meaning: Meaning | None) -> None:
        """Withdraw what the emoji said when it was put there, or (`meaning`) says now, where that is not known yet."""
        origin = reaction_origin(event.message, toned_emoji(event.emoji))
        mine = [each for each in await self._standing(reply, event.person) if each.origin == origin]
        names = {each.name for each in mine}
        if not names and meaning and not event.found_later and not await self._store.opted_out(event.person.key):
            names = {meaning.name}  # should the vote itself arrive later, it is known to be taken back
        if names:
            act = _act(event, event.person, at=await self.moment(event, event.person, reply, names))
            await self._store.append(*(self._opinions.withdrawal(act, reply, name, origin) for name in sorted(names)))

    async def reactions_cleared(self, event: ReactionsCleared, reply: JudgedReply) -> None:
        """Withdraw every vote made with the emoji that a moderator took away."""
        gone = toned_emoji(event.emoji) if event.emoji else ""
        prefix = reaction_origin(event.message, gone)
        records = [
            self._opinions.withdrawal(
                _act(event, person, at=await self.moment(event, person, reply, [each.name])),
                reply,
                each.name,
                each.origin,
            )
            for each in await self._store.standing_assessments(reply.id)
            if (each.origin == prefix if gone else each.origin.startswith(prefix))
            for person in [PersonRef.parse(each.source.id)]
        ]
        if records:
            await self._store.append(*records)

    async def pressed(self, act: Act, reply: JudgedReply, *, value: bool) -> bool:
        """Keep the vote made with a button. True where it is new."""
        meaning = Meaning(USER_FEEDBACK, value)
        [is_new] = await self._store.append(
            self._opinions.opinion(act, reply, meaning, origin=button_origin(reply.id), metadata={"with": "button"})
        )
        return is_new

    async def withdraw_press(self, act: Act, reply: JudgedReply) -> list[Assessment]:
        """Take back the vote made with a button; returns the votes of this person that still stand."""
        origin = button_origin(reply.id)
        if any(each.origin == origin for each in await self._standing(reply, act.person)):
            await self._store.append(self._opinions.withdrawal(act, reply, USER_FEEDBACK, origin))
        return [each for each in await self._standing(reply, act.person) if each.name == USER_FEEDBACK]

    async def keep(self, *records: Record) -> bool:
        """Append, and tell whether anything of it is new."""
        return any(await self._store.append(*records)) if records else False

    async def moment(self, event: Arrived, person: PersonRef, reply: JudgedReply, names: Collection[str]) -> datetime:
        """When a person voted on a reply under some names. Raises DatabaseUnavailableError."""
        return await self._arrivals.moment(event, person.key, reply.id, names)

    async def heard(self, event: ReactionAdded) -> Act | None:
        """The act of someone whose judgement is kept there; None where it is not."""
        segment = await self.segment(event.person, event.roles, event.place or event.message)
        return None if segment is None else _act(event, event.person, segment=segment, at=event.at)

    async def segment(self, person: PersonRef, roles: tuple[str, ...], where: MessageRef | PlaceRef) -> str | None:
        """What a person is called in reports; None where their judgement is not kept: by the policy, or their wish."""
        policy = self._policies.at(where)
        if not policy.hears(person.id, roles, where.channel) or await self._store.opted_out(person.key):
            return None
        return policy.segment(person.id, roles)

    async def _stands_already(self, event: ReactionAdded, reply: JudgedReply, origin: str) -> bool:
        """Whether what was found later is how things stand: the platform told of it, only late."""
        return event.found_later and any(each.origin == origin for each in await self._standing(reply, event.person))

    async def _standing(self, reply: JudgedReply, person: PersonRef) -> list[Assessment]:
        return await self._store.standing_assessments(reply.id, person.key)


def _act(
    event: ReactionAdded | ReactionRemoved | ReactionsCleared, person: PersonRef, *, at: datetime, segment: str = "user"
) -> Act:
    found = not isinstance(event, ReactionsCleared) and event.found_later
    return Act(
        person=person,
        at=at,
        where=event.message,
        name=event.event_id,
        segment=segment,
        found_later=found,
        moment_is_known=not found,
    )
