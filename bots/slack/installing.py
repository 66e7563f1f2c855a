"""Installing the app into workspaces by OAuth: two pages, and slack_sdk's stores over our database.

The flow: docs.slack.dev/authentication/installing-with-oauth. A state is good for one use, ten minutes, one browser.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urljoin

from fastapi import APIRouter, Request
from fastapi.responses import Response
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.manifest import REDIRECT, SCOPES
from core.clock import Clock
from core.store.installations import Installations, Installed
from core.store.sealing import Seal

INSTALL: Final = "/slack/install"
_MINUTES: Final = 10


class KeptInstallations(AsyncInstallationStore):
    """slack_sdk's installation store: one bot a workspace, its token sealed."""

    def __init__(self, installations: Installations, seal: Seal) -> None:
        self._installations = installations
        self._seal = seal

    async def async_save(self, installation: Installation) -> None:
        """Keep the bot's part. Raises BoltError for an installation that is not in one workspace."""
        if not (installation.team_id and installation.bot_token and installation.bot_user_id):
            raise BoltError("It has to be installed into a workspace, with its bot.")
        await self._installations.save(
            Installed(
                workspace=installation.team_id,
                name=installation.team_name or "",
                user_id=installation.bot_user_id,
                bot_id=installation.bot_id or "",
                scopes=",".join(installation.bot_scopes or ()),
                token=self._seal.seal(installation.bot_token),
                installed_by=installation.user_id or "",
                installed_at=datetime.fromtimestamp(installation.installed_at, UTC),
            )
        )

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """The bot in a workspace. Raises SettingsError where its token was sealed with another key."""
        del enterprise_id, is_enterprise_install  # an organisation's installation is never kept
        found = await self._installations.find(team_id) if team_id else None
        return None if found is None else bot_of(found, self._seal)

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """The same as an installation; it has no user's token."""
        del enterprise_id, user_id, is_enterprise_install
        found = await self._installations.find(team_id) if team_id else None
        if found is None:
            return None
        return Installation(
            team_id=found.workspace,
            team_name=found.name,
            bot_token=self._seal.open(found.token),
            bot_id=found.bot_id,
            bot_user_id=found.user_id,
            bot_scopes=found.scopes,
            user_id=found.installed_by,
            installed_at=found.installed_at.timestamp(),
        )

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forget the workspace's token."""
        del enterprise_id
        if team_id:
            await self._installations.remove(team_id)

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Nothing: of a person's installation only the bot is kept, which goes with `async_delete_bot`."""


def bot_of(found: Installed, seal: Seal) -> Bot:
    """An installation as slack_sdk knows it. Raises SettingsError where its token was sealed with another key."""
    return Bot(
        team_id=found.workspace,
        team_name=found.name,
        bot_token=seal.open(found.token),
        bot_id=found.bot_id,
        bot_user_id=found.user_id,
        bot_scopes=found.scopes,
        installed_at=found.installed_at.timestamp(),
    )


class KeptStates(AsyncOAuthStateStore):
    """slack_sdk's store of states, where every process finds them."""

    def __init__(self, installations: Installations, clock: Clock) -> None:
        self._installations = installations
        self._clock = clock

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        """A new one."""
        del args, kwargs
        state = secrets.token_urlsafe(32)
        await self._installations.begin(state, self._clock.now() + timedelta(minutes=_MINUTES))
        return state

    async def async_consume(self, state: str) -> bool:
        """Whether it was issued, not long ago, and not used yet."""
        return await self._installations.end(state)


def router(
    *, client_id: str, client_secret: str, api_url: str, installations: Installations, seal: Seal, clock: Clock
) -> APIRouter:
    """The two pages, for the web's application; they need no key: whoever may install apps says so to Slack."""
    api_url = api_url.rstrip("/") + "/"
    flow = AsyncOAuthFlow(
        client=AsyncWebClient(base_url=api_url, retry_handlers=[]),
        settings=AsyncOAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            authorization_url=urljoin(api_url, "../oauth/v2/authorize"),  # GovSlack's is beside its own API, too
            scopes=list(SCOPES),
            install_path=INSTALL,
            redirect_uri_path=REDIRECT,
            install_page_rendering_enabled=False,
            callback_options=AsyncCallbackOptions(success=_installed, failure=_refused),
            installation_store=KeptInstallations(installations, seal),
            installation_store_bot_only=True,
            state_store=KeptStates(installations, clock),
            state_expiration_seconds=_MINUTES * 60,
        ),
    )

    async def install(request: Request) -> Response:
        return to_starlette_response(await flow.handle_installation(_read(request)))

    async def redirected(request: Request) -> Response:
        return to_starlette_response(await flow.handle_callback(_read(request)))

    pages = APIRouter(include_in_schema=False)
    pages.add_api_route(INSTALL, install, methods=["GET"])
    pages.add_api_route(REDIRECT, redirected, methods=["GET"])
    return pages


def _read(request: Request) -> AsyncBoltRequest:
    return AsyncBoltRequest(body="", query=dict(request.query_params), headers=dict(request.headers))


async def _installed(given: AsyncSuccessArgs) -> BoltResponse:
    name = given.installation.team_name or "the workspace"
    return _page(200, f"It is installed in {name}. In Slack, invite it to a channel and mention it.")


async def _refused(given: AsyncFailureArgs) -> BoltResponse:
    return _page(
        given.suggested_status_code, f"It was not installed ({given.reason[:100]}). Begin anew at {INSTALL}, here."
    )


def _page(status: int, text: str) -> BoltResponse:
    # Plain text: the workspace's name, or the reason, may hold anything.
    return BoltResponse(status=status, body=text + "\n", headers={"Content-Type": "text/plain; charset=utf-8"})
