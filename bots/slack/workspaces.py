"""Several workspaces of Slack over HTTP: each with a client, identity and names of its own, made when needed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bots.slack.adapter import CatchUp, Handle, SlackPlatform, client_of
from bots.slack.door import Door
from bots.slack.everywhere import SlackEverywhere
from bots.slack.over_http import Workspace
from bots.slack.translate import Identity
from core.clock import Clock, SystemClock
from core.errors import PlaceGoneError, SettingsError
from core.store.installations import Installations, Installed
from core.store.sealing import Seal
from core.tasks import cancelled

logger = logging.getLogger(__name__)

_FRESH: Final = 5.0
"""Seconds after which another process's installation or removal is known here."""


@dataclass(slots=True)
class _Known:
    installed: Installed
    workspace: Workspace
    loading: asyncio.Task[None]
    looked_at: float


class Workspaces:
    """Where the app is installed."""

    def __init__(
        self,
        installations: Installations,
        seal: Seal,
        *,
        session: aiohttp.ClientSession,
        api_url: str,
        handle: Handle,
        catch_up: CatchUp,
        streams: bool,
        clock: Clock,
    ) -> None:
        self._installations = installations
        self._seal = seal
        self._session = session
        self._api_url = api_url
        self._handle = handle
        self._streams = streams
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self.platform = SlackEverywhere(self.platform_of, teams=lambda: self._known, streams=streams)
        self._look_back = catch_up

    async def load(self) -> None:
        """Learn every workspace's people, and then what was missed there."""
        for each in await self._installations.all():
            self._keep(each)
        await asyncio.gather(*(each.loading for each in self._known.values()), return_exceptions=True)
        self._look_back(self.platform, None)

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        """Let the assistant have what a request tells of the workspace it is about."""
        team = str(request.context.team_id or "")
        if await self._is_removed(team, request):
            return BoltResponse(status=200)
        workspace = await self.find(team)
        if workspace is None:
            # Answered all the same: sent again, it would find the app no more installed than now.
            logger.warning("workspace_not_installed", extra={"workspace": team})
            return BoltResponse(status=200)
        return await workspace.dispatch(request)

    async def find(self, team: str) -> Workspace | None:
        """The bot in a workspace; None where the app is not installed. What is known is looked at again before long."""
        known, now = self._known.get(team), self._clock.monotonic()
        if known and now - known.looked_at < _FRESH:
            return known.workspace
        installed = await self._installations.find(team)
        if installed is None:
            self._forget(team)
            return None
        known = self._known.get(team)
        if known and known.installed == installed:
            known.looked_at = now
            return known.workspace
        return self._keep(installed)

    async def platform_of(self, team: str) -> SlackPlatform:
        """Where to post in a workspace. Raises PlaceGoneError where the app is not installed."""
        workspace = await self.find(team)
        if workspace is None:
            raise PlaceGoneError(f"The app is not installed in Slack's workspace {team} any more.")
        return workspace.platform

    async def close(self) -> None:
        """Load no more."""
        for team in list(self._known):
            self._forget(team)
        await asyncio.sleep(0)

    def _keep(self, installed: Installed) -> Workspace | None:
        self._forget(installed.workspace)
        try:
            client = client_of(self._seal.open(installed.token), self._api_url, self._session)
        except SettingsError as error:
            logger.error("token_not_opened", extra={"workspace": installed.workspace, "error": str(error)})  # noqa: TRY400 - the sentence says it
            return None
        workspace = Workspace(
            client,
            Identity(installed.workspace, installed.user_id, installed.bot_id),
            handle=self._handle,
            catch_up=lambda _, since: self._look_back(self.platform, since),
            streams=self._streams,
            clock=self._clock,
        )
        loading = asyncio.create_task(workspace.directory.load(), name=f"load the users of {installed.workspace}")
        self._known[installed.workspace] = _Known(installed, workspace, loading, self._clock.monotonic())
        return workspace

    def _forget(self, team: str) -> None:
        if known := self._known.pop(team, None):
            known.loading.cancel()

    async def _is_removed(self, team: str, request: AsyncBoltRequest) -> bool:
        """Whether this tells that the app, or its token, was taken away from a workspace; it is forgotten then."""
        event: Any = request.body.get("event")
        kind = event.get("type") if isinstance(event, dict) else None
        if kind == "tokens_revoked":
            if not (event.get("tokens") or {}).get("bot"):
                return True  # a person's own token, of which there are none here
        elif kind != "app_uninstalled":
            return False
        found = await self._installations.find(team)
        if found is not None and not _is_before(request.body.get("event_time"), found):
            self._forget(team)
            await self._installations.remove(team)
            logger.warning("slack_app_taken_away", extra={"workspace": team, "why": kind})
        return True


def _is_before(event_time: object, installed: Installed) -> bool:
    """Whether something was before the installation: told again late, it is about the one before."""
    return isinstance(event_time, int) and event_time < int(installed.installed_at.timestamp())


@asynccontextmanager
async def connected(
    door: Door,
    installations: Installations,
    seal: Seal,
    *,
    api_url: str,
    handle: Handle,
    catch_up: CatchUp,
    streams: bool = True,
) -> AsyncIterator[SlackEverywhere]:
    """All workspaces that the app is, or will be, installed in: while the block lasts, what comes reaches `handle`.

    `catch_up` and `streams` as for `bots.slack.over_http.connected`.
    """
    async with aiohttp.ClientSession() as session:
        workspaces = Workspaces(
            installations,
            seal,
            session=session,
            api_url=api_url,
            handle=handle,
            catch_up=catch_up,
            streams=streams,
            clock=SystemClock(),
        )
        loading = asyncio.create_task(workspaces.load(), name="load Slack's workspaces")
        try:
            async with door.open(workspaces.dispatch):
                yield workspaces.platform
        finally:
            await cancelled([loading])
            await workspaces.close()
