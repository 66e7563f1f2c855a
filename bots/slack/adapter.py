"""The Slack adapter: connects by Socket Mode, posts and edits. What people do goes to the assistant by `listening`.

No decisions here.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.absence import watch
from bots.slack.answers import Answers
from bots.slack.emoji_names import slack_name
from bots.slack.history import History
from bots.slack.listening import bolt, listen
from bots.slack.people import Directory
from bots.slack.posted import Posted
from bots.slack.refusals import APP_TOKEN, BOT_TOKEN, asking, code_of, refusal
from bots.slack.render import LIMITS, STREAM_LIMITS, render, without_live_mentions
from bots.slack.render_controls import offered
from bots.slack.sharing import Sharing, fetched_from_slack
from bots.slack.socket_lines import socket_logger
from bots.slack.translate import PLATFORM, Identity
from core.clock import SystemClock
from core.controls import Attachment, Button, Form, Notice
from core.errors import PlatformError, PlatformUnavailableError
from core.events import Event, MessageReceived
from core.messages import Attached, MessageRef, PersonRef, PlaceRef
from core.ports import ChatPlatform, InTurn, Limits, Own, Reaction, Sent, Shown, StreamLimits, Tally, never
from core.tasks import cancelled

Handle = Callable[[Event, ChatPlatform], Awaitable[None]]
CatchUp = Callable[[ChatPlatform, datetime | None], None]


class SlackPlatform:
    """Posts and edits in one workspace."""

    name = PLATFORM

    def __init__(self, client: AsyncWebClient, me: Identity, directory: Directory, *, streams: bool = True) -> None:
        """`streams`: use Slack's native streaming where it may be used."""
        self._client = client
        self._me = me
        self._directory = directory
        self._history = History(client, me, directory, asking)
        self._streams = streams
        self._posted = Posted(client, me)
        self._answers = Answers(client)
        self._sharing = Sharing(client)
        self.hears: Callable[[], Awaitable[bool]] = never
        """Whether Slack's events reach it right now."""

    @property
    def limits(self) -> Limits:
        """Slack's."""
        return LIMITS

    def edit_bucket(self, place: PlaceRef) -> str:
        """All edits in a workspace share one."""
        return f"{place.workspace}:chat.update"

    async def post(
        self, place: PlaceRef, text: str, *, reply_to: MessageRef | None, nonce: str, again: bool = False
    ) -> Sent:
        """Post in the channel or thread; Slack needs no `reply_to`, the thread says it."""
        del reply_to
        if found := await self._posted.message(place, nonce, again=again):
            return Sent(found, is_found_again=True)
        call = self._client.chat_postMessage(
            channel=place.channel,
            thread_ts=place.thread or None,
            metadata={"event_type": "plaudit_reply", "event_payload": {"nonce": nonce}},
            unfurl_links=False,
            unfurl_media=False,
            **render(text),
        )
        answer = await self._posted.posting(nonce, call)
        return Sent(self._ref(answer["channel"], answer["ts"]))

    async def edit(self, message: MessageRef, text: str) -> Sent:
        """Show `text` in place of what the message showed."""
        await asking(self._client.chat_update(channel=message.channel, ts=message.id, **render(text)))
        return Sent(message)

    async def own_since(self, place: PlaceRef, question: MessageRef) -> Sequence[Own]:
        """Ours that came after `question` in a thread or a direct conversation, each with its nonce."""
        return await self._posted.own_since(place, question.id)

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
        if found := await self._posted.stream(place, nonce):
            return Sent(found, is_found_again=True)
        call = self._client.chat_startStream(
            channel=place.channel,
            thread_ts=place.thread,
            recipient_team_id=asker.workspace,
            recipient_user_id=asker.id,
            markdown_text=text,
        )
        answer = await self._posted.posting(nonce, call)
        return Sent(self._ref(answer["channel"], answer["ts"]))

    async def append(self, message: MessageRef, text: str) -> Sent:
        """Add `text` to a message that is streamed."""
        await asking(self._client.chat_appendStream(channel=message.channel, ts=message.id, markdown_text=text))
        return Sent(message)

    async def stop_stream(self, message: MessageRef, text: str) -> Sent:
        """Add `text` and end the stream."""
        await asking(self._client.chat_stopStream(channel=message.channel, ts=message.id, markdown_text=text or None))
        return Sent(message)

    async def react(self, message: MessageRef, emoji: str) -> None:
        """Put an emoji on a message; twice is once."""
        name = slack_name(emoji)
        try:
            await asking(self._client.reactions_add(channel=message.channel, timestamp=message.id, name=name))
        except PlatformError as error:
            if code_of(error) != "already_reacted":
                raise

    async def unreact(self, message: MessageRef, emoji: str) -> None:
        """Take our own emoji off a message; where it is not there, or the message is not, nothing."""
        name = slack_name(emoji)
        try:
            await asking(self._client.reactions_remove(channel=message.channel, timestamp=message.id, name=name))
        except PlatformError as error:
            if code_of(error) not in {"no_reaction", "message_not_found"}:
                raise

    async def offer(self, message: MessageRef, text: str, buttons: Sequence[Button]) -> Sent:
        """Show `text` with `buttons` below it."""
        await asking(self._client.chat_update(channel=message.channel, ts=message.id, **offered(text, buttons)))
        return Sent(message)

    async def whisper(self, ticket: str, notice: Notice) -> None:
        """Show `notice` to the person whose act the ticket is for."""
        await self._answers.whisper(ticket, notice)

    async def open_form(self, ticket: str, form: Form) -> None:
        """Put `form` before them; it must be within three seconds, and not after a form."""
        await self._answers.open_form(ticket, form)

    @property
    def tells_in_place(self) -> bool:
        """Slack shows people what others do not see."""
        return True

    async def tell(self, person: PersonRef, place: PlaceRef, notice: Notice) -> None:
        """Show `notice` to `person` alone, in `place`."""
        await self._answers.tell(person, place, notice)

    async def show_home(self, person: PersonRef, text: str, buttons: Sequence[Button]) -> None:
        """Show `text` and `buttons` on the app's home tab to `person`."""
        await self._answers.show_home(person, text, buttons)

    async def share(self, place: PlaceRef, text: str, file: Attachment, *, nonce: str) -> None:
        """Post `text` with `file` beside it; Slack keeps no nonce with a file."""
        del nonce
        await self._sharing.share(place, text, file)

    async def files_beside(self, message: MessageRef, place: PlaceRef) -> Sequence[Attached]:
        """What someone attached to a message in a thread or a conversation."""
        return await self._history.files_beside(message, place)

    async def fetch(self, file: Attached, limit: int) -> bytes:
        """What is in a file that someone attached; needs the scope files:read."""
        return await fetched_from_slack(self._client, file, limit)

    async def link(self, message: MessageRef) -> str:
        """Where `message` is opened."""
        return await self._sharing.link(message)

    async def channel_names(self, workspace: str) -> Mapping[str, str]:
        """What the channels are called that the bot is in."""
        return await self._directory.channels() if workspace == self._me.workspace else {}

    async def messages_since(self, place: PlaceRef, since: datetime, limit: int) -> Sequence[MessageReceived]:
        """What was written in a thread or a direct conversation from `since` on, oldest first."""
        return await self._history.messages_since(place, since, limit)

    async def rooms_since(self, since: datetime, in_turn: InTurn) -> Sequence[PlaceRef]:
        """The channels and conversations that the bot is in; Slack does not say where something was written."""
        del since
        return await self._history.rooms(in_turn)

    def shown_in(
        self, place: PlaceRef, since: datetime, until: datetime | None, in_turn: InTurn
    ) -> AsyncGenerator[Sequence[Shown], None]:
        """What stands in a thread or a direct conversation, page by page."""
        return self._history.shown_in(place, since, until, in_turn)

    async def reactions_on(
        self, message: MessageRef, in_turn: InTurn, tallies: Sequence[Tally] | None = None
    ) -> Sequence[Reaction]:
        """Every reaction on a message, with all who put it there."""
        del tallies  # one call tells of all
        return await self._history.reactions_on(message, in_turn)

    async def roles_of(self, person: PersonRef, in_turn: InTurn) -> tuple[str, ...]:
        """What someone is in the workspace."""
        del in_turn  # Slack's users are known by now, all but new ones
        await self._directory.know(person.id)
        return self._directory.people[person.id].roles

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

    `catch_up` is called at the start, and after the connection was gone for longer than Slack is sure to deliver again
    what it had to tell. `streams`: use Slack's native streaming where it may be used.

    Raises:
        PlatformUnavailableError: Slack cannot be reached, or is out of order; another try may do.
        PlatformError: Slack refuses a token; the message says what to do.
    """
    async with aiohttp.ClientSession() as session:
        client = client_of(bot_token, api_url, session)
        me = await who_am_i(client, app_token)
        directory = Directory(client)
        platform = SlackPlatform(client, me, directory, streams=streams)
        app = bolt(client, me, bot_token)
        listen(app, me, directory, lambda event: handle(event, platform), SystemClock().now)
        # A dead TCP connection is noticed after one ping interval.
        handler = AsyncSocketModeHandler(app, app_token, socket_logger(), client, ping_interval=3)
        platform.hears = handler.client.is_connected
        loading = asyncio.create_task(directory.load(), name="load Slack's users")
        watching = asyncio.create_task(
            watch(handler.client.is_connected, lambda since: catch_up(platform, since), SystemClock()),
            name="watch the connection to Slack",
        )
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt leaves it so
            # Once the names are known: only they tell bots' reactions from people's.
            loading.add_done_callback(lambda task: None if task.cancelled() else catch_up(platform, None))
            yield platform
        finally:
            await cancelled([loading, watching])
            await handler.close_async()  # type: ignore[no-untyped-call]  # the same


def client_of(bot_token: str, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Slack's Web API for the holder of a token, over one session that all calls share."""
    # Without a session slack_sdk opens a new one for each call, 14 times the CPU over TLS.
    # No retries inside it either: it would post twice what Slack took before the connection broke.
    return AsyncWebClient(token=bot_token, base_url=api_url.rstrip("/") + "/", session=session, retry_handlers=[])


async def who_am_i(client: AsyncWebClient, app_token: str = "") -> Identity:
    """Who holds the client's token; `app_token` is tried, too, where it is given. Raises as `connected` does."""
    tried = BOT_TOKEN
    try:
        answer = await client.auth_test()
        if app_token:
            tried = APP_TOKEN
            await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        raise refusal(error, tried) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PlatformUnavailableError(
            f"Slack cannot be reached at {client.base_url}. Check the network, or SLACK_API_URL if you set it."
        ) from error
    return Identity(answer["team_id"], answer["user_id"], answer.get("bot_id") or "")
