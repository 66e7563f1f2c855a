"""Slack's face of the house: the door of the Web API, and the Socket Mode behind it.

What comes in is checked here for tokens, rates and the faults one asked for; the methods themselves, the events and
the sockets are next door (`slack_chat`, `slack_conversations`, `slack_people`, …).
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from bots.pocket import slack_chat, slack_conversations, slack_people, slack_streams, slack_views
from bots.pocket.attached import served
from bots.pocket.house import House
from bots.pocket.slack_arguments import Arguments
from bots.pocket.slack_events import callback, events_of, home_opened
from bots.pocket.slack_files import Files
from bots.pocket.slack_grants import Grants
from bots.pocket.slack_http import SIGNING_SECRET, Requests
from bots.pocket.slack_interactions import Interactions
from bots.pocket.slack_rules import Limiter, SlackRules
from bots.pocket.slack_socket import Delivery, Kind, Reason, SocketMode
from bots.pocket.slack_text import ringing
from bots.pocket.slack_views import Views
from bots.pocket.slack_workspace import TEAM_ID, Json, SlackError, Workspace
from bots.pocket.things import Change, Message, Person, Reacted

BOT_TOKEN = "xoxb-pocket"  # noqa: S105 - opens nothing but the box
APP_TOKEN = "xapp-pocket"  # noqa: S105 - the same

_OPEN = "apps.connections.open"
_GRANT = "oauth.v2.access"

Method = Callable[[Workspace, Arguments], Json]
METHODS: dict[str, Method] = {
    **slack_chat.METHODS,
    **slack_streams.METHODS,
    **slack_conversations.METHODS,
    **slack_people.METHODS,
    **slack_views.METHODS,
}


@dataclass(slots=True)
class Call:
    """One call that was made, and how it was answered."""

    method: str
    at: float
    """`Clock.monotonic` when it arrived, in seconds."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    """Slack's code; empty where the answer was ok."""
    retry_after: int = 0
    """The seconds of the 429 that it got; 0 where it got none."""
    team: str = ""
    """The workspace of the token that it was made with; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with a call."""

    error: str = "internal_error"
    status: int = 200
    done: bool = False
    """The call is carried out all the same."""
    cut: bool = False
    """Instead of an answer the connection breaks."""


class Slack:
    """A workspace with one app in it, over HTTP and WebSockets."""

    def __init__(self, house: House, rules: SlackRules | None = None) -> None:
        self.rules = rules or SlackRules()
        self.workspace = Workspace(house, self.rules)
        self.sockets = SocketMode(self.rules, house.stir)
        self.requests = Requests(self.rules, house.stir)
        self.views = Views(self.workspace)
        self.files = Files(self.workspace)
        self.hands = Interactions(self.workspace, self.views, self.deliver)
        self.bot_token = BOT_TOKEN
        self.app_token = APP_TOKEN
        self.signing_secret = SIGNING_SECRET
        self.grants = Grants(self.workspace)
        self.scopes: Sequence[str] | None = None
        """What the bot's token may do, as each answer says; None: nothing is said of it. It is not enforced."""
        self.calls: list[Call] = []
        """Every call, those that were refused too, in order."""
        house.faces["slack"] = self.hands
        self._house = house
        self._methods = METHODS | self.views.methods() | self.files.methods()
        self._limiter = Limiter(self.rules)
        self._faults: dict[str, list[Fault]] = {}
        self._event_ids = itertools.count(1)
        self._unwatch = house.watch(self._tell)

    # Looking

    @property
    def origin(self) -> str:
        """`http://host:port`, once it is served."""
        return self.hands.origin

    @origin.setter
    def origin(self, origin: str) -> None:
        self.hands.origin = self.files.origin = origin
        self.workspace.files_at = f"{origin}/slack/files-pri"

    @property
    def base_url(self) -> str:
        """What AsyncWebClient wants as `base_url`."""
        return f"{self.origin}/slack/api/"

    @property
    def refused(self) -> list[Call]:
        """The calls that got a 429."""
        return [each for each in self.calls if each.retry_after]

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [each for each in self.calls if each.method == method]

    def rings(self, message: Message) -> list[str]:
        """The live mentions in a posted message, as they stand on the wire: who is called by it."""
        return ringing(message.wire)

    @property
    def connected(self) -> int:
        """How many Socket Mode connections there are."""
        return len(self.sockets.connections)

    @property
    def undelivered(self) -> int:
        """How many payloads wait for their acknowledgement."""
        return len(self.sockets.deliveries) + len(self.requests.deliveries)

    # Breaking

    def fail(self, method: str, fault: Fault, *, times: int = 1) -> None:
        """Let the next `times` calls of `method` go wrong."""
        self._faults.setdefault(method, []).extend([fault] * times)

    def disconnect(self, reason: Reason = "refresh_requested") -> None:
        """Ask every connection to go and come again."""
        self.sockets.disconnect(reason)

    def drop(self) -> None:
        """Cut every connection without a word."""
        self.sockets.drop()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Cut every connection and let nobody in until the block is left. The Web API stays."""
        self.sockets.refusing = True
        self.sockets.drop()
        try:
            yield
        finally:
            self.sockets.refusing = False

    def send_raw(self, frame: Mapping[str, Any]) -> None:
        """Send any JSON over every connection, as it is: a mutilated envelope, an unknown type."""
        self.sockets.send_raw(frame)

    def send_event(self, event: Json) -> None:
        """Send any event, in a proper envelope."""
        payload = callback(self.workspace, event, f"Ev{next(self._event_ids):09X}")
        self.deliver("events_api", payload)

    def deliver(self, kind: Kind, payload: Json) -> Delivery:
        """Send a payload: as a request where the app has named a URL, else over its sockets."""
        return self.requests.deliver(kind, payload) if self.requests.url else self.sockets.deliver(kind, payload)

    def open_home(self, person: Person) -> None:
        """Let `person` look at the app's home tab."""
        self.send_event(home_opened(self.workspace, person))

    def stop_stream(self, message: Message) -> None:
        """Press "stop" below a reply that streams: no more text of it is taken."""
        self.workspace.streams.pop(message.id, None)
        self.workspace.stopped_streams.add(message.id)

    # Serving

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        return [
            web.post("/slack/api/{method}", self._serve),
            web.get("/slack/api/{method}", self._serve),
            web.get("/slack/socket/{ticket}", self.sockets.serve),
            web.post("/slack/response/{ticket}", self._serve_response),
            web.post("/slack/upload/{file}", self._serve_upload),
            web.get("/slack/oauth/v2/authorize", self.grants.serve),
            web.get("/slack/files-pri/{file}/{name}", self._serve_file),
        ]

    def close(self) -> None:
        """Cut the connections and tell nothing more."""
        self._unwatch()
        self.sockets.close()
        self.requests.close()

    def _tell(self, change: Change) -> None:
        if isinstance(change, Reacted) and change.message.room.platform == "slack":
            self.workspace.enter(change.person, change.message.room)
        for event in events_of(self.workspace, change):
            self.send_event(event)

    async def _serve_response(self, request: web.Request) -> web.StreamResponse:
        try:
            self.hands.respond(request.match_info["ticket"], await _arguments(request))
        except SlackError as error:
            return web.json_response(error.answer, status=404)
        return web.Response(text="ok")

    async def _serve_upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        taken = self.files.take(request.match_info["file"], content)
        return web.Response(text=f"OK - {len(content)}" if taken else "error", status=200 if taken else 400)

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.bot_token}":
            return web.Response(text="<!DOCTYPE html><html>Sign in</html>", content_type="text/html")
        return served(self._house.files, request.match_info["file"])

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        await self._travel()
        call = Call(request.match_info["method"], self._house.clock.monotonic())
        self.calls.append(call)
        faults = self._faults.get(call.method)
        fault = faults.pop(0) if faults else None
        try:
            call.arguments = await _arguments(request)
            answer = self._answer(call, _token(request, call), fault)
        except SlackError as error:
            answer = error.answer
        call.error = str(answer.get("error", ""))
        self._house.stir()
        await self._travel()
        if fault is not None and fault.cut and request.transport is not None:
            request.transport.abort()
        return _response(answer, call, fault.status if fault else 200, self.scopes)

    async def _travel(self) -> None:
        if self.rules.latency:
            await asyncio.sleep(self.rules.latency)

    def _answer(self, call: Call, token: str, fault: Fault | None) -> Json:
        given = Arguments(call.arguments)
        call.team = self.grants.tokens.get(token, TEAM_ID if token == self.bot_token else "")
        if call.method == _GRANT:
            return self.grants.access(given)
        self._check_token(call.method, token)
        call.retry_after = self._limiter.pause(call.method, given.text("channel"), call.at)
        if call.retry_after:
            raise SlackError("ratelimited")
        if fault is None:
            answer = self._act(call.method, given)
            return answer | {"team_id": call.team} if call.method == "auth.test" else answer
        if fault.done:
            self._act(call.method, given)
        raise SlackError(fault.error)

    def _act(self, method: str, given: Arguments) -> Json:
        if method == _OPEN:
            return self._open_connection()
        if method not in self._methods:
            raise SlackError("unknown_method", req_method=method)
        return self._methods[method](self.workspace, given)

    def _open_connection(self) -> Json:
        if self.sockets.refusing:
            raise SlackError("internal_error")
        ticket = f"{self._house.next_id():x}"
        return {"ok": True, "url": f"{self.origin.replace('http', 'ws', 1)}/slack/socket/{ticket}"}

    def _check_token(self, method: str, token: str) -> None:
        if not token:
            raise SlackError("not_authed")
        wanted, other = self.bot_token, self.app_token
        if method == _OPEN:
            wanted, other = other, wanted
        if method != _OPEN and token in self.grants.tokens:
            return
        if token != wanted:
            raise SlackError("not_allowed_token_type" if token == other else "invalid_auth")


async def _arguments(request: web.Request) -> dict[str, Any]:
    """What the call was given, in its query and its body."""
    given: dict[str, Any] = dict(request.query)
    if not request.can_read_body:
        return given
    if request.content_type != "application/json":
        return given | dict(await request.post())
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return given | body


def _token(request: web.Request, call: Call) -> str:
    """The token, from the header or (as Slack takes it, too) from the arguments."""
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") or str(call.arguments.get("token", ""))


def _response(answer: Json, call: Call, status: int, scopes: Sequence[str] | None) -> web.Response:
    headers = {} if scopes is None else {"X-OAuth-Scopes": ",".join(scopes)}
    if call.retry_after:
        status, headers["Retry-After"] = 429, str(call.retry_after)
    body = orjson.dumps(answer)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json", charset="utf-8")
