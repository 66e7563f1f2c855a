"""The web: what it adds to the first token, what a token costs beside Slack's path, how soon the dashboard is there.

python -m tests.bench.web [--streams N] [--replies N]      (make bench-web)

The bot is a process of its own; the model's endpoint, and pocket's Slack with its limits on, are in this one. Added =
(first `token` event read - question sent) - (first token written - request received, both by the endpoint). CPU: that
of the bot's process over the time in which all replies are written, for as many replies of as many tokens over both
paths. The last line is one line of JSON.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
import psutil
from rich.console import Console
from rich.table import Table

from bots.loop import run as quickly
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from core.store.database import connected, upgrade
from tests.bench.insight_log import fill

QUESTIONS: Final = 60
TOKENS: Final = 150
PER_SECOND: Final = 20.0
FIRST_TOKEN: Final = 0.3
ASKED_WITHIN: Final = 3.0
"""Seconds over which the questions are spread: all replies grow at once for most of their time."""
PORT: Final = 8797
LOOKS: Final = 9


async def added(questions: int) -> list[float]:
    """Seconds that the web adds to each first token."""
    found = []
    async with _world("web", lambda _: Answer("A short answer.", tokens_per_second=100)) as (pocket, _, client):
        for number in range(questions):
            begun = time.perf_counter()
            async with client.post("/chat/stream", json={"message": f"question {number}"}) as answer:
                await _until_event(answer, b"token")
                took = time.perf_counter() - begun
                await answer.read()
            received: Any = pocket.model.requests[-1]
            found.append(took - (received.first_token_at - received.at))
            await asyncio.sleep(0.1)  # nobody asks while the turn before is still being noted as over
    return found[len(found) // 6 :]  # the first of them fill caches and pools


async def cpu_on_web(streams: int) -> float:
    """Microseconds of CPU per token, over server-sent events."""
    async with _world("web", _long) as (pocket, process, client):

        async def ask(number: int) -> None:
            await asyncio.sleep(number * ASKED_WITHIN / streams)
            async with client.post("/chat/stream", json={"message": "go on"}) as answer:
                assert b"event: done" in await answer.read()

        await ask(0)
        return await _spent(pocket, process, asyncio.gather(*(ask(number) for number in range(streams))), streams)


async def cpu_on_slack(streams: int) -> float:
    """The same over Slack's wire."""
    async with _world("slack", _long) as (pocket, process, _):
        await pocket.until(lambda: pocket.slack.connected, timeout=30)
        rooms = [pocket.room(f"room-{number}", on="slack") for number in range(streams)]
        ada = pocket.person("Ada")
        await pocket.reply_to(await ada.says("@plaudit go on", rooms[0]), timeout=30)
        await pocket.until(lambda: not pocket.model.streaming, timeout=60)

        async def ask(number: int) -> None:
            await asyncio.sleep(number * ASKED_WITHIN / streams)
            await ada.says("@plaudit go on", rooms[number])

        return await _spent(pocket, process, asyncio.gather(*(ask(number) for number in range(streams))), streams)


async def _spent(pocket: Pocket, process: psutil.Process, asking: Any, streams: int) -> float:
    before, spent = len(pocket.model.requests), sum(process.cpu_times()[:2])
    await asking
    await pocket.until(lambda: len(pocket.model.requests) >= before + streams, timeout=60)
    await pocket.until(lambda: not pocket.model.streaming, timeout=60)
    return (sum(process.cpu_times()[:2]) - spent) / (streams * TOKENS) * 1e6


async def dashboard(replies: int) -> tuple[float, float]:
    """Over a log of so many replies: seconds to the first byte of the overview, and from a vote to the page's news."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory) / 'plaudit.db'}"
        await upgrade(url)
        async with connected(url) as database:
            await database.write(lambda connection: fill(connection, replies))
        async with _world("web", _long, url) as (_, _, client):
            begun = time.perf_counter()
            overview = [await _first_byte(client, "/dashboard")]
            first = time.perf_counter() - begun
            overview += [await _first_byte(client, "/dashboard") for _ in range(LOOKS)]
            live = [await _news(client, is_correct=bool(number % 2)) for number in range(LOOKS)]
            Console().print(f"the very first look: {1000 * first:.0f} ms")
            return max(overview[0], statistics.median(overview)), statistics.median(live)


async def _first_byte(client: aiohttp.ClientSession, path: str) -> float:
    begun = time.perf_counter()
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        await answer.content.readany()
        return time.perf_counter() - begun


async def _news(client: aiohttp.ClientSession, *, is_correct: bool) -> float:
    async with client.get("/dashboard/live") as stream:
        await _until_event(stream, b"changed")
        begun = time.perf_counter()
        told = await client.post(
            "/feedback?trace_id=01M00000000000000000000007", json={"is_correct": is_correct}, headers={"X-User-ID": "a"}
        )
        assert told.status == 200, await told.text()
        await _until_event(stream, b"changed")
        await _first_byte(client, "/dashboard")
        return time.perf_counter() - begun


async def _until_event(answer: aiohttp.ClientResponse, kind: bytes) -> None:
    async for line in answer.content:
        if line.startswith(b"event: " + kind):
            return
    raise AssertionError("the stream ended")


def _long(_: list[dict[str, Any]]) -> Answer:
    text = " ".join(f"word{number}" for number in range(TOKENS))
    return Answer(text, tokens_per_second=PER_SECOND, first_token_after=FIRST_TOKEN)


@asynccontextmanager
async def _world(
    platform: str, answers: Any, url: str | None = None
) -> AsyncIterator[tuple[Pocket, psutil.Process, aiohttp.ClientSession]]:
    """A pocket, the bot's process, and a client of its web."""
    with tempfile.TemporaryDirectory() as directory:
        async with Pocket(model=Model(answers)) as pocket:
            environment = os.environ | {
                "MODEL_ENDPOINT": pocket.model_url,
                "MODEL_NAME": "demo-model",
                "SLACK_BOT_TOKEN": pocket.slack.bot_token,
                "SLACK_APP_TOKEN": pocket.slack.app_token,
                "SLACK_API_URL": pocket.slack.base_url,
                "PLAUDIT_DATABASE_URL": url or f"sqlite:///{Path(directory) / 'plaudit.db'}",
                "PLAUDIT_LOG_LEVEL": "warning",
                "PLAUDIT_WEB_PORT": str(PORT),
                "PLAUDIT_WEB_REQUESTS_PER_MINUTE": "100000",
            }
            bot = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bots.entry", "run", platform), env=environment, cwd=directory
            )
            connector = aiohttp.TCPConnector(limit=0)
            try:
                async with aiohttp.ClientSession(f"http://127.0.0.1:{PORT}", connector=connector) as client:
                    if platform == "web":
                        await _answers(client)
                    yield pocket, psutil.Process(bot.pid), client
            finally:
                # Not asked to stop: the ends of so many replies come at the pace of the platform's limit, for minutes.
                bot.kill()
                await bot.wait()


async def _answers(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with client.get("/openapi.json") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


def main() -> None:
    """Measure, print the table, and last a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--replies", type=int, default=1_000_000, help="0: leave the dashboard out")
    chosen = parser.parse_args()
    first = sorted(quickly(added(QUESTIONS)))
    web, slack = quickly(cpu_on_web(chosen.streams)), quickly(cpu_on_slack(chosen.streams))
    table = Table("", "median", "p95", title="Server-sent events")
    table.add_row("added to the first token, ms", *(f"{1000 * first[int(len(first) * at)]:.1f}" for at in (0.5, 0.95)))
    table.add_row(f"CPU a token, {chosen.streams} streams, µs", f"{web:.0f}")
    table.add_row("the same over Slack's path, µs", f"{slack:.0f}")
    figures = {
        "sse_added_ms": round(1000 * statistics.median(first), 2),
        "sse_cpu_over_slack": round(web / slack, 2),
    }
    if chosen.replies:
        overview, live = quickly(dashboard(chosen.replies))
        figures |= {"overview_ms": round(1000 * overview, 1), "live_update_ms": round(1000 * live, 1)}
        table.add_row(f"overview over {chosen.replies:,} replies, first byte, ms", f"{1000 * overview:.0f}")
        table.add_row("a vote until the page is new, ms", f"{1000 * live:.0f}")
    Console().print(table)
    sys.stdout.write(orjson.dumps(figures).decode() + "\n")


if __name__ == "__main__":
    main()
