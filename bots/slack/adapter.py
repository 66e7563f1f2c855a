"""The Slack adapter: connects by Socket Mode, hands events to the assistant, posts and edits.

No decisions here. slack-bolt acknowledges an event after our listener has returned, so what Slack was told is
acknowledged is in the log; what failed is delivered again by Slack.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.history import History
from bots.slack.people import Directory
from bots.slack.refusals import refusal
from bots.slack.render import LIMITS, STREAM_LIMITS, render, without_live_mentions
from bots.slack.translate import PLATFORM, Identity, author_of, translate
from core.errors import DatabaseUnavailableError, PlatformError
from core.events import Event, MessageReceived
from core.messages import MessageRef, PersonRef, PlaceRef
from core.ports import ChatPlatform, Limits, Reaction, Sent, StreamLimits

logger = logging.getLogger(__name__)

Handle = Callable[[Event, ChatPlatform], Awaitable[None]]
CatchUp = Callable[[ChatPlatform, datetime | None], None]

_POSTED: Final = 200
"""How many of the newest posts are known by their ts, to tell a stream whose start was never answered."""
_EMOJI_NAMES: Final = {"📝": "memo", "👍": "thumbsup", "👎": "thumbsdown"}
_EVENT_TYPES: Final = ("message", "app_mention", "reaction_added", "reaction_removed")


class SlackPlatform:
    """Posts and edits in one workspace."""

    name = PLATFORM

    def __init__(self, client: AsyncWebClient, me: Identity, directory: Directory, *, streams: bool = True) -> None:
        """`streams`: use Slack's native streaming where it may be used."""
        self._client = client
        self._me = me
        self._history = History(client, me, directory, self._call)
        self._streams = streams
        self._unsure: set[str] = set()
        self._posted: deque[str] = deque(maxlen=_POSTED)

    @property
    def limits(self) -> Limits:
        """Slack's."""
        return LIMITS

    def edit_bucket(self, place: PlaceRef) -> str:
        """All edits in a workspace share one."""
        return f"{place.workspace}:chat.update"

    async def post(self, place: PlaceRef, text: str, *, reply_to: MessageRef | None, nonce: str) -> Sent:
        """Post in the channel or thread; Slack needs no `reply_to`, the thread says it."""
        del reply_to
        if nonce in self._unsure and (found := await self._find(place, nonce)):
            self._unsure.discard(nonce)
            return Sent(found, is_found_again=True)
        call = self._client.chat_postMessage(
            channel=place.channel,
            thread_ts=place.thread or None,
            metadata={"event_type": "plaudit_reply", "event_payload": {"nonce": nonce}},
            unfurl_links=False,
            unfurl_media=False,
            **render(text),
        )
        answer = await self._posting(nonce, call)
        return Sent(self._ref(answer["channel"], answer["ts"]))

    async def edit(self, message: MessageRef, text: str) -> Sent:
        """Show `text` in place of what the message showed."""
        await self._call(self._client.chat_update(channel=message.channel, ts=message.id, **render(text)))
        return Sent(message)

    @property
    def stream_limits(self) -> StreamLimits:
        """Slack's, of its native streaming."""
        return STREAM_LIMITS

    def can_stream_in(self, place: PlaceRef, asker: PersonRef) -> bool:
        """Slack streams in threads, and wants to know for whom."""
        return self._streams and bool(place.thread and asker.id)

    def append_bucket(self, place: PlaceRef) -> str:
        """All appends in a workspace share one."""
        return f"{place.workspace}:chat.appendStream"

    def harmless(self, text: str) -> str:
        """Without mentions that ring."""
        return without_live_mentions(text)

    async def start_stream(self, place: PlaceRef, text: str, *, asker: PersonRef, nonce: str) -> Sent:
        """Post the beginning of a message that will grow."""
        if nonce in self._unsure and (found := await self._find_stream(place)):
            self._unsure.discard(nonce)
            return Sent(found, is_found_again=True)
        call = self._client.chat_startStream(
            channel=place.channel,
            thread_ts=place.thread,
            recipient_team_id=asker.workspace,
            recipient_user_id=asker.id,
            markdown_text=text,
        )
        answer = await self._posting(nonce, call)
        return Sent(self._ref(answer["channel"], answer["ts"]))

    async def append(self, message: MessageRef, text: str) -> Sent:
        """Add `text` to a message that is streamed."""
        await self._call(self._client.chat_appendStream(channel=message.channel, ts=message.id, markdown_text=text))
        return Sent(message)

    async def stop_stream(self, message: MessageRef, text: str) -> Sent:
        """Add `text` and end the stream."""
        await self._call(
            self._client.chat_stopStream(channel=message.channel, ts=message.id, markdown_text=text or None)
        )
        return Sent(message)

    async def react(self, message: MessageRef, emoji: str) -> None:
        """Put an emoji on a message; twice is once."""
        name = _EMOJI_NAMES.get(emoji, emoji)
        try:
            await self._call(self._client.reactions_add(channel=message.channel, timestamp=message.id, name=name))
        except PlatformError as error:
            if "already_reacted" not in str(error):
                raise

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> Sequence[MessageReceived]:
        """What was written in a thread or a direct conversation from `since` on, oldest first."""
        return await self._history.messages_since(place, since, limit)

    async def reactions_on(self, message: MessageRef) -> Sequence[Reaction]:
        """Every reaction on a message, with all who put it there."""
        return await self._history.reactions_on(message)

    async def _posting(self, nonce: str, call: Awaitable[Any]) -> Any:
        try:
            answer = await self._call(call)
        except PlatformError as error:
            if isinstance(error.__cause__, (aiohttp.ClientError, OSError, TimeoutError)):
                # Slack may have taken it: look before posting it again.
                self._unsure.add(nonce)
            raise
        self._unsure.discard(nonce)
        self._posted.append(answer["ts"])
        return answer

    async def _find(self, place: PlaceRef, nonce: str) -> MessageRef | None:
        """The message that was posted with `nonce`."""
        for each in await self._newest(place):
            if ((each.get("metadata") or {}).get("event_payload") or {}).get("nonce") == nonce:
                return self._ref(place.channel, each["ts"])
        return None

    async def _find_stream(self, place: PlaceRef) -> MessageRef | None:
        """The stream whose start was never answered: ours, and the only one that we have not heard of.

        Streams carry no metadata to know them by.
        """
        for each in await self._newest(place):
            if each.get("user") == self._me.user_id and not each.get("metadata"):
                return None if each["ts"] in self._posted else self._ref(place.channel, each["ts"])
        return None

    async def _newest(self, place: PlaceRef) -> list[dict[str, Any]]:
        """The newest messages in a place, the newest first."""
        if not place.thread:
            answer = await self._call(
                self._client.conversations_history(channel=place.channel, limit=50, include_all_metadata=True)
            )
            return list(answer.get("messages") or ())
        answer = await self._call(
            self._client.conversations_replies(
                channel=place.channel, ts=place.thread, limit=1_000, include_all_metadata=True
            )
        )
        return list(reversed(answer.get("messages") or ()))

    async def _call(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except SlackApiError as error:
            raise refusal(error) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PlatformError("Slack cannot be reached right now.") from error

    def _ref(self, channel: str, ts: str) -> MessageRef:
        return MessageRef(PLATFORM, self._me.workspace, channel, ts)


@asynccontextmanager
async def connected(
    *,
    bot_token: str,
    app_token: str,
    api_url: str,
    handle: Handle,
    catch_up: CatchUp = lambda *_: None,
    streams: bool = True,
) -> AsyncIterator[SlackPlatform]:
    """A live connection to Slack: while it is open, what people do reaches `handle`.

    `catch_up` is called at the start; later Slack itself delivers what was missed. `streams`: use Slack's native
    streaming where it may be used.

    Raises:
        PlatformError: Slack cannot be reached, or refuses a token; the message says what to do.
    """
    async with aiohttp.ClientSession() as session:
        # One session for all calls: without it slack_sdk opens a new one for each, 14 times the CPU over TLS.
        # No retries inside it either: it would post twice what Slack took before the connection broke.
        client = AsyncWebClient(token=bot_token, base_url=api_url.rstrip("/") + "/", session=session, retry_handlers=[])
        me = await _who_am_i(client, app_token)
        directory = Directory(client)
        platform = SlackPlatform(client, me, directory, streams=streams)
        app = _bolt(client, me, bot_token)
        _listen(app, platform, me, directory, handle)
        # A dead TCP connection is noticed after one ping interval.
        handler = AsyncSocketModeHandler(app, app_token, web_client=client, ping_interval=3)
        loading = asyncio.create_task(directory.load(), name="load Slack's users")
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt leaves it so
            # Once the names are known: only they tell bots' reactions from people's.
            loading.add_done_callback(lambda task: None if task.cancelled() else catch_up(platform, None))
            yield platform
        finally:
            loading.cancel()
            await asyncio.wait([loading])
            await handler.close_async()  # type: ignore[no-untyped-call]  # the same


async def _who_am_i(client: AsyncWebClient, app_token: str) -> Identity:
    try:
        answer = await client.auth_test()
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        raise refusal(error) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PlatformError(
            f"Slack cannot be reached at {client.base_url}. Check the network, or SLACK_API_URL if you set it."
        ) from error
    return Identity(answer["team_id"], answer["user_id"], answer.get("bot_id") or "")


def _bolt(client: AsyncWebClient, me: Identity, bot_token: str) -> AsyncApp:
    async def authorize(**_: object) -> AuthorizeResult:
        # Asked once, above: bolt would call auth.test on the path of the first events.
        return AuthorizeResult(
            enterprise_id=None, team_id=me.workspace, bot_token=bot_token, bot_id=me.bot_id, bot_user_id=me.user_id
        )

    return AsyncApp(
        client=AsyncWebClient(base_url=client.base_url, session=client.session),
        authorize=authorize,
        process_before_response=True,  # acknowledged means kept
        ignoring_self_events_enabled=False,  # it would swallow the deletion of our own messages
        raise_error_for_unhandled_request=False,
        logger=_bolt_logger(),
    )


def _bolt_logger() -> logging.Logger:
    # bolt warns that it ignores the SLACK_BOT_TOKEN which it finds in the environment: the client has it.
    log = logging.getLogger("slack_bolt")
    log.setLevel(logging.ERROR)
    return log


def _listen(app: AsyncApp, platform: SlackPlatform, me: Identity, directory: Directory, handle: Handle) -> None:
    async def heard(body: dict[str, Any]) -> None:
        if user := author_of(body):
            await directory.know(user)
        event = translate(body, me, directory.people)
        if event is not None:
            await handle(event, platform)

    async def failed(error: Exception, body: dict[str, Any]) -> None:
        event_id = body.get("event_id")
        if isinstance(error, DatabaseUnavailableError):
            logger.error("event_not_kept", extra={"event_id": event_id, "error": str(error)})
        else:
            logger.error("event_failed", extra={"event_id": event_id}, exc_info=error)

    for kind in _EVENT_TYPES:
        app.event(kind)(heard)
    app.error(failed)
