"""Who may do what over HTTP: by a key, or, on this machine and as long as no key was made, everyone.

A key comes as `Authorization: Bearer plaudit_…`; a browser has it in a cookie that scripts cannot read and that other
sites' pages do not send.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bots.web.limits import RequestLimit
from core.clock import Clock
from core.store.web_keys import LOCAL, Scope, WebKey, digest

COOKIE: Final = "plaudit_key"
_FRESH: Final = 2.0
"""Seconds after which a key that was made or revoked is known to be so."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PROXIED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
_BEARER: Final = HTTPBearer(auto_error=False, description="A key, made by `plaudit keys add`.")

ReadKeys = Callable[[], Awaitable[Sequence[WebKey]]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever makes a request."""

    name: str
    """The key's; `local` without one."""
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether they may do what needs `scope`."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


_EVERYONE_HERE: Final = Caller(LOCAL, frozenset(Scope))


class Access:
    """The door of one server."""

    def __init__(self, read_keys: ReadKeys, clock: Clock, *, is_loopback: bool, per_minute: int) -> None:
        """`is_loopback`: only this machine reaches the server; `per_minute`: requests of one caller."""
        self._read_keys = read_keys
        self._clock = clock
        self._is_loopback = is_loopback
        self._limit = RequestLimit(per_minute)
        self._keys: Mapping[str, WebKey] = {}
        self._read_at: float | None = None

    async def needs_key(self) -> bool:
        """Whether nobody gets in without a key: a key was made once, or others than this machine reach the server."""
        return not self._is_loopback or bool(await self._known())

    async def caller(self, request: Request, scope: Scope) -> Caller:
        """Who makes `request`.

        Raises HTTPException: 401 without a key that is in use, 403 where it is not for this, 429 where it is too many.
        """
        return await self.caller_with(request, credential(request), scope)

    async def caller_with(self, request: Request, key: str | None, scope: Scope) -> Caller:
        """As `caller`, with a `key` that came by other ways."""
        address = request.client.host if request.client else ""
        if not await self.needs_key():
            _check_local(request)
            self._count(address)
            return _EVERYONE_HERE
        found = (await self._known()).get(digest(key)) if key else None
        if found is None or found.revoked_at is not None:
            self._count(f"no key {address}")
            raise HTTPException(401, _NO_KEY, {"WWW-Authenticate": "Bearer"})
        self._count(f"key {found.name}")
        caller = Caller(found.name, found.scopes)
        if not caller.may(scope):
            raise HTTPException(403, f"The key {found.name} is not for this: it has not the scope `{scope}`.")
        return caller

    def _count(self, who: str) -> None:
        if pause := self._limit.take(who, self._clock.monotonic()):
            seconds = math.ceil(pause)
            raise HTTPException(429, f"That is too many requests: go on in {seconds} s.", {"Retry-After": str(seconds)})

    async def _known(self) -> Mapping[str, WebKey]:
        now = self._clock.monotonic()
        if self._read_at is None or now - self._read_at >= _FRESH:
            self._keys = {each.digest: each for each in await self._read_keys()}
            self._read_at = now
        return self._keys


_NO_KEY: Final = (
    "This needs a key: send it as `Authorization: Bearer plaudit_…`. Whoever runs Plaudit makes one by "
    "`plaudit keys add NAME --scope chat`."
)


def credential(request: Request) -> str | None:
    """The key that a request carries, if it does."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else request.cookies.get(COOKIE)


def needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, who may do what needs `scope`."""

    async def caller(
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],  # for the description of the interface
    ) -> Caller:
        access: Access = request.app.state.services.access
        return await access.caller(request, scope)

    return caller


def _check_local(request: Request) -> None:
    """Refuses what only seems to come from this machine: through a proxy, or from a page under another name."""
    if any(name in request.headers for name in _PROXIED):
        raise HTTPException(403, "This came through a proxy: make a key first, by `plaudit keys add NAME`.")
    host = request.headers.get("host", "")
    # A name that a stranger's DNS points at 127.0.0.1 would let their page read the answers.
    if host.rsplit(":", 1)[0] not in _LOOPBACK and host not in _LOOPBACK:
        raise HTTPException(403, "Without a key this answers on localhost alone: ask 127.0.0.1, or make a key.")
