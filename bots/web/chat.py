"""Questions over HTTP: answered whole, or as a stream that can be taken up again where it broke."""

import zlib
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self, TypeAlias

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response
from pydantic import StringConstraints

from bots.web.access import Caller, needs
from bots.web.asking import Asked, Context, address, again, ask
from bots.web.growing import Growing
from bots.web.people import person_of
from bots.web.problems import SENT, Problem, may_answer
from bots.web.services import InService
from bots.web.shapes import Done, Failed, Question, Reply, Token, XSessionId, XUserId
from bots.web.sse import BEAT, BEAT_SECONDS, MEDIA_TYPE, EventStream, Frames, frame
from core.messages import ReplyStatus
from core.store.web_keys import Scope

router = APIRouter(tags=["chat"])

Asker = Annotated[Caller, Depends(needs(Scope.CHAT))]
RequestName: TypeAlias = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=128)] | None,
    Header(alias="Idempotency-Key", description="A name of your own for the request: sent again, it asks nothing new."),
]
LastEventId: TypeAlias = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The id of the last event that was read: it goes on there.")
]
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Server-sent events: `token` (several), then one `done` or `error`.",
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "event": {"type": "string", "enum": ["token", "done", "error", "restart"]},
                        "id": {"type": "string"},
                        "data": {"type": "string"},
                    },
                }
            }
        },
    }
}
_FAILED: Final[dict[int | str, dict[str, Any]]] = {502: {"model": Problem, "description": "The model gave no answer."}}


@dataclass(frozen=True, slots=True)
class Reached:
    """How far somebody has read: the id of an event. `check` is the CRC-32 of what was read."""

    request: str
    characters: int = 0
    check: int = 0

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What an id says; None where it is none of ours."""
        request, _, rest = text.rpartition("/")
        characters, _, check = rest.partition("-")
        if not (request and characters.isdecimal() and len(characters) < 10):  # noqa: PLR2004 - 10 digits is no length
            return None
        try:
            return cls(request, int(characters), int(check, 16))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.request}/{self.characters}-{self.check:08x}"


@router.post("/chat", responses={**may_answer(*SENT, 404, 503), **_FAILED})
async def chat(  # noqa: PLR0917 - FastAPI gives them by their names
    body: Question,
    services: InService,
    caller: Asker,
    x_user_id: XUserId = None,
    x_session_id: XSessionId = None,
    idempotency_key: RequestName = None,
) -> Reply:
    """Ask, and have the whole answer."""
    person = person_of(caller, x_user_id, x_session_id)
    context = Context(
        caller=caller,
        person=person,
        conversation_id=body.conversation_id,
        session_id=x_session_id,
        name=idempotency_key,
    )
    asked = await address(services, context)
    growing = await ask(services, asked, person, body.message)
    ended = await growing.whole()
    if not ended.reply_id:
        raise HTTPException(503, ended.note, {"Retry-After": "5"})
    if ended.status is not ReplyStatus.COMPLETE and not growing.text.strip():
        raise HTTPException(502, ended.note.removeprefix("⚠️ ") or "There was no answer. Please ask again.")
    return Reply(
        response=growing.text,
        trace_id=ended.reply_id,
        client_request_id=asked.request,
        conversation_id=ended.conversation_id,
        status=ended.status,
        note=ended.note,
    )


@router.post("/chat/stream", responses={**may_answer(*SENT, 404, 503), **_STREAM}, response_class=Response)
async def chat_stream(  # noqa: PLR0917 - the same
    body: Question,
    services: InService,
    caller: Asker,
    x_user_id: XUserId = None,
    x_session_id: XSessionId = None,
    idempotency_key: RequestName = None,
    last_event_id: LastEventId = None,
) -> Response:
    """Ask, and have the answer as it is written: `token`, `token`, …, `done` (or `error`), each as `data: {json}`.

    The id of the request is in the header `X-Client-Request-ID`. Sent again with `Last-Event-ID`, nothing is asked:
    the stream goes on behind that event. Who stops reading does not stop the answer.
    """
    if last_event_id:
        return await chat_resumed(services, caller, last_event_id=last_event_id)
    person = person_of(caller, x_user_id, x_session_id)
    context = Context(
        caller=caller,
        person=person,
        conversation_id=body.conversation_id,
        session_id=x_session_id,
        name=idempotency_key,
    )
    asked = await address(services, context)
    growing = await ask(services, asked, person, body.message)
    return _stream(growing, Reached(asked.request))


@router.get("/chat/stream", responses={**may_answer(404, 503), **_STREAM}, response_class=Response)
async def chat_resumed(
    services: InService,
    caller: Asker,
    client_request_id: Annotated[str | None, Query(max_length=64, description="What was asked.")] = None,
    last_event_id: LastEventId = None,
) -> Response:
    """Read an answer again: from the beginning, or behind an event."""
    reached = Reached.read(last_event_id) if last_event_id else Reached(client_request_id or "")
    asked = Asked.named(reached.request, caller) if reached else None
    if reached is None or asked is None:
        raise HTTPException(404, "Nothing was asked by this id: send the client_request_id, or the id of an event.")
    return _stream(await again(services, asked), reached)


def _stream(growing: Growing, reached: Reached) -> EventStream:
    return EventStream(_frames(growing, reached), {"X-Client-Request-ID": reached.request})


async def _frames(growing: Growing, reached: Reached) -> Frames:
    request, characters, check = reached.request, reached.characters, reached.check
    if characters and zlib.crc32(growing.text[:characters].encode()) != check:
        # The process that wrote it has died, and the model was asked again.
        characters = check = 0
        yield frame("restart", {"type": "restart"}, str(Reached(request)))
    async for piece in growing.read(after=characters, beat=BEAT_SECONDS):
        if piece is None:
            yield BEAT
        else:
            check = zlib.crc32(piece.text.encode(), check)
            yield frame("token", Token(content=piece.text), f"{request}/{piece.end}-{check:08x}")
            characters = piece.end
    yield _last(growing, Reached(request, characters, check))


def _last(growing: Growing, reached: Reached) -> bytes:
    ended = growing.ended
    assert ended is not None  # noqa: S101 - for mypy: reading ends with it
    if ended.status is ReplyStatus.COMPLETE:
        done = Done(
            trace_id=ended.reply_id,
            client_request_id=reached.request,
            conversation_id=ended.conversation_id,
            note=ended.note,
        )
        return frame("done", done, str(reached))
    failed = Failed(error=ended.note, trace_id=ended.reply_id or None, client_request_id=reached.request)
    return frame("error", failed, str(reached))
