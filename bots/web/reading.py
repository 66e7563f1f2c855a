"""What is kept, to be read: a conversation, the log by offset and live, the report."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field

from bots.web.access import Caller, needs
from bots.web.problems import may_answer
from bots.web.services import InService, Services
from bots.web.sse import BEAT, MEDIA_TYPE, EventStream, Frames, frame
from core.errors import SettingsError
from core.following import follow
from core.insight.report import reports_by
from core.insight.window import Window
from core.pseudonyms import Pseudonyms
from core.records import Record
from core.store.counts import Division
from core.store.web_keys import Scope

router = APIRouter()

_PEOPLE: Final = ("subject", "author", "source_id", "corrected_by")
"""The fields of records that name people."""
_MOST: Final = 1_000
_LARGEST: Final = 2**53 - 1
"""The largest whole number that JSON's readers all take."""
Reader = Annotated[Caller, Depends(needs(Scope.READ))]


class Events(BaseModel):
    """Records of the log, in the order of `seq`."""

    events: list[dict[str, Any]]
    next: int = Field(description="What to ask for as `after` to go on.")


class Conversations(BaseModel):
    """Conversations, the newest first."""

    conversations: list[dict[str, Any]]
    next: str | None = Field(description="What to ask for as `before` to go on; null where there are no older ones.")


@router.get("/conversations", responses=may_answer(503), tags=["reading"])
async def conversations(
    services: InService,
    _: Reader,
    *,
    before: Annotated[str, Query(max_length=64, description="Those older than this one.")] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST, description="So many at most.")] = 100,
) -> Conversations:
    """The conversations, the newest first, without a word of what was said."""
    found = await services.store.browsing().conversations(before=before.replace("\x00", ""), limit=limit)
    last = found[-1].id if len(found) == limit else None
    return Conversations(conversations=[asdict(each) for each in found], next=last)


@router.get("/conversations/{conversation_id}", responses=may_answer(404, 503), tags=["reading"])
async def conversation(conversation_id: str, services: InService, _: Reader) -> dict[str, Any]:
    """A conversation with what people think of its replies; people by their pseudonyms."""
    return asdict(await services.store.conversation_view(conversation_id))


@router.get(
    "/events",
    responses={**may_answer(503), 200: {"model": Events, "content": {MEDIA_TYPE: {}}}},
    tags=["reading"],
    response_model=None,
)
async def events(
    request: Request,
    services: InService,
    caller: Reader,
    *,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="Begin behind this sequence number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="So many at most.")] = 100,
    follow_log: Annotated[
        bool, Query(alias="follow", description="Go on for ever, as server-sent events; so does `Accept`.")
    ] = False,
    last_event_id: Annotated[str | None, Header(description="Where a broken stream goes on.")] = None,
) -> Response | Events:
    """The log: records behind a sequence number, or a stream of them as they come.

    Without the scope `admin`, people appear by their pseudonyms, and the records without their idempotency keys.
    """
    names = None if caller.may(Scope.ADMIN) else await services.store.pseudonyms()
    if follow_log or MEDIA_TYPE in request.headers.get("accept", ""):
        if last_event_id is not None and last_event_id.isdecimal() and int(last_event_id) <= _LARGEST:
            after = int(last_event_id)
        return EventStream(_followed(services, after, names), until=services.stopping)
    found = [each async for each in services.store.records(after=after, limit=limit)]
    last = found[-1].seq if found else None
    return Events(events=[_told(each, names) for each in found], next=last or after)


@router.get("/report", responses=may_answer(503), tags=["reading"])
async def report(
    services: InService,
    _: Reader,
    hours: Annotated[
        float | None, Query(ge=0, le=1_000_000, description="Looking back so far; 24 unless said.")
    ] = None,
    since: Annotated[datetime | None, Query(description="Replies from this moment on.")] = None,
    until: Annotated[datetime | None, Query(description="Replies before this moment.")] = None,
    by: Annotated[list[Division] | None, Query(description="A report for each, and one for `all`.")] = None,
) -> dict[str, Any]:
    """How many replies were judged, and how: a report for each part by its name, and last the one for `all`."""
    if hours is not None and since is not None:
        raise SettingsError("hours and since both say where the report begins: choose one of them.")
    try:
        window = Window.of(now=services.clock.now(), hours=hours, since=_in_utc(since), until=_in_utc(until))
    except OverflowError as error:
        raise SettingsError("The report would begin before all time: ask for fewer hours.") from error
    found = await reports_by(services.store, *dict.fromkeys(by or ()), since=window.since, until=window.until)
    return {name: asdict(each) for name, each in found.items()}


async def _followed(services: Services, after: int, names: Pseudonyms | None) -> Frames:
    yield BEAT
    async for record in follow(services.store, after=after):
        yield frame(record.type, _told(record, names), str(record.seq))


def _told(record: Record, names: Pseudonyms | None) -> dict[str, Any]:
    """A record in its envelope; with `names`, without what leads to people."""
    told = asdict(record)
    if names is None:
        return told
    del told["idempotency_key"]
    told["subject"] = names.of(record.subject) if record.subject else None
    told["data"] = _without_people(record.data, names)
    return told


def _without_people(data: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    return {name: _without_person(name, value, names) for name, value in data.items()}


def _without_person(name: str, value: Any, names: Pseudonyms) -> Any:
    match value:
        case Mapping():
            return _without_people(value, names)
        case list():
            return [_without_person(name, each, names) for each in value]
        case str() if name in _PEOPLE and value:
            return names.of(value)
        case _:
            return "" if name == "username" else value


def _in_utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise SettingsError(f"{moment.isoformat()} is no moment that a log could have.") from error
