"""What Slack tells, on its way to the assistant, by slack-bolt.

Bolt acknowledges what it was told after our listener has returned: what Slack knows to be acknowledged is in the log.
What failed is not acknowledged; events are then told again, and a person who pressed something sees that it failed.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.interactions import ENTRIES, PREFIX, actor_of, interaction
from bots.slack.people import Directory
from bots.slack.translate import Identity, author_of, translate
from core.errors import DatabaseUnavailableError
from core.events import Event

logger = logging.getLogger(__name__)

Hear = Callable[[Event], Awaitable[None]]

_EVENT_TYPES: Final = ("message", "app_mention", "reaction_added", "reaction_removed", "app_home_opened")
_TAKEN_AWAY: Final = ("app_uninstalled", "tokens_revoked")
_OURS: Final = re.compile(f"^{re.escape(PREFIX)}")
_ANY_COMMAND: Final = re.compile("^/")
"""Only the app's own are told; an operator may have called it otherwise."""


def bolt(client: AsyncWebClient, me: Identity, bot_token: str) -> AsyncApp:
    """Slack's framework, without what it would do by itself."""

    async def authorize(**_: object) -> AuthorizeResult:
        # Asked once, at the start: bolt would call auth.test on the path of the first events.
        return AuthorizeResult(
            enterprise_id=None, team_id=me.workspace, bot_token=bot_token, bot_id=me.bot_id, bot_user_id=me.user_id
        )

    return AsyncApp(
        client=AsyncWebClient(base_url=client.base_url, session=client.session),
        authorize=authorize,
        process_before_response=True,  # acknowledged means kept
        request_verification_enabled=False,  # a socket is Slack's own; over HTTP the door has verified the raw bytes
        ssl_check_enabled=False,  # it would answer whoever says so
        ignoring_self_events_enabled=False,  # it would swallow the deletion of our own messages
        raise_error_for_unhandled_request=False,
        logger=_bolt_logger(),
    )


def _bolt_logger() -> logging.Logger:
    # bolt warns that it ignores the SLACK_BOT_TOKEN which it finds in the environment: the client has it.
    log = logging.getLogger("slack_bolt")
    log.setLevel(logging.ERROR)
    return log


def listen(app: AsyncApp, me: Identity, directory: Directory, hear: Hear, now: Callable[[], datetime]) -> None:
    """Let `hear` have what people do. `now` tells when something was done where Slack does not."""

    async def happened(body: dict[str, Any]) -> None:
        if user := author_of(body):
            await directory.know(user)
        event = translate(body, me, directory.people)
        if event is not None:
            await hear(event)

    async def done(body: dict[str, Any], ack: AsyncAck) -> None:
        if user := actor_of(body):
            await directory.know(user)
        event = interaction(body, me, directory.people, now())
        if event is not None:
            await hear(event)
        await ack()

    for kind in _EVENT_TYPES:
        app.event(kind)(happened)
    for kind in _TAKEN_AWAY:
        app.event(kind)(_taken_away)
    app.action(_OURS)(done)
    app.view(_OURS)(done)
    app.command(_ANY_COMMAND)(done)
    for entry in ENTRIES:
        app.shortcut(entry)(done)
    app.error(_failed)


async def _taken_away(body: dict[str, Any]) -> None:
    logger.warning("slack_app_taken_away", extra={"workspace": body.get("team_id"), "why": body["event"]["type"]})


async def _failed(error: Exception, body: dict[str, Any]) -> None:
    event_id = body.get("event_id") or body.get("trigger_id")
    if isinstance(error, DatabaseUnavailableError):
        logger.error("event_not_kept", extra={"event_id": event_id, "error": str(error)})
    else:
        logger.error("event_failed", extra={"event_id": event_id}, exc_info=error)
