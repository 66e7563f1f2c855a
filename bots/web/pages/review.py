"""The review queue: what people judged and no reviewer has looked at, the most disliked first; and the form for one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from ulid import ULID

from bots.links import link_or_address
from bots.web.access import Caller
from bots.web.pages import reviewing
from bots.web.pages.desk import HOME, Desk
from bots.web.pages.replies import by_person, tally
from core.errors import NotFoundError
from core.feedback import BEST_SCORE
from core.judging.opinions import Opinions
from core.messages import PlaceRef
from core.policy import Policy
from core.store.browsing import Judged, Listed, Order, Wanted
from core.store.details import Details
from core.store.views import MessageView

BACK: Final = timedelta(days=90)
"""How old a reply may be to stand in the queue."""
_SHOWN: Final = 12
_LARGEST: Final = 200_000
"""Bytes of a form."""
_FIELDS: Final = 100
_ANYWHERE: Final = PlaceRef("", "", "")


@dataclass(frozen=True, slots=True)
class Open:
    """The reply that is reviewed, with what leads to it and what people said of it."""

    details: Details
    question: str
    message: MessageView
    policy: Policy
    review: reviewing.Review
    """As it stands in the form."""
    reviewed: bool


async def queue(desk: Desk, request: Request, caller: Caller) -> HTMLResponse:
    """The queue, with its first reply open; the others can be opened out of turn."""
    waiting = await _waiting(desk)
    skipped = _skipped(request, waiting)
    first = waiting[skipped] if waiting else None
    opened = await _open(desk, first.message_id, caller) if first else None
    return await _page(desk, request, caller, opened, waiting, skipped=skipped)


async def one(desk: Desk, request: Request, caller: Caller, reply_id: str) -> HTMLResponse:
    """The form for any reply."""
    opened = await _open(desk, reply_id, caller)
    if opened is None:
        return await desk.problem(request, caller, f"There is no reply {reply_id}, or it was deleted.")
    return await _page(desk, request, caller, opened, await _waiting(desk), skipped=0)


async def keep(desk: Desk, request: Request, caller: Caller, reply_id: str) -> Response:
    """Keep what the form says, and go on with the queue."""
    body = await request.body()
    if len(body) > _LARGEST:
        return await desk.problem(request, caller, "That is too much text for a review: shorten it.", 413)
    try:
        form = parse_qs(body.decode(), max_num_fields=_FIELDS)
    except ValueError:
        return await desk.problem(request, caller, "The form cannot be read: send it from the review page.", 422)
    opened = await _open(desk, reply_id, caller)
    if opened is None:
        return await desk.problem(request, caller, f"There is no reply {reply_id}, or it was deleted.")
    review = reviewing.Review.of(form, opened.policy)
    before = reviewing.said_before(await desk.store.standing_assessments(reply_id), caller.name)
    if review.is_empty and not before:
        sentence = "Nothing was chosen or written: choose a reason, a score, or write a better answer; or skip it."
        return await _page(desk, request, caller, opened, await _waiting(desk), skipped=0, sentence=sentence)
    records = reviewing.review_records(
        review,
        opened.details,
        before,
        key=caller.name,
        at=desk.clock.now(),
        token=next(iter(form.get("token", ())), "")[:26] or str(ULID()),
        opinions=Opinions(desk.environment),
    )
    await desk.store.append(*records)
    return RedirectResponse(f"{HOME}/review?kept={reply_id}", 303)


async def _waiting(desk: Desk) -> list[Listed]:
    wanted = Wanted(
        since=desk.clock.now() - BACK,
        judged=Judged.JUDGED,
        unreviewed=True,
        order=Order.DISLIKED,
        limit=_SHOWN,
    )
    return await desk.store.browsing().replies(wanted)


def _skipped(request: Request, waiting: list[Listed]) -> int:
    """How many of the queue's first were skipped; behind the last one it begins anew."""
    told = request.query_params.get("skip", "")
    skipped = int(told) if told.isascii() and told.isdigit() and len(told) < 3 else 0  # noqa: PLR2004 - 99 are plenty
    return skipped % len(waiting) if waiting else 0


async def _open(desk: Desk, reply_id: str, caller: Caller) -> Open | None:
    details = await desk.store.browsing().details(reply_id)
    if details is None:
        return None
    try:
        view = await desk.store.conversation_view(details.conversation_id)
    except NotFoundError:
        return None
    messages = {each.id: each for each in view.messages}
    question = messages.get(details.question_id or "")
    policy = desk.policies.at(details.place or _ANYWHERE)
    said = reviewing.said_before(await desk.store.standing_assessments(reply_id), caller.name)
    return Open(
        details,
        question.content if question else "",
        messages[reply_id],
        policy,
        reviewing.as_review(said, policy),
        bool(said),
    )


async def _page(
    desk: Desk,
    request: Request,
    caller: Caller,
    opened: Open | None,
    waiting: list[Listed],
    *,
    skipped: int,
    sentence: str = "",
) -> HTMLResponse:
    return await desk.page(
        request,
        caller,
        "review.html",
        status=422 if sentence else 200,
        active="review",
        opened=opened,
        choices=reviewing.choices(opened.policy) if opened else (),
        scores=range(1, BEST_SCORE + 1),
        address=link_or_address(opened.details.address) if opened else "",
        waiting=waiting,
        most=_SHOWN,
        skipped=skipped,
        token=str(ULID()),
        sentence=sentence,
        kept=request.query_params.get("kept", ""),
        by_person=by_person,
        tally=tally,
        days=BACK.days,
    )
