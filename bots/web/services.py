"""What the routes of the HTTP interface work with: made once, handed to all of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from bots.web.access import Access
from bots.web.platform import WebPlatform
from core.assistant import Assistant
from core.clock import Clock
from core.messages import PlaceRef
from core.policy import Policies
from core.store.sql import SqlStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a running Plaudit that the web shows."""

    store: SqlStore
    assistant: Assistant
    platform: WebPlatform
    access: Access
    policies: Policies
    clock: Clock
    names: Callable[[PlaceRef], str] = lambda _: ""
    """What a channel is called; empty where that is not known."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is about to stop: what would go on for ever ends."""


async def services_of(request: Request) -> Services:
    """Those of the application that got `request`."""
    # Asynchronous for its speed: FastAPI runs a plain function in a thread.
    found: Services = request.app.state.services
    return found


InService: TypeAlias = Annotated[Services, Depends(services_of)]
"""An argument of a route: the services."""
