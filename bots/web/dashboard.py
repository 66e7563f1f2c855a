"""The dashboard: the routes of its pages. Reading needs the scope `read`, a review `review`, whatever the page."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse

from bots.web.access import Caller, needs
from bots.web.pages import compare, exports, health, overview, passing, replies, review
from bots.web.pages.assets import LASTING, STATIC, TYPES, version
from bots.web.pages.desk import HOME, Desk
from bots.web.services import Services
from core.store.web_keys import Scope

Reader = Annotated[Caller, Depends(needs(Scope.READ))]
Reviewer = Annotated[Caller, Depends(needs(Scope.REVIEW))]


def router(
    services: Services, *, environment: str, files: Callable[[str, int], Awaitable[bytes]], trace_url: str = ""
) -> APIRouter:
    """The pages under `/dashboard`. It is made inside a running loop: figures are counted ahead of the first look.

    `environment`: of the records that reviews become. `files`: makes the report of so many days a file with an ending.
    `trace_url`: where a trace is looked at, with `{trace_id}` in it.
    """
    desk = Desk(
        store=services.store,
        policies=services.policies,
        clock=services.clock,
        stopping=services.stopping,
        environment=environment,
        names=services.names,
        files=files,
        trace_url=trace_url,
    )
    desk.figures.refresh()
    pages = APIRouter(prefix=HOME, include_in_schema=False, default_response_class=HTMLResponse)
    _add_pages(pages, desk)
    _add_review(pages, desk)

    @pages.get("/live")
    async def live(_: Reader) -> Response:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(desk.watcher.events(), media_type="text/event-stream", headers=headers)

    @pages.get("/static/{name}")
    async def static(name: str, v: str = "") -> Response:
        # Without a key: there is nothing in them.
        if name not in TYPES:
            return Response(status_code=404)
        caching = LASTING if v == version(name) else "no-cache"
        return FileResponse(STATIC / name, media_type=TYPES[name], headers={"Cache-Control": caching})

    return pages


def _add_pages(pages: APIRouter, desk: Desk) -> None:
    @pages.get("", name="dashboard")
    async def show_overview(request: Request, caller: Reader) -> Response:
        return await overview.overview(desk, request, caller)

    @pages.get("/")
    async def with_slash() -> Response:
        return RedirectResponse(HOME, 308)

    @pages.get("/replies")
    async def show_replies(request: Request, caller: Reader) -> Response:
        return await replies.replies(desk, request, caller)

    @pages.get("/replies/{reply_id}")
    async def show_reply(request: Request, caller: Reader, reply_id: str) -> Response:
        return await replies.reply(desk, request, caller, reply_id)

    @pages.get("/compare")
    async def show_comparison(request: Request, caller: Reader) -> Response:
        return await compare.compare(desk, request, caller)

    @pages.get("/exports")
    async def show_exports(request: Request, caller: Reader) -> Response:
        return await exports.exports(desk, request, caller)

    @pages.get("/files/{name}")
    async def pass_on(request: Request, caller: Reader, name: str) -> Response:
        return await passing.passing(desk, request, caller, name)

    @pages.get("/health")
    async def show_health(request: Request, caller: Reader) -> Response:
        return await health.health(desk, request, caller)


def _add_review(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/review")
    async def show_queue(request: Request, caller: Reader) -> Response:
        return await review.queue(desk, request, caller)

    @pages.get("/review/{reply_id}")
    async def show_form(request: Request, caller: Reader, reply_id: str) -> Response:
        return await review.one(desk, request, caller, reply_id)

    @pages.post("/review/{reply_id}")
    async def keep_review(request: Request, caller: Reviewer, reply_id: str) -> Response:
        return await review.keep(desk, request, caller, reply_id)
