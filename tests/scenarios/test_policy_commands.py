"""`plaudit.toml` from the command line, and a running bot that is told to read it again."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules

HERE = Path(__file__).parents[2]


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(HERE), "COLUMNS": "120", "PYTHONWARNINGS": "ignore"} | more


async def plaudit(*arguments, cwd, **more):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots.cli", *arguments),
        cwd=cwd,
        env=environment(**more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("command", [["config", "check"], ["run", "slack"]])
async def test_a_wrong_file_is_said_in_one_sentence_with_its_line(tmp_path, command):
    (tmp_path / "plaudit.toml").write_text('# mine\nthred = "chat"\n')

    code, _, err = await plaudit(*command, cwd=tmp_path)

    assert code == 1
    assert err == "plaudit: plaudit.toml, line 2: `thred` is not known; did you mean `thread`?\n"


async def test_what_holds_in_a_place_is_printed_as_the_file_would_have_it(tmp_path):
    (tmp_path / "mine.toml").write_text('[slack.workspace.T1]\nthread = "chat"\n')

    runs = [
        await plaudit("config", "check", *more, cwd=tmp_path, PLAUDIT_CONFIG="mine.toml")
        for more in ([], ["--at", "slack:T1:C1"], ["--at", "slack"], ["--at", "irc:x"])
    ]

    (_, fine, _), (_, here, _), (_, there, _), (code, _, err) = runs
    assert fine == "mine.toml is fine.\n"
    assert 'thread = "chat"' in here.splitlines()
    assert 'thread = "feedback"' in there.splitlines()
    assert (code, err) == (
        1,
        "plaudit: 'irc:x' is no place; write slack, slack:WORKSPACE or slack:WORKSPACE:CHANNEL.\n",
    )


async def test_the_printed_example_is_a_file_that_is_fine(tmp_path):
    _, absent, _ = await plaudit("config", "check", cwd=tmp_path)
    _, example, _ = await plaudit("config", "example", cwd=tmp_path)
    (tmp_path / "plaudit.toml").write_text(example)

    code, out, _ = await plaudit("config", "check", cwd=tmp_path)

    assert absent == "There is no plaudit.toml: the defaults hold everywhere.\n"
    assert (code, out) == (0, "plaudit.toml is fine.\n")


@asynccontextmanager
async def bot_in(directory, pocket):
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots.cli", "run", "slack"),
        cwd=directory,
        env=environment(
            MODEL_ENDPOINT=pocket.model_url,
            SLACK_BOT_TOKEN=pocket.slack.bot_token,
            SLACK_APP_TOKEN=pocket.slack.app_token,
            SLACK_API_URL=pocket.slack.base_url,
        ),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await pocket.until(lambda: pocket.slack.connected, timeout=20)
        yield bot
        bot.send_signal(signal.SIGTERM)
        await asyncio.wait_for(bot.communicate(), 15)
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.wait()


async def line_with(word, bot):
    async with asyncio.timeout(10):
        async for line in bot.stderr:
            if word in line.decode():
                return line.decode()
    raise AssertionError(word)


async def test_a_hangup_signal_reads_the_file_again_and_drops_no_reply(tmp_path):
    path = tmp_path / "plaudit.toml"
    words = " ".join(f"word{each}" for each in range(60))
    model = Model(lambda _: Answer(words, tokens_per_second=60))
    async with Pocket(slack=SlackRules.unlimited(), model=model) as pocket, bot_in(tmp_path, pocket) as bot:
        question = await pocket.person("Ada").says("@plaudit go on", pocket.room("general", on="slack"))
        await pocket.until(lambda: model.requests, timeout=10)

        path.write_text("ask_why = 3\n")
        bot.send_signal(signal.SIGHUP)
        refused = await line_with("config_not_reloaded", bot)
        path.write_text('[emoji]\n"🐌" = "slow"\n')
        bot.send_signal(signal.SIGHUP)
        taken = await line_with("config_reloaded", bot)
        reply = await pocket.reply_to(question, timeout=20)
        await pocket.person("Ben").reacts("🐌", reply)
        _, kept, _ = await plaudit("events", "--follow", "--limit", "4", cwd=tmp_path)

    assert "plaudit.toml, line 1: `ask_why` cannot be 3" in refused
    assert "places=3" in taken
    assert reply.text.split()[-1] == "word59"
    assert '"value":"slow"' in kept
    assert bot.returncode == 0
