"""A question over HTTP: which conversation it belongs to, what it is called, and how it reaches the assistant."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Self

from fastapi import HTTPException

from bots.web.access import Caller
from bots.web.growing import Growing
from bots.web.platform import PLATFORM
from bots.web.services import Services
from core.answering import client_request_id
from core.events import MessageReceived
from core.messages import MessageRef, Person, PlaceRef, ReplyStatus, Role
from core.ports import Ended
from core.store.traces import State
from core.words import NOT_ANSWERED

_CHANNEL = 16
_ID = 12
"""Hexadecimal digits; together within the 50 characters that MLflow takes for the id of a request."""


_TOO_MANY = 429
_BROKE_OFF = "The answer broke off here. Please ask again if you need the rest."
_LATER = "60"
"""Seconds after which one may ask again where others were asked too much."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a question stands."""

    message: MessageRef
    is_new: bool = False
    """The place has a name that was drawn for it: nothing was ever said there."""

    @classmethod
    def named(cls, request: str, caller: Caller) -> Self | None:
        """The question of the caller's that a client request id names; None where it cannot be one."""
        platform, _, rest = request.partition("-")
        channel, _, id_ = rest.partition("-")
        is_one = platform == PLATFORM and len(channel) == _CHANNEL and len(id_) == _ID and (channel + id_).isalnum()
        return cls(MessageRef(PLATFORM, caller.name, channel, id_)) if is_one else None

    @property
    def request(self) -> str:
        """The client request id."""
        return client_request_id(self.message)

    @property
    def place(self) -> PlaceRef:
        """Where its conversation is."""
        return PlaceRef(PLATFORM, self.message.workspace, self.message.channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a question comes with."""

    caller: Caller
    person: Person
    conversation_id: str | None
    session_id: str | None
    name: str | None
    """Of the request, unlike that of any other of this person: sent again, it is not asked again."""


async def address(services: Services, context: Context) -> Asked:
    """Where a question is to stand. Raises HTTPException: 404 for a conversation that there is not."""
    secret = (await services.store.pseudonyms()).key

    def digits(*words: str, number: int) -> str:
        words = (context.person.ref.key, *words)
        return hmac.digest(secret, "\n".join(words).encode(), "sha256").hex()[:number]

    if context.conversation_id is not None:
        channel = await _channel_of(services, context.caller, context.conversation_id)
    elif context.session_id is not None:
        channel = digits("session", context.session_id, number=_CHANNEL)
    elif context.name is not None:
        channel = digits("request", context.name, number=_CHANNEL)
    else:
        channel = secrets.token_hex(_CHANNEL // 2)
    id_ = digits("name", context.name, number=_ID) if context.name is not None else secrets.token_hex(_ID // 2)
    is_new = context.conversation_id is context.session_id is context.name is None
    return Asked(MessageRef(PLATFORM, context.caller.name, channel, id_), is_new)


async def ask(services: Services, asked: Asked, person: Person, text: str) -> Growing:
    """Ask, durably; returns what grows.

    Raises:
        HTTPException: 403 or 429 where the question is not let in; the sentence says why.
        DatabaseUnavailableError: nothing was asked.
    """
    event = MessageReceived(
        event_id=asked.request,
        at=services.clock.now(),
        message=asked.message,
        place=asked.place,
        author=person,
        text=text,
        addressed=True,
        in_new_place=asked.is_new,
    )
    with services.platform.expecting(asked.message) as growing:
        if refusal := await services.assistant.ask(event, services.platform):
            status = 403 if refusal == NOT_ANSWERED else _TOO_MANY
            raise HTTPException(status, refusal, {"Retry-After": _LATER} if status == _TOO_MANY else None)
    return growing


async def again(services: Services, asked: Asked) -> Growing:
    """The reply to what was asked before, in the making or whole. Raises HTTPException: 404 where nothing was asked."""
    growing = services.platform.growing(asked.message)
    if growing is not None:
        return growing
    question = await services.store.message_at(asked.message)
    if question is None or question.role is not Role.USER:
        raise HTTPException(404, f"Nothing was asked by the client_request_id {asked.request}.")
    with services.platform.expecting(asked.message) as growing:
        await look(services, asked, growing)
    return growing


async def look(services: Services, asked: Asked, growing: Growing) -> None:
    """End `growing` by what the log has, where the reply is whole: another process may have written it."""
    trace = await services.store.traces().of_request(asked.request)
    reply = await services.store.message(trace.reply_id) if trace and trace.state is State.WHOLE else None
    if reply is not None and not growing.is_here:
        growing.restart()
        growing.write(reply.content)
        note = "" if reply.status is ReplyStatus.COMPLETE else _BROKE_OFF
        growing.end(Ended(reply.id, reply.conversation_id, reply.status, note))
        services.platform.forget(asked.message)


async def _channel_of(services: Services, caller: Caller, conversation_id: str) -> str:
    conversation = await services.store.conversation(conversation_id)
    if conversation is None or (conversation.place.platform, conversation.place.workspace) != (PLATFORM, caller.name):
        raise HTTPException(404, f"There is no conversation {conversation_id} of yours: leave it out for a new one.")
    return conversation.place.channel
