"""Discord's REST calls, one HTTP request each, within Discord's rate limits. It knows no messages and no events.

discord.py's own client sleeps inside the call that empties a bucket, lets concurrent edits pass in no certain order,
and sends a refused one again with the text of before. A reply that grows by edits needs to know at once.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson

from bots.discord.refusals import refusal
from bots.fetching import fetched, origin_of
from core.clock import Clock
from core.controls import Attachment
from core.errors import PlatformError, PlatformUnavailableError, RateLimitedError
from core.pacing.bucket import RateBucket
from core.ports import Budget, Rate
from core.watching import COUNTED

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30.0)
CALLS_PER_SECOND: Final = 50
"""What a bot may make in all (docs.discord.com/developers/topics/rate-limits); Discord gives large bots more."""
_OWN_SHARE: Final = 0.9
"""The part of them that we take: the two ends' seconds do not begin together."""
_LEFT_TO_OTHERS: Final = 0.2
"""The part of them that whoever has time does not take."""
_ASSUMED: Final[Mapping[str, Rate]] = {"react": Rate(1, 0.25)}
"""Per kind of call and channel, until an answer says better."""
_USUAL: Final = Rate(5, 5.0)
_BUCKETS: Final = 1_000
_TRIES: Final = 10
_NO_CONTENT: Final = 204
_MOMENT: Final = 0.05
"""Seconds."""
_ROUNDED: Final = 0.001
"""Discord tells times to a thousandth of a second: a window may be open for as much longer."""
_FILES: Final = ("https://cdn.discordapp.com", "https://media.discordapp.net")
"""Where Discord keeps what people attach (docs.discord.com/developers/reference#image-formatting)."""
_REFUSED_TOO_OFTEN: Final = "Discord keeps refusing a call for its rate limit."


@dataclass(frozen=True, slots=True)
class Answer:
    """What Discord answered: JSON, and what the bucket has left."""

    data: Any
    budget: Budget | None


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] | None = None
    attachment: Attachment | None = None

    @property
    def kind(self) -> str:
        """The method and the path's own words, without ids: `PATCH /channels/messages`."""
        words = [each for each in self.path.split("/") if each.replace("-", "").isalpha()]
        return f"{self.method} /{'/'.join(words)}"

    def data(self) -> bytes | aiohttp.FormData | None:
        """What the request carries; a form can be sent once only."""
        if self.attachment is None:
            return None if self.body is None else orjson.dumps(self.body)
        form = aiohttp.FormData()
        form.add_field("payload_json", orjson.dumps(self.body).decode(), content_type="application/json")
        form.add_field("files[0]", self.attachment.content, filename=self.attachment.name)
        return form


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def budget(self) -> Budget | None:
        """What the headers say of the bucket, where they do."""
        try:
            return Budget(
                int(self.headers["X-RateLimit-Limit"]),
                int(self.headers["X-RateLimit-Remaining"]),
                float(self.headers["X-RateLimit-Reset-After"]) + _ROUNDED,
            )
        except (KeyError, ValueError):
            return None

    @property
    def is_over_all(self) -> bool:
        """The limit that was met is the one over all calls."""
        return self.headers.get("X-RateLimit-Global") == "true"


class Rest:
    """Makes calls as one bot."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: str,
        *,
        user_agent: str,
        clock: Clock,
        calls_per_second: int = CALLS_PER_SECOND,
    ) -> None:
        """`url` is the API's, its version included; `user_agent` as Discord wants it (`DiscordBot (…)`)."""
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {
            "Authorization": f"Bot {token}",
            "User-Agent": user_agent,
        }
        self._clock = clock
        self._overall = RateBucket(Rate(max(1, int(_OWN_SHARE * calls_per_second)), 1.0))
        self._left_to_others = int(_LEFT_TO_OTHERS * calls_per_second)
        self._buckets: dict[tuple[str, str], RateBucket] = {}

    async def call(
        self,
        method: str,
        path: str,
        *,
        bucket: tuple[str, str] | None,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        attachment: Attachment | None = None,
        patient: bool = False,
    ) -> Answer:
        """Make a call. `bucket` is its kind and channel, or None where the caller keeps to the limit by itself.

        `attachment` is uploaded beside the body. `patient`: wait as long as it takes, and let others go first.

        Raises:
            PlatformError: as `core.ports.ChatPlatform` says.
        """
        counted = self._bucket(bucket) if bucket else None
        for _ in range(_TRIES):
            await self._admission(counted, patient=patient)
            try:
                return await self._send(counted, _Call(method, path, body, query, attachment))
            except RateLimitedError as error:
                if not patient:
                    raise
                await asyncio.sleep(error.retry_after)
        raise PlatformError(_REFUSED_TOO_OFTEN)

    async def fetch(self, address: str, limit: int) -> bytes:
        """The file at `address`, of Discord's servers only; the token is not shown there. Raises PlatformError."""
        origins = (origin_of(self._url), *_FILES)
        headers = {"User-Agent": self._headers["User-Agent"]}
        return (await fetched(self._session, address, origins=origins, headers=headers, limit=limit)).content

    async def answer(self, path: str, body: Any, *, attachment: Attachment | None = None) -> None:
        """Answer an interaction: its token in `path` stands for the bot's, and the limit over all calls is not met.

        Raises:
            PlatformError: as `core.ports.CanAnswer` says.
        """
        call = _Call("POST", path, body, attachment=attachment)
        for _ in range(_TRIES):
            response = await self._request(call, {"User-Agent": self._headers["User-Agent"]})
            error = refusal(response.status, response.headers, response.data)
            if error is None:
                return
            if not isinstance(error, RateLimitedError):
                raise error
            await asyncio.sleep(error.retry_after)
        raise PlatformError(_REFUSED_TOO_OFTEN)

    async def _admission(self, bucket: RateBucket | None, *, patient: bool) -> None:
        """Wait for room. Raises RateLimitedError instead where the text may be another one by then."""
        while True:
            now = self._clock.monotonic()
            room = self._overall.has_room(now, self._left_to_others if patient else 1)
            own = _has_room(bucket, now) if bucket else now
            if own > now + _MOMENT and not patient:
                raise RateLimitedError(own - now)
            if max(room, own) <= now:
                return
            await asyncio.sleep(max(room, own) - now)

    async def _send(self, bucket: RateBucket | None, call: _Call) -> Answer:
        buckets = [self._overall, *([bucket] if bucket else ())]
        began = self._clock.monotonic()
        for each in buckets:
            each.began(began)
        try:
            response = await self._request(call, self._headers)
        except BaseException:
            for each in buckets:
                each.failed(self._clock.monotonic())
            raise
        error = refusal(response.status, response.headers, response.data)
        if error is None and response.data is None and response.status != _NO_CONTENT:
            error = PlatformError("Discord gave an answer that is none.")
        if isinstance(error, RateLimitedError):
            COUNTED.refused["discord", call.kind] += 1
        now = self._clock.monotonic()
        for each in buckets:
            if isinstance(error, RateLimitedError) and (each is self._overall) == response.is_over_all:
                each.refused(began, now, error.retry_after)
            else:
                each.ended(began, now, response.budget if each is bucket else None)
        if error:
            raise error
        return Answer(response.data, response.budget)

    async def _request(self, call: _Call, headers: Mapping[str, str]) -> _Response:
        try:
            async with self._session.request(
                call.method,
                self._url + call.path,
                data=call.data(),
                params=call.query,
                headers={**headers, "Content-Type": "application/json"} if call.attachment is None else headers,
                timeout=_TIMEOUT,
            ) as response:
                return _Response(response.status, response.headers, _json(await response.read()))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PlatformUnavailableError("Discord cannot be reached right now.") from error

    def _bucket(self, name: tuple[str, str]) -> RateBucket:
        if name not in self._buckets:
            if len(self._buckets) >= _BUCKETS:
                # The longest known are the likeliest to have been idle for a window; a wrong guess costs one refusal.
                for old in list(self._buckets)[: _BUCKETS // 2]:
                    del self._buckets[old]
            self._buckets[name] = RateBucket(_ASSUMED.get(name[0], _USUAL))
        return self._buckets[name]


def _has_room(bucket: RateBucket, now: float) -> float:
    """When a call may leave. Where all that are left are under way, their answers will tell in a moment."""
    room = bucket.has_room(now, 1)
    return room if room > now or bucket.left(now) else now + _MOMENT


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None  # an empty answer, or a page from the servers before the API
