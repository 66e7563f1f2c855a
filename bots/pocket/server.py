"""The box itself: one house, its faces, and the server on localhost that they share."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Protocol, Self, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from bots.pocket.discord import Discord
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.house import House
from bots.pocket.model import Model
from bots.pocket.slack import Slack
from bots.pocket.slack_rules import SlackRules
from bots.pocket.things import Kind, Message, Person, Platform, Room
from core.clock import Clock

Found = TypeVar("Found")

_BODY_BYTES = 16 * 1024**2
_SECONDS_TO_CLOSE = 0.2
_NOBODY_READS_THIS = 499


class Service(Protocol):
    """Something that is served: a platform's face, the model's endpoint, a webhook's receiver."""

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        ...

    def close(self) -> None:
        """Cut what is under way."""
        ...


class Pocket:
    """A chat platform in a box.

    ```python
    async with Pocket() as pocket:
        ada, general = pocket.person("Ada"), pocket.room("general", on="slack")
        question = await ada.says("@plaudit what is WAL?", general)
        reply = await pocket.reply_to(question)
    ```
    """

    def __init__(
        self,
        *,
        slack: SlackRules | None = None,
        discord: DiscordRules | None = None,
        model: Model | None = None,
        services: Iterable[Service] = (),
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """`port` 0 takes any that is free; `services` are served beside the platforms and the model."""
        self.house = House(clock)
        self.slack = Slack(self.house, slack)
        self.discord = Discord(self.house, discord)
        self.model = model or Model()
        self._services: list[Service] = [self.slack, self.discord, self.model, *services]
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None
        self.origin = ""
        """`http://host:port`, once it is open."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_BODY_BYTES, middlewares=[_unheard])
        for service in self._services:
            app.add_routes(service.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SECONDS_TO_CLOSE)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        host, port, *_ = self._runner.addresses[0]
        self.origin = self.slack.origin = self.discord.origin = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in self._services:
            service.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def model_url(self) -> str:
        """The base URL of the model's endpoint."""
        return f"{self.origin}/v1"

    # The house, at hand

    def person(self, name: str, *, is_bot: bool = False, platform: Platform | None = None) -> Person:
        """`House.person`."""
        return self.house.person(name, is_bot=is_bot, platform=platform)

    def room(self, name: str, *, on: Platform, kind: Kind = "channel", members: Iterable[Person] | None = None) -> Room:
        """`House.room`."""
        return self.house.room(name, on=on, kind=kind, members=members)

    async def until(
        self,
        condition: Callable[[], Found],
        *,
        timeout: float = 5.0,  # noqa: ASYNC109 - as in House
    ) -> Found:
        """`House.until`."""
        return await self.house.until(condition, timeout=timeout)

    async def reply_to(self, question: Message, *, timeout: float = 5.0) -> Message:  # noqa: ASYNC109 - as in House
        """`House.reply_to`."""
        return await self.house.reply_to(question, timeout=timeout)

    async def settled(
        self,
        message: Message,
        *,
        quiet: float = 0.3,
        timeout: float = 30.0,  # noqa: ASYNC109 - as in House
    ) -> Message:
        """`House.settled`."""
        return await self.house.settled(message, quiet=quiet, timeout=timeout)


@web.middleware
async def _unheard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whoever is cut off while they still speak is not heard, and gets no answer; aiohttp would log a traceback."""
    try:
        return await handler(request)
    except ConnectionResetError:
        return web.Response(status=_NOBODY_READS_THIS)
