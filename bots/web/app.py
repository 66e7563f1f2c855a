"""The HTTP interface put together: routes, the door, the description of itself. It opens no socket."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI

from bots.web import chat, feedback, login, reading, reference
from bots.web.guard import Guard
from bots.web.problems import handle_problems
from bots.web.services import Services

MAX_BODY: Final = 1024 * 1024
"""Bytes of a request's body."""
_DESCRIPTION: Final = (
    "Ask, judge the replies, and read what is kept. With a key (`Authorization: Bearer plaudit_…`), or without one on "
    'the machine itself as long as none was made. Whatever goes wrong is told as `{"detail": "a sentence"}`.'
)


def create_app(services: Services, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application; `routers` hold what is served besides (the dashboard's pages)."""
    app = FastAPI(
        title="Plaudit",
        description=_DESCRIPTION,
        version=version("plaudit"),
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere
        redoc_url=None,
        max_body_size=MAX_BODY,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = services
    for each in (chat.router, feedback.router, reading.router, reference.router, login.router, *routers):
        app.include_router(each)
    handle_problems(app)
    app.add_middleware(Guard)
    return app
