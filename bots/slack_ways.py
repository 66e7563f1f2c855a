"""How Slack is connected, as the settings choose: by Socket Mode, over HTTP, or over HTTP and by OAuth."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bots.chosen import is_slack_by_oauth, is_slack_over_http
from bots.slack import adapter
from core.assistant import Assistant
from core.clock import SystemClock
from core.ports import ChatPlatform
from core.settings import Settings
from core.store.installations import Installations
from core.store.sealing import Seal, keys_in

if TYPE_CHECKING:  # who listens by Socket Mode need not hold FastAPI
    from fastapi import APIRouter

    from bots.slack.door import Door


@dataclass(frozen=True, slots=True)
class SlackWay:
    """One of the three."""

    settings: Settings
    tokens: Sequence[str]
    """In the order of `bots.chosen`, for this way."""
    installations: Installations
    door: Door | None = None
    seal: Seal | None = None
    routers: Sequence[APIRouter] = field(default=())
    """What the web serves for it."""

    def connected(self, assistant: Assistant) -> AbstractAsyncContextManager[ChatPlatform]:
        """Slack, while the block lasts; raises as the way's own `connected`."""
        url, streams = self.settings.slack_api_url, self.settings.slack_streaming
        handle, catch_up = assistant.handle, assistant.catch_up
        if self.door and self.seal:
            from bots.slack import workspaces  # noqa: PLC0415 - only over HTTP

            return workspaces.connected(
                self.door,
                self.installations,
                self.seal,
                api_url=url,
                handle=handle,
                catch_up=catch_up,
                streams=streams,
            )
        bot_token, other = self.tokens[:2]
        if self.door:
            from bots.slack import over_http  # noqa: PLC0415 - only over HTTP

            return over_http.connected(
                self.door, bot_token=bot_token, api_url=url, handle=handle, catch_up=catch_up, streams=streams
            )
        return adapter.connected(
            bot_token=bot_token, app_token=other, api_url=url, handle=handle, catch_up=catch_up, streams=streams
        )


def way_of(settings: Settings, tokens: Sequence[str], installations: Installations) -> SlackWay:
    """The way that the settings choose. Raises SettingsError where PLAUDIT_SECRET_KEY holds no keys."""
    if not is_slack_over_http(settings):
        return SlackWay(settings, tokens, installations)
    from bots.slack import installing  # noqa: PLC0415 - only over HTTP
    from bots.slack.door import Door  # noqa: PLC0415 - the same
    from bots.slack.signed import Signatures  # noqa: PLC0415 - the same

    clock = SystemClock()
    if not is_slack_by_oauth(settings):
        door = Door(Signatures(tokens[1], clock))
        return SlackWay(settings, tokens, installations, door, routers=[door.router()])
    signing_secret, client_id, client_secret, secret_key = tokens
    door, seal = Door(Signatures(signing_secret, clock)), Seal(keys_in(secret_key))
    pages = installing.router(
        client_id=client_id,
        client_secret=client_secret,
        api_url=settings.slack_api_url,
        installations=installations,
        seal=seal,
        clock=clock,
    )
    return SlackWay(settings, tokens, installations, door, seal, [door.router(), pages])
