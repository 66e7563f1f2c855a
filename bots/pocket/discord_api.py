"""How a REST call to Discord is taken: token, rate limits, faults, errors, headers; the same for every route.

What the routes do is told elsewhere, in tables of `Endpoint`.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson
from aiohttp import BodyPartReader, web

from bots.pocket.discord_errors import Problem, RefusedError
from bots.pocket.discord_guild import Json
from bots.pocket.discord_rules import GLOBAL, OTHER, Buckets, Taken
from bots.pocket.discord_world import World
from bots.pocket.things import Message, Person, Room

_MAJOR = ("channel", "guild", "webhook_token")


@dataclass(slots=True)
class Ask:
    """A call's arguments, and the things of the world that they name."""

    world: World
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    """The JSON of the body; None without one."""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    """What was uploaded with it, by name."""

    def room(self, *permissions: str) -> Room:
        """The `{channel}` of the path, in which the assistant must have `permissions`."""
        room = self.world.room(number(self.path["channel"], Problem.UNKNOWN_CHANNEL))
        self.world.require(room, *permissions)
        return room

    def message(self, room: Room) -> Message:
        """The `{message}` of the path."""
        return self.world.message(room, number(self.path["message"], Problem.UNKNOWN_MESSAGE))

    def person(self) -> Person:
        """The `{user}` of the path."""
        return self.world.person(number(self.path["user"], Problem.UNKNOWN_USER))

    def number(self, name: str, default: int) -> int:
        """A number of the query."""
        return number(self.query.get(name, str(default)), Problem.INVALID_FORM)

    @property
    def json(self) -> Json:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise RefusedError(Problem.INVALID_JSON)
        return self.body


Answer: TypeAlias = Json | list[Json] | None
"""JSON, or None for 204."""
Handler: TypeAlias = Callable[[Ask], Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. `bucket` is its name in the rules' rates."""

    method: str
    path: str
    handler: Handler
    bucket: str = OTHER
    authorized: bool = True
    """It wants the bot's token; what has a token in its path does not, and is exempt from the global limit."""


@dataclass(slots=True)
class Call:
    """A call that was made, and how it was answered."""

    method: str
    path: str
    bucket: str
    at: float
    """`Clock.monotonic` when it arrived, in seconds."""
    channel: str = ""
    status: int = 0
    """The HTTP status; 0 while it is under way, or where the connection was cut instead."""
    retry_after: float = 0.0
    """The seconds of the 429 that it got; 0 where it got none."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What becomes of one call, of the next of its kind."""

    status: int
    """An HTTP status, or 0 to cut the connection."""
    bucket: str = ""
    done: bool = False
    """It takes effect all the same; only the answer is lost."""


class Api:
    """Takes calls and counts them."""

    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._rules = world.rules
        self._token = token
        self._buckets = Buckets(world.rules)
        self._failures: deque[Failure] = deque()
        self.calls: list[Call] = []
        self.refusing = False
        """Whoever calls is cut off without an answer."""

    def fail(self, status: int, *, bucket: str, times: int, done: bool) -> None:
        """Let the next `times` calls fail; see `Discord.fail`."""
        self._failures.extend([Failure(status, bucket, done)] * times)

    def routes(self, endpoints: list[Endpoint], prefix: str) -> list[web.RouteDef]:
        """Routes for aiohttp."""
        return [web.route(each.method, prefix + each.path, self._taker(each)) for each in endpoints]

    def _taker(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def take(request: web.Request) -> web.StreamResponse:
            if self.refusing:
                return _cut(request)
            await _pause(self._rules.latency)
            clock = self._world.house.clock
            call = Call(endpoint.method, request.path, endpoint.bucket, clock.monotonic())
            call.channel = request.match_info.get("channel", "")
            self.calls.append(call)
            response = await self._answer(request, endpoint, call)
            call.status = 0 if response is None else response.status
            self._world.house.stir()
            await _pause(self._rules.latency)
            return _cut(request) if response is None else response

        return take

    async def _answer(self, request: web.Request, endpoint: Endpoint, call: Call) -> web.Response | None:
        """The answer; None where the connection is to be cut instead."""
        failure = next((each for each in self._failures if each.bucket in ("", endpoint.bucket)), None)
        if failure is not None:
            self._failures.remove(failure)
            if failure.done:
                with contextlib.suppress(RefusedError):
                    await _handled(endpoint, await _ask(request, self._world))
            body = {"message": f"{failure.status}: Service Unavailable", "code": 0}
            return _json(failure.status, body, {}) if failure.status else None
        headers: dict[str, str] = {}
        try:
            refusal = self._admit(request, endpoint, call, headers)
            if refusal is not None:
                return refusal
            data = await _handled(endpoint, await _ask(request, self._world))
        except RefusedError as error:
            if error.retry_after is not None:
                return _limited(call, error.retry_after, "user", headers, error.body)
            return _json(error.status, error.body, headers)
        return web.Response(status=204, headers=headers) if data is None else _json(200, data, headers)

    def _admit(
        self, request: web.Request, endpoint: Endpoint, call: Call, headers: dict[str, str]
    ) -> web.Response | None:
        """The refusal of a call that may not pass; fills in the rate headers. Raises 401."""
        if endpoint.authorized:
            if request.headers.get("Authorization") != f"Bot {self._token}":
                raise RefusedError(Problem.UNAUTHORIZED)
            overall = self._buckets.take(GLOBAL, "", call.at)
            if not overall.allowed:
                return _limited(call, overall.reset_after, "global", headers)
        major = next((request.match_info[name] for name in _MAJOR if name in request.match_info), "")
        taken = self._buckets.take(endpoint.bucket, major, call.at)
        headers.update(self._headers(taken))
        return None if taken.allowed else _limited(call, taken.reset_after, "user", headers)

    def _headers(self, taken: Taken) -> dict[str, str]:
        now = self._world.house.clock.now().timestamp()
        return {
            "X-RateLimit-Limit": str(taken.limit),
            "X-RateLimit-Remaining": str(taken.remaining),
            "X-RateLimit-Reset": f"{now + taken.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{taken.reset_after:.3f}",
            "X-RateLimit-Bucket": taken.bucket,
        }


async def _pause(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


async def _handled(endpoint: Endpoint, ask: Ask) -> Answer:
    answer = endpoint.handler(ask)
    return await answer if isinstance(answer, Awaitable) else answer


async def _ask(request: web.Request, world: World) -> Ask:
    ask = Ask(world, request.match_info, request.query)
    if request.content_type == "multipart/form-data":
        await _read_parts(request, ask)
    elif request.can_read_body:
        try:
            ask.body = orjson.loads(await request.read())
        except orjson.JSONDecodeError as error:
            raise RefusedError(Problem.INVALID_JSON) from error
    return ask


async def _read_parts(request: web.Request, ask: Ask) -> None:
    """An upload: the JSON comes in a part of its own beside the files."""
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = await part.read()
        if part.name == "payload_json":
            ask.body = orjson.loads(bytes(data))
        else:
            ask.files.append((part.filename or "file", bytes(data)))


def _json(status: int, data: Json | list[Json], headers: Mapping[str, str]) -> web.Response:
    # Exactly this type: discord.py reads anything else, a charset included, as text.
    typed = {**headers, "Content-Type": "application/json"}
    return web.Response(body=orjson.dumps(data), status=status, headers=typed)


def _limited(
    call: Call, retry_after: float, scope: str, headers: Mapping[str, str], body: Json | None = None
) -> web.Response:
    """A 429. `body`: what it says beside the pause; None for the usual."""
    call.retry_after = retry_after
    # Without `Via`, as Discord's own servers send it, libraries take a 429 for a ban by the proxy before them.
    more = {"Via": "1.1 pocket", "Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": scope}
    if scope == "global":
        more["X-RateLimit-Global"] = "true"
    told = {**(body or {"message": "You are being rate limited."}), "retry_after": round(retry_after, 3)}
    return _json(429, {**told, "global": scope == "global"}, {**headers, **more})


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def number(text: object, problem: Problem) -> int:
    """`text` as a number. Raises `problem` where it is none."""
    if not str(text).isdigit():
        raise RefusedError(problem)
    return int(str(text))
