"""The bot put together: from the settings to an assistant that listens on the chosen platforms until it is stopped."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

import aiohttp

from bots.checking_timer import checking
from bots.chosen import WEB, check_http, policies_from, tokens_of
from bots.connecting import connect
from bots.discord import adapter as discord
from bots.discord.shards import ALONE, Shards
from bots.health import Watched, served
from bots.slack_ways import SlackWay, way_of
from bots.speaking import listed
from bots.tracing import tracing
from bots.when_wanted import LOOK_FOR_PUSHES, check_mlflow, pushes_to_hub, sends_to_mlflow
from core.assistant import Assistant, Options
from core.attachments import FileLimits
from core.clock import Clock, SystemClock
from core.language_models.hub import HubModel
from core.naming import ChannelNames
from core.outward.feeding import Feeding
from core.policy.file import Reloading
from core.ports import ChatPlatform, Leases
from core.prompt import Window
from core.reconciling import SPAN
from core.schedule import Job, timers
from core.settings import Settings
from core.store.alone import alone
from core.store.database import open_store, sqlite_path
from core.store.sql import SqlStore
from core.telling.teller import Teller

logger = logging.getLogger(__name__)

_LOOK_FOR_IDLE: Final = 60.0
_ADOPT: Final = 1.0
"""Seconds between two looks for questions that nobody is at."""
_CHECK: Final = 5.0
"""Seconds between two looks for replies that are to be checked."""
_REDACT: Final = 900.0
"""Seconds between two looks for words that are too old."""
_LOOK_AGAIN: Final = 15.0
"""Seconds after which it is asked whether it is time to look again."""


def in_one_place(leases: Leases, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """`work` where this process is the one, among all that share the database, that runs the timers."""

    async def run() -> None:
        if await leases.take("timers"):
            await work()

    return run


class LookingAgain:
    """Compares what the platforms show with the log as often as the policies say, which may be read again meanwhile."""

    def __init__(self, assistant: Assistant, policies: Reloading, clock: Clock) -> None:
        self._assistant = assistant
        self._policies = policies
        self._clock = clock
        self._last = clock.now()

    async def if_due(self) -> None:
        """Begin, if it is time."""
        every, now = self._policies.look_back_every, self._clock.now()
        if every is not None and now - self._last >= every:
            self._last = now
            await self._assistant.look_again(self._policies.look_back)


async def _redact(store: SqlStore, leases: Leases, age: timedelta) -> None:
    await store.retention().redact_and_scrub(SystemClock().now() - age, leases)


def options_from(settings: Settings, look_back: timedelta = SPAN) -> Options:
    """The assistant's part of the settings."""
    return Options(
        system_prompt=settings.system_prompt,
        window=Window(settings.history_messages, settings.history_characters),
        environment=settings.environment,
        keep_feedback=settings.feedback,
        grace_seconds=settings.grace_seconds,
        reply_characters=settings.reply_characters,
        folds_thinking=settings.thinking == "fold",
        reserve=settings.final_reserve,
        idle=timedelta(minutes=settings.idle_minutes),
        files=FileLimits(
            settings.attachment_bytes, settings.images, settings.image_bytes, keeps=settings.keep_attachments
        ),
        look_back=look_back,
        live_replies=settings.live_replies,
    )


def model_from(settings: Settings) -> HubModel:
    """The language model that the settings name."""
    return HubModel(
        settings.model_endpoint,
        name=settings.model_name,
        token=settings.hf_token.get_secret_value() if settings.hf_token else None,
        parameters=settings.model_parameters,
        timeout=settings.model_timeout,
    )


@asynccontextmanager
async def running(
    settings: Settings,
    platforms: Iterable[str],
    policies: Reloading | None = None,
    *,
    shards: Shards | None = ALONE,
    given_up: asyncio.Event | None = None,
) -> AsyncIterator[SqlStore]:
    """The whole bot while the block lasts; leaving it stops listening first, then lets replies finish.

    `policies`: to be held by whoever reads them again; else those of the file that the settings name. `shards`: what
    is heard here of Discord's servers; None for all of them, in as many sessions as Discord advises. A platform that
    is out of order is tried again until it is not, or `given_up` is set.

    Raises:
        PlauditError: a token, the database or a setting is not right; the message says what to do.
    """
    # What cannot work is refused before anything is opened.
    policies = policies or policies_from(settings)
    wanted = tokens_of(settings, platforms)
    check_http(settings, wanted)
    check_mlflow(settings, policies)
    async with AsyncExitStack() as stack:
        if (path := sqlite_path(settings.database_url)) is not None:
            stack.enter_context(alone(path))
        # Opened before the database: a secret that is missing is told at once.
        outward = await stack.enter_async_context(Feeding(policies))
        key = settings.pseudonym_key.get_secret_value() if settings.pseudonym_key else None
        store = await stack.enter_async_context(open_store(settings.database_url, pseudonym_key=key))
        leases = await stack.enter_async_context(store.leases())
        model = await stack.enter_async_context(model_from(settings))
        # Opened before the assistant: the replies that finish when nobody listens any more need it still.
        session = await stack.enter_async_context(aiohttp.ClientSession())
        assistant = await stack.enter_async_context(
            Assistant(
                store=store,
                leases=leases,
                model=model,
                clock=SystemClock(),
                options=options_from(settings, policies.look_back),
                policies=policies,
                spending=store.spending(),
            )
        )
        leases.on_lost = assistant.lose
        idle = min(_LOOK_FOR_IDLE, settings.idle_minutes * 60)
        looking_again = LookingAgain(assistant, policies, SystemClock())
        speakers: dict[str, ChatPlatform] = {}
        teller = Teller(store, leases, speakers, policies, SystemClock())
        jobs = [
            Job("end idle conversations", idle, in_one_place(leases, assistant.end_idle_conversations)),
            Job("look again", _LOOK_AGAIN, in_one_place(leases, looking_again.if_due)),
            Job("heed the clock", _ADOPT, assistant.heed_clock),
            Job("adopt turns", _ADOPT, assistant.adopt_turns),
            Job("take up other channels", _ADOPT, outward.look),
            Job("check replies", _CHECK, in_one_place(leases, checking(settings, store, policies))),
            Job("tell", _LOOK_AGAIN, teller.tell),
            Job("send to MLflow", _LOOK_AGAIN, sends_to_mlflow(settings, policies, store, leases)),
        ]
        if settings.retention_days:
            redact = partial(_redact, store, leases, timedelta(days=settings.retention_days))
            jobs.append(Job("take words out", _REDACT, in_one_place(leases, redact)))
        pushes = await stack.enter_async_context(pushes_to_hub(settings, policies, store))
        jobs.append(Job("push to the Hub", LOOK_FOR_PUSHES, in_one_place(leases, pushes)))
        await stack.enter_async_context(timers(*jobs))
        await stack.enter_async_context(outward.feeding(store, leases, SystemClock()))
        if settings.health_port:
            watched = Watched(
                store=store,
                wanted=[each for each in wanted if each != WEB],
                connected=speakers,
                live=lambda: assistant.live_replies,
            )
            at = await stack.enter_async_context(served(settings.health_host, settings.health_port, watched))
            logger.info("health_is_told", extra={"url": at})
        if settings.traces_to:
            await stack.enter_async_context(tracing(settings.traces_to))
        slack = way_of(settings, wanted["slack"], store.installations()) if "slack" in wanted else None
        if WEB in wanted:
            from bots.serving import web  # noqa: PLC0415 - who does not serve it need not hold FastAPI

            # Before the others, and so left after them: while they close, its answers may still be read.
            doors = slack.routers if slack else ()
            names = ChannelNames(speakers, SystemClock())
            stack.push_async_callback(names.close)
            await stack.enter_async_context(web(settings, store, assistant, policies, names=names.of, doors=doors))
        connections = {
            platform: partial(
                listed,
                speakers,
                platform,
                partial(_connected, platform, tokens, settings, assistant, session, shards=shards, slack=slack),
            )
            for platform, tokens in wanted.items()
            if platform != WEB
        }
        await connect(stack, connections, given_up or asyncio.Event())
        yield store


def _connected(
    platform: str,
    tokens: tuple[str, ...],
    settings: Settings,
    assistant: Assistant,
    session: aiohttp.ClientSession,
    *,
    shards: Shards | None,
    slack: SlackWay | None,
) -> AbstractAsyncContextManager[ChatPlatform]:
    if slack and platform == "slack":
        return slack.connected(assistant)
    [token] = tokens
    return discord.connected(
        token=token,
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        handle=assistant.handle,
        catch_up=assistant.catch_up,
        shards=shards,
        calls_per_second=settings.discord_calls_per_second,
        session=session,
    )


async def run_until_stopped(settings: Settings, platforms: Iterable[str], shards: Shards | None = ALONE) -> None:
    """Run until SIGTERM or SIGINT, or until the terminal is closed; another SIGHUP reads the policies again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    policies = policies_from(settings)
    on_terminal = _has_terminal()

    def hung_up() -> None:
        # The same signal tells of both.
        if on_terminal and not _has_terminal():
            stop.set()
        else:
            policies.reload()

    loop.add_signal_handler(signal.SIGHUP, hung_up)
    async with running(settings, platforms, policies, shards=shards, given_up=stop):
        # What is here now stays: to look through all of it again, for what to free, would hold up replies for 0.1 s.
        gc.freeze()
        if not stop.is_set():
            logger.info("ready", extra={"platforms": ",".join(platforms)})
        await stop.wait()
        logger.info("stopping", extra={"grace_seconds": settings.grace_seconds})
    logger.info("stopped")


def _has_terminal() -> bool:
    # sys.stdin may be closed, or remember a terminal that is gone.
    return os.isatty(0)
