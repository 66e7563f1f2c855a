"""`plaudit.toml` from the command line, and a running bot that is told to read it again."""

import asyncio
import os
import pty
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


@pytest.mark.long
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
        "plaudit: 'irc:x' is no place; write slack or discord, then :WORKSPACE and :CHANNEL where you mean one.\n",
    )


@pytest.mark.long
async def test_the_printed_example_is_a_file_that_is_fine(tmp_path):
    _, absent, _ = await plaudit("config", "check", cwd=tmp_path)
    _, example, _ = await plaudit("config", "example", cwd=tmp_path)
    (tmp_path / "plaudit.toml").write_text(example)

    code, out, _ = await plaudit("config", "check", cwd=tmp_path)

    assert absent == "There is no plaudit.toml: the defaults hold everywhere.\n"
    assert (code, out) == (0, "plaudit.toml is fine.\n")


@asynccontextmanager
async def bot_in(directory, pocket, stdin=asyncio.subprocess.DEVNULL):
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots.cli", "run", "slack"),
        cwd=directory,
        env=environment(
            MODEL_ENDPOINT=pocket.model_url,
            SLACK_BOT_TOKEN=pocket.slack.bot_token,
            SLACK_APP_TOKEN=pocket.slack.app_token,
            SLACK_API_URL=pocket.slack.base_url,
        ),
        stdin=stdin,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await pocket.until(lambda: pocket.slack.connected, timeout=20)
        yield bot
        if bot.returncode is None:
            bot.send_signal(signal.SIGTERM)
        await asyncio.wait_for(bot.communicate(), 15)
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.wait()


def shown_in(room):
    return [each.text for each in room.messages if each.author.is_bot]


async def line_with(word, bot):
    async with asyncio.timeout(10):
        async for line in bot.stderr:
            if word in line.decode():
                return line.decode()
    raise AssertionError(word)


async def test_a_hangup_signal_reads_the_file_again_and_drops_no_reply(tmp_path):
    path = tmp_path / "plaudit.toml"
    words = " ".join(f"word{each}" for each in range(60))
    model = Model(lambda _: Answer(words, tokens_per_second=40))
    async with Pocket(slack=SlackRules.unlimited(), model=model) as pocket, bot_in(tmp_path, pocket) as bot:
        room = pocket.room("general", on="slack")
        question = await pocket.person("Ada").says("@plaudit go on", room)
        await pocket.until(lambda: shown_in(room), timeout=10)

        path.write_text("ask_why = 3\n")
        bot.send_signal(signal.SIGHUP)
        refused = await line_with("config_not_reloaded", bot)
        path.write_text('[emoji]\n"🐌" = "slow"\n')
        bot.send_signal(signal.SIGHUP)
        taken = await line_with("config_reloaded", bot)
        [begun] = shown_in(room)
        reply = await pocket.reply_to(question, timeout=20)
        await pocket.person("Ben").reacts("🐌", reply)
        _, kept, _ = await plaudit("events", "--follow", "--limit", "4", cwd=tmp_path)

    assert "plaudit.toml, line 1: `ask_why` cannot be 3" in refused
    assert "places=3" in taken
    assert "word59" not in begun
    assert reply.text == words
    assert '"value":"slow"' in kept
    assert bot.returncode == 0


async def test_a_bot_whose_terminal_is_closed_stops(tmp_path):
    ours, its = pty.openpty()
    async with Pocket() as pocket, bot_in(tmp_path, pocket, stdin=its) as bot:
        os.close(its)

        bot.send_signal(signal.SIGHUP)
        read_again = await line_with("config_reloaded", bot)
        os.close(ours)
        bot.send_signal(signal.SIGHUP)
        _, err = await asyncio.wait_for(bot.communicate(), 15)

    assert read_again
    assert (bot.returncode, b"stopped" in err) == (0, True)
