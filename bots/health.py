"""Whether the bot is well, for whoever watches it: `/healthz`, `/readyz` and, in Prometheus' form, `/metrics`.

Served on a port of its own, off until one is chosen. Alive is that it answers; ready is that the database takes what is
kept and that every chosen platform's events arrive.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from core.errors import DatabaseUnavailableError, SettingsError
from core.ports import CanSayWhetherItHears, ChatPlatform
from core.store.condition import Condition
from core.store.sql import SqlStore
from core.watching import COUNTED, SECONDS, Counted, Histogram

logger = logging.getLogger(__name__)

_OK, _UNAVAILABLE, _NOT_IMPLEMENTED = 200, 503, 501
_PATIENCE: Final = 2.0
"""Seconds that a database which is away may take to say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is looked at."""

    store: SqlStore
    wanted: Collection[str]
    """The platforms that were asked for."""
    connected: Mapping[str, ChatPlatform]
    """Those that are there."""
    live: Callable[[], int]
    """How many replies are being written here."""


@dataclass(frozen=True, slots=True)
class State:
    """How it is right now."""

    platforms: dict[str, bool]
    condition: Condition | None
    """None: the database is away."""
    took: float
    """Seconds until the database answered."""

    @property
    def is_ready(self) -> bool:
        """The bot can do what it is there for."""
        return self.condition is not None and all(self.platforms.values())


async def look(watched: Watched) -> State:
    """How it is right now."""
    platforms = dict.fromkeys(watched.wanted, False)
    for name, platform in list(watched.connected.items()):
        if name in platforms:
            platforms[name] = not isinstance(platform, CanSayWhetherItHears) or await platform.hears()
    began = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE):
            condition = await watched.store.condition(datetime.now(UTC) - timedelta(hours=1))
    except (DatabaseUnavailableError, TimeoutError):
        condition = None
    return State(platforms, condition, time.monotonic() - began)


@asynccontextmanager
async def served(host: str, port: int, watched: Watched) -> AsyncIterator[str]:
    """Serve them while the block lasts; where, as a URL. Raises SettingsError where the address is taken."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        state = await look(watched)
        told = {
            "status": "ready" if state.is_ready else "not ready",
            "database": "ok" if state.condition else "away",
            "platforms": {name: "connected" if hears else "away" for name, hears in state.platforms.items()},
        }
        return web.json_response(told, status=_OK if state.is_ready else _UNAVAILABLE)

    async def metrics(_: web.Request) -> web.Response:
        state = await look(watched)
        try:
            text = exposition(COUNTED, state, watched.live())
        except ImportError:
            return web.Response(
                text="Install it with the extra `metrics`: pip install 'plaudit[metrics]'\n", status=501
            )
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.add_routes([web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise SettingsError(
                f"/healthz cannot be served at {host}, port {port} ({os.strerror(error.errno or 0)}): choose another "
                "PLAUDIT_HEALTH_PORT, or 0 for none."
            ) from error
        bound = runner.addresses[0]
        yield f"http://{bound[0]}:{bound[1]}"
    finally:
        await runner.cleanup()


def exposition(counted: Counted, state: State, live: int) -> str:
    """Everything in Prometheus' text form. Raises ImportError without the extra `metrics`."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - an extra

    class Collector:
        def collect(self) -> Iterator[Any]:
            yield from _counters(counted)
            yield from _histograms(counted)
            yield from _gauges(state, live)

    registry = CollectorRegistry()
    registry.register(Collector())
    return generate_latest(registry).decode()


def _counters(counted: Counted) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - an extra

    families: tuple[tuple[str, str, tuple[str, ...], Mapping[Any, int]], ...] = (
        ("plaudit_questions", "Questions that were kept.", ("platform",), counted.questions),
        ("plaudit_replies", "Replies, by how they ended.", ("platform", "status", "reason"), counted.replies),
        ("plaudit_tokens", "Tokens, as models counted them.", ("platform", "kind"), counted.tokens),
        ("plaudit_opinions", "What people said of replies.", ("platform", "name", "became"), counted.opinions),
        ("plaudit_found_later", "Opinions found by looking again.", ("platform",), counted.found_later),
        ("plaudit_rate_limited", "Calls that met a rate limit (429).", ("platform", "call"), counted.refused),
        ("plaudit_unkept", "Records that the database did not take.", (), {(): counted.unkept}),
    )
    for name, text, labels, values in families:
        family = CounterMetricFamily(name, text, labels=labels)
        for key, value in values.items():
            family.add_metric([key] if isinstance(key, str) else list(key), value)
        yield family


def _histograms(counted: Counted) -> Iterator[Any]:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - an extra

    durations: tuple[tuple[str, str, Histogram], ...] = (
        ("plaudit_first_token_seconds", "From the question to the model's first token.", counted.first_token),
        ("plaudit_first_text_seconds", "From the model's first text to the first text visible.", counted.first_text),
        ("plaudit_lag_seconds", "From written to visible, on average over a reply.", counted.mean_lag),
        ("plaudit_final_lag_seconds", "From the end of the stream to the whole text visible.", counted.final_lag),
        ("plaudit_append_seconds", "Until a record was durable in the log.", counted.append),
    )
    for name, text, histogram in durations:
        buckets, total = [], 0
        for bound, count in zip((*map(str, SECONDS), "+Inf"), histogram.counts, strict=True):
            total += count
            buckets.append((bound, total))
        yield HistogramMetricFamily(name, text, buckets=buckets, sum_value=histogram.total)


def _gauges(state: State, live: int) -> Iterator[Any]:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    up = GaugeMetricFamily("plaudit_platform_connected", "Whether its events arrive.", labels=["platform"])
    for name, hears in state.platforms.items():
        up.add_metric([name], hears)
    yield up
    yield GaugeMetricFamily("plaudit_live_replies", "Replies that are being written in this process.", value=live)
    yield GaugeMetricFamily("plaudit_database_up", "Whether the database answers.", value=state.condition is not None)
    yield GaugeMetricFamily("plaudit_database_answer_seconds", "How long it took to answer.", value=state.took)
    if condition := state.condition:
        yield GaugeMetricFamily("plaudit_database_bytes", "Its size.", value=condition.bytes)
        yield GaugeMetricFamily("plaudit_log_seq", "The newest record's sequence number.", value=condition.newest)
        yield GaugeMetricFamily(
            "plaudit_waiting_questions",
            "Questions without a whole answer yet, over all processes.",
            value=condition.waiting,
        )
