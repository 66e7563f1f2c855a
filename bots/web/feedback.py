"""What people think of replies, over HTTP: a vote, or scores. The paths and shapes are those of MLflow's guide."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, HTTPException, Query
from ulid import ULID

from bots.web.access import Caller, needs
from bots.web.people import person_of
from bots.web.problems import SENT, may_answer
from bots.web.services import InService, Services
from bots.web.shapes import (
    BinaryFeedback,
    ClientRequestId,
    DetailedFeedback,
    DetailedFeedbackKept,
    FeedbackKept,
    TraceId,
    UserId,
    XSessionId,
    XUserId,
)
from core.errors import SettingsError
from core.feedback import USER_FEEDBACK, Meaning, dimension
from core.judging.telling import Said, Told
from core.messages import PersonRef
from core.store.traces import State, Trace
from core.store.web_keys import Scope

router = APIRouter(tags=["feedback"], responses=may_answer(*SENT, 404, 409, 503))

Judge = Annotated[Caller, Depends(needs(Scope.FEEDBACK))]
_REFUSED: Final = {
    Told.NO_REPLY: (404, "There is no such reply (any more)."),
    Told.NOT_HEARD: (403, "Nobody's judgement is kept there, or not this person's: plaudit.toml says whose is."),
    Told.OPTED_OUT: (403, "This person wished that nothing of theirs is kept."),
}


@router.post("/feedback")
async def feedback(  # noqa: PLR0917 - FastAPI gives them by their names
    body: BinaryFeedback,
    services: InService,
    caller: Judge,
    trace_id: TraceId = None,
    client_request_id: ClientRequestId = None,
    user_id: Annotated[UserId | None, Query(description="In place of X-User-ID.")] = None,
    x_user_id: XUserId = None,
    x_session_id: XSessionId = None,
) -> FeedbackKept:
    """Say whether a reply is right. A person has one vote for each: said again, the last counts."""
    person = person_of(caller, x_user_id or user_id, x_session_id).ref
    reply_id = await judged(services, trace_id, client_request_id)
    said = Said(Meaning(USER_FEEDBACK, body.is_correct), (body.comment or "").strip())
    await tell(services, reply_id, person, [said], by="web")
    return FeedbackKept(trace_id=reply_id)


@router.post("/detailed-feedback")
async def detailed_feedback(
    body: DetailedFeedback,
    services: InService,
    caller: Judge,
    trace_id: TraceId = None,
    client_request_id: ClientRequestId = None,
) -> DetailedFeedbackKept:
    """Score a reply. A person has one score in each dimension: said again, the last counts."""
    person = person_of(caller, body.user_id).ref
    reply_id = await judged(services, trace_id, client_request_id)
    scores = {"accuracy": body.accuracy, "helpfulness": body.helpfulness, "relevance": body.relevance}
    comment = (body.comment or "").strip()
    said = [
        Said(Meaning(dimension(name), score), comment if name == "accuracy" else "") for name, score in scores.items()
    ]
    await tell(services, reply_id, person, said, by="web")
    return DetailedFeedbackKept(trace_id=reply_id, feedback_recorded=scores)


async def tell(services: Services, reply_id: str, person: PersonRef, said: Sequence[Said], *, by: str) -> None:
    """Keep what a person says of a reply. Raises HTTPException where it is not kept."""
    told = await services.assistant.tell(reply_id, person, said, name=f"said:{ULID()}", by=by)
    if told is not Told.KEPT:
        raise HTTPException(*_REFUSED[told])


async def judged(services: Services, trace_id: str | None, client_request_id: str | None) -> str:
    """The id of the reply that is meant. Raises HTTPException: 404 for none, 409 where it is not whole yet."""
    if (trace_id is None) == (client_request_id is None):
        raise SettingsError("Name the reply by its trace_id or by its client_request_id: one of them.")
    if trace_id is not None:
        trace = await services.store.traces().of_trace(trace_id)
        name = f"trace_id {trace_id}"
    else:
        trace = await _of_request(services, client_request_id or "")
        name = f"client_request_id {client_request_id}"
    if trace is None or trace.state is State.GONE:
        raise HTTPException(404, f"There is no reply of the {name}: send the one that /chat gave.")
    if trace.state is State.GROWING:
        raise HTTPException(409, "The reply is still being written: judge it when it is complete.")
    return trace.reply_id


async def _of_request(services: Services, client_request_id: str) -> Trace | None:
    trace = await services.store.traces().of_request(client_request_id)
    if trace is None and services.platform.expects(client_request_id):
        return Trace("", "", State.GROWING)
    return trace
