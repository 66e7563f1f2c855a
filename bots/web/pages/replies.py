"""The replies: a list to look through, and each with its conversation and with what everybody said of it, and when."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from bots.links import link_or_address
from bots.web.access import Caller
from bots.web.pages.desk import Desk
from bots.web.pages.filtering import PERIODS, Filter
from core.errors import NotFoundError
from core.feedback import USER_CATEGORY, USER_FEEDBACK
from core.store.browsing import Judged, Order, Wanted
from core.store.details import Details
from core.store.opinions_told import Opinion
from core.store.views import MessageView

_PAGE: Final = 25
_JUDGED: Final = {
    Judged.ANYHOW: "any",
    Judged.JUDGED: "judged",
    Judged.LIKED: "liked by most",
    Judged.DISLIKED: "disliked by anyone",
    Judged.DIVIDED: "divided",
    Judged.COMMENTED: "with a comment",
    Judged.CORRECTED: "with a better answer",
    Judged.UNJUDGED: "not judged",
}
_ORDER: Final = {
    Order.NEWEST: "newest",
    Order.VOTES: "most votes",
    Order.DISLIKED: "most disliked",
    Order.DISAGREEMENT: "most disagreement",
}


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a reply took, in seconds; None where it is not known."""

    first_token: float | None
    whole: float | None


async def replies(desk: Desk, request: Request, caller: Caller) -> HTMLResponse:
    """One page of the replies that the address chooses."""
    wanted = Filter.of(request.query_params)
    found = await desk.store.browsing().replies(_wanted(desk, wanted))
    models, channels = desk.figures.names()
    return await desk.page(
        request,
        caller,
        "replies.html",
        active="replies",
        filter=wanted,
        periods=PERIODS,
        judged=_JUDGED,
        orders=_ORDER,
        models=models,
        channels=desk.places(channels, wanted.channel),
        platforms=sorted({each.split(":")[0] for each in channels}),
        found=found[:_PAGE],
        more=len(found) > _PAGE,
    )


async def reply(desk: Desk, request: Request, caller: Caller, reply_id: str) -> HTMLResponse:
    """One reply."""
    details = await desk.store.browsing().details(reply_id)
    if details is None:
        return await desk.problem(request, caller, f"There is no reply {reply_id}, or it was deleted.")
    try:
        view = await desk.store.conversation_view(details.conversation_id)
    except NotFoundError as error:
        return await desk.problem(request, caller, str(error))
    return await desk.page(
        request,
        caller,
        "reply.html",
        active="replies",
        reply_id=reply_id,
        details=details,
        timing=_timing(details),
        conversation=view,
        by_person=by_person,
        tally=tally,
        address=link_or_address(details.address),
        trace_link=desk.trace_link(details.trace_id),
    )


def by_person(message: MessageView) -> list[tuple[str, list[Opinion]]]:
    """What each person says of a message."""
    said = sorted(message.opinions, key=attrgetter("person"))
    return [(person, list(opinions)) for person, opinions in groupby(said, key=attrgetter("person"))]


def tally(opinions: Iterable[Opinion]) -> tuple[int, int, tuple[str, ...]]:
    """How many are for and against, and for which reasons."""
    told = list(opinions)
    votes = [each.value for each in told if each.name == USER_FEEDBACK]
    reasons = dict.fromkeys(str(each.value) for each in told if each.name == USER_CATEGORY)
    return sum(each is True for each in votes), sum(each is False for each in votes), tuple(reasons)


def _wanted(desk: Desk, chosen: Filter) -> Wanted:
    """The page that is shown, and one reply more: then there is another page."""
    wanted = Wanted(
        since=desk.clock.now() - timedelta(days=chosen.days),
        place=chosen.place,
        model=chosen.model,
        text=chosen.q,
        judged=chosen.judged,
        order=chosen.order,
    )
    return replace(wanted, limit=_PAGE + 1, offset=(chosen.page - 1) * _PAGE)


def _timing(details: Details) -> Timing:
    begun, first, ended = details.started_at, details.first_token_at, details.ended_at
    return Timing(
        (first - begun).total_seconds() if begun and first else None,
        (ended - begun).total_seconds() if begun and ended else None,
    )
