"""A newcomer's whole way, as the docs have it: each step a process of its own, the questions answered in a terminal."""

import asyncio
import os
import pty
import signal
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import yaml

from bots.slack.manifest import SCOPES
from tests.scenarios.test_command_line import environment, plaudit

PATIENCE = 30.0


@dataclass
class Box:
    """`plaudit box`, and what its page can do."""

    settings: dict[str, str]
    page: aiohttp.ClientSession

    async def everything(self) -> dict[str, Any]:
        """What the page is told first."""
        async with self.page.get("/chat/live") as live:
            await live.content.readuntil(b"data: ")
            told: dict[str, Any] = orjson.loads(await live.content.readuntil(b"\n\n"))
            return told

    async def do(self, **what: Any) -> None:
        everything = await self.everything()
        person = next(each["id"] for each in everything["people"] if each["name"] == "You")
        async with self.page.post("/chat/do", json={"person": person, **what}) as answer:
            assert answer.status == 200, await answer.text()

    async def asks_and_likes_the_answer_on(self, platform: str) -> None:
        rooms = (await self.everything())["rooms"]
        room = next(each["id"] for each in rooms if each["platform"] == platform)
        await self.do(do="say", room=room, text="@plaudit hello")
        answer = await until(lambda: self._answered_in(room))
        await self.do(do="react", message=answer["id"], emoji="👍")

    async def _answered_in(self, room: str) -> dict[str, Any] | None:
        messages = (await self.everything())["messages"]
        return next((each for each in messages if each["room"] == room and each["author"]["bot"]), None)


@asynccontextmanager
async def a_box(directory: Path, *arguments: str) -> AsyncIterator[Box]:
    async with a_process("box", "--port", "0", *arguments, cwd=directory, stdout=asyncio.subprocess.PIPE) as process:
        assert process.stdout is not None
        told = (await asyncio.wait_for(process.stdout.readuntil(b"MODEL_ENDPOINT="), PATIENCE)).decode()
        told += (await process.stdout.readline()).decode()
        settings = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        async with aiohttp.ClientSession(settings["MODEL_ENDPOINT"].removesuffix("/v1")) as page:
            yield Box(settings, page)


@asynccontextmanager
async def a_process(*arguments: str, cwd: Path, **more: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "bots.entry", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, env=environment(), **more)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), PATIENCE)


async def in_a_terminal(*arguments: str, cwd: Path, answers: list[tuple[str, str]]) -> str:
    """What a command shows in a terminal, where each question is answered once it is asked, and not before."""
    ours, its = pty.openpty()
    ends = {"stdin": its, "stdout": its, "stderr": its, "start_new_session": True}
    async with a_process(*arguments, cwd=cwd, **ends) as process:
        os.close(its)
        shown = ""
        for question, answer in answers:
            asked = ""
            while not (question in asked and asked.endswith(": ")):
                asked += (await asyncio.to_thread(os.read, ours, 1000)).decode(errors="replace")
            shown += asked
            os.write(ours, answer.encode() + b"\n")
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        shown += os.read(ours, 10_000).decode()
        os.close(ours)
    return shown


async def until(look: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (found := await look()):  # noqa: ASYNC110 - what is looked at has no event to wait for
            await asyncio.sleep(0.05)
        return found


async def votes_in(database: Path, count: int) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT count(*) FROM assessments").fetchone()
    return bool(found[0] == count)


@pytest.mark.long
async def test_from_nothing_to_a_bot_on_both_platforms_and_its_first_votes_in_the_report(tmp_path):
    async with a_box(tmp_path) as box:
        given = box.settings
        answers = [
            ("Slack?", "y"),
            ("SLACK_BOT_TOKEN", "oops"),
            ("begins with xoxb-", given["SLACK_BOT_TOKEN"]),
            ("SLACK_APP_TOKEN", given["SLACK_APP_TOKEN"]),
            ("Discord?", "y"),
            ("DISCORD_TOKEN", given["DISCORD_TOKEN"]),
            ("MODEL_ENDPOINT", given["MODEL_ENDPOINT"]),
            ("MODEL_NAME", ""),
            ("HF_TOKEN", ""),
            ("PLAUDIT_DATABASE_URL", ""),
        ]
        asked = await in_a_terminal("init", cwd=tmp_path, answers=answers)
        with (tmp_path / ".env").open("a") as file:
            addresses = ("API_URL", "GATEWAY_URL")
            file.writelines(f"{name}={value}\n" for name, value in given.items() if name.endswith(addresses))
        (_, manifest, _), (_, invitation, _), (code, checked, err) = await asyncio.gather(
            plaudit("manifest", "slack", cwd=tmp_path),
            plaudit("manifest", "discord", "--app-id", "1573627493456281740", cwd=tmp_path),
            plaudit("doctor", cwd=tmp_path),
        )
        async with a_process("run", "slack", "discord", cwd=tmp_path, stderr=asyncio.subprocess.PIPE) as bot:
            assert bot.stderr is not None
            said = await asyncio.wait_for(bot.stderr.readuntil(b" ready "), PATIENCE)
            for platform in ("slack", "discord"):
                await box.asks_and_likes_the_answer_on(platform)
            await until(lambda: votes_in(tmp_path / "plaudit.db", 2))
            bot.send_signal(signal.SIGTERM)
            _, rest = await asyncio.wait_for(bot.communicate(), PATIENCE)
    _, report, _ = await plaudit("report", "--by", "platform", "--json", cwd=tmp_path)

    assert not [name for name, value in given.items() if "TOKEN" in name and value in asked]
    assert "plaudit doctor, and then: plaudit run slack discord" in " ".join(asked.split())
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert yaml.safe_load(manifest)["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert "client_id=1573627493456281740" in invitation
    assert (code, err) == (0, ""), checked
    assert "The bot can run." in checked
    assert bot.returncode == 0
    assert not [line for line in (said + rest).decode().splitlines() if " INFO " not in line]
    likes = {platform: each["positive_count"] for platform, each in orjson.loads(report).items()}
    assert likes == {"slack": 1, "discord": 1, "all": 2}
