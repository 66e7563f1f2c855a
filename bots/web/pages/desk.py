"""What every page of the dashboard works with, and how a page is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse

from bots.web.access import Caller
from bots.web.pages.live import Watcher
from bots.web.pages.rendering import parts_of, render
from bots.web.pages.rendering import place as named_place
from core.clock import Clock
from core.insight.overview import Figures
from core.messages import PlaceRef
from core.policy import Policies
from core.store.sql import SqlStore
from core.store.web_keys import Scope

HOME: Final = "/dashboard"
_PAGES: Final = (
    ("overview", "Overview", HOME),
    ("replies", "Replies", f"{HOME}/replies"),
    ("review", "Review", f"{HOME}/review"),
    ("compare", "Compare", f"{HOME}/compare"),
    ("exports", "Exports", f"{HOME}/exports"),
    ("health", "Health", f"{HOME}/health"),
)
_MOST: Final = 200
"""Channels to choose from: everyone who writes to the bot alone has one of their own."""
WAIT: Final = "plaudit-wait"
"""The header of a request whose answer is to have every figure in it, however long it takes."""


@dataclass(kw_only=True)
class Desk:
    """The parts of a running Plaudit that the pages show."""

    store: SqlStore
    policies: Policies
    clock: Clock
    stopping: asyncio.Event
    """Set when whoever listens is to be let go."""
    environment: str
    names: Callable[[PlaceRef], str]
    """What a channel is called; empty where that is not known."""
    files: Callable[[str, int], Awaitable[bytes]]
    """What makes the report of so many days a file with this ending. Raises PlauditError."""
    trace_url: str = ""
    """Where a trace is looked at; `{trace_id}` stands for its id. Empty: nowhere."""
    figures: Figures = field(init=False)
    watcher: Watcher = field(init=False)

    def __post_init__(self) -> None:
        self.figures = Figures(self.store, self.clock.now)
        self.watcher = Watcher(self.store.newest, self.stopping)

    async def page(
        self, request: Request, caller: Caller, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """`template` with `values`, and what all pages show."""
        values = {
            "home": HOME,
            "pages": _PAGES,
            "caller": caller,
            "may_review": caller.may(Scope.REVIEW),
            "here": str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
            "seq": await self.store.newest(),
            "pending": False,
            "live": True,
            "where": self.where,
            **values,
        }
        return HTMLResponse(render(template, **values), status)

    async def problem(self, request: Request, caller: Caller, sentence: str, status: int = 404) -> HTMLResponse:
        """A page that says what is wrong and what to do."""
        return await self.page(request, caller, "problem.html", status=status, active="", sentence=sentence, live=False)

    def where(self, place: PlaceRef | str | None) -> str:
        """A place in words: slack · #general."""
        return named_place(place, self.names(PlaceRef(*parts_of(place))))

    def places(self, channels: Sequence[str], chosen: str) -> list[tuple[str, str]]:
        """The keys of the first of `channels`, and of the one that is chosen, each with its place in words."""
        shown = {*channels[:_MOST], *filter(None, [chosen])}
        return sorted(((each, self.where(each)) for each in shown), key=lambda each: each[1].casefold())

    def trace_link(self, trace_id: str | None) -> str:
        """Where a trace is looked at; empty where that is not known."""
        if not trace_id or not self.trace_url:
            return ""
        return self.trace_url.replace("{trace_id}", quote(trace_id, safe=""))
