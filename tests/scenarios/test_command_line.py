"""The command line as people use it: a process of its own, its output, its exit code."""

import asyncio
import contextlib
import io
import logging
import os
import signal
import sys
import tomllib
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from bots.ending import told
from bots.entry import main
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from core.errors import DatabaseUnavailableError

HERE = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(HERE), "COLUMNS": "120", "PYTHONWARNINGS": "ignore"} | more


async def plaudit(*arguments: str, cwd: Path, **more: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots.cli", *arguments),
        cwd=cwd,
        env=environment(**more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def said_here(*arguments: str, cwd: Path, **more: str) -> tuple[int, str, str]:
    """The same in this process, for what ends before anything is begun: a new one takes a second."""

    def run() -> tuple[int, str, str]:
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(cwd),
            patch.dict(os.environ, environment(**more), clear=True),
            patch.object(sys, "argv", ["plaudit", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
                code: Any = 0
            except SystemExit as ended:
                code = ended.code
            finally:
                root.handlers[:] = handlers
                root.setLevel(level)
        return int(code or 0), out.getvalue(), err.getvalue()

    return await asyncio.to_thread(run)


def is_one_sentence(err: str) -> bool:
    return "Traceback" not in err and err.startswith("plaudit: ") and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        (["run", "slack"], {}, "SLACK_BOT_TOKEN and SLACK_APP_TOKEN"),
        (["run", "discord"], {}, "DISCORD_TOKEN"),
        (["run", "irc"], {}, "irc"),
        (["run", "discord", "--shards", "x"], {}, "Write 0,1/4"),
        (["run", "discord", "--shards", "4/4"], {}, "of 4 shards there is no 4"),
        (["run", "slack", "--shards", "auto"], {}, "about Discord's servers"),
        (["run", "slack"], {"PLAUDIT_DATABSE_URL": "x"}, "did you mean PLAUDIT_DATABASE_URL?"),
        (["run", "slack"], {"PLAUDIT_FOO": "x"}, "no setting called PLAUDIT_FOO. All"),
        (["run", "slack"], {"PLAUDIT_LOG_FORMAT": "xml"}, "PLAUDIT_LOG_FORMAT: it is text or json"),
        (["run", "slack"], {"PLAUDIT_IDLE_MINUTES": "-1"}, "PLAUDIT_IDLE_MINUTES"),
        (["events"], {"PLAUDIT_DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "/nowhere/at/all.db"),
        (["events"], {"PLAUDIT_DATABASE_URL": "mysql://x/y"}, "mysql"),
        (["report"], {"PLAUDIT_DATABASE_URL": "postgresql://u:secret@127.0.0.1:9/x"}, "127.0.0.1"),
        (["db", "check"], {"PLAUDIT_DATABASE_URL": "postgresql://u:secret@127.0.0.1:9/x"}, "127.0.0.1"),
        (["report"], {}, "There is no database at"),
        (["conversation", "x", "--as-of", "yesterday"], {}, "yesterday"),
        (["demo", "--dir", "."], {}, "other files"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(tmp_path, arguments, settings, says):
    (tmp_path / "somebody's file").touch()

    code, _, err = await said_here(*arguments, cwd=tmp_path, **settings)

    assert code != 0
    assert is_one_sentence(err), err
    assert says in err
    assert "secret" not in err
    assert [each.name for each in tmp_path.iterdir()] == ["somebody's file"]


@pytest.mark.parametrize("settings", [{}, {"PLAUDIT_LOG_LEVEL": "loud"}])
async def test_a_bot_whose_settings_are_wrong_says_by_its_exit_code_that_another_start_is_in_vain(tmp_path, settings):
    code, _, err = await said_here("run", "slack", cwd=tmp_path, **settings)

    assert is_one_sentence(err), err
    assert code == 78


def test_a_bot_whose_database_is_away_may_be_started_again():
    def start():
        raise DatabaseUnavailableError("It is away.")

    with pytest.raises(SystemExit) as ended:
        told(start, settled=78)

    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("on", "setting", "value"),
    [
        ("slack", "SLACK_BOT_TOKEN", "xoxb-wrong"),
        ("slack", "SLACK_APP_TOKEN", "xapp-wrong"),
        ("discord", "DISCORD_TOKEN", "wrong.token"),
    ],
)
async def test_a_wrong_token_is_said_in_one_sentence(tmp_path, on, setting, value):
    async with Pocket() as pocket:
        code, _, err = await plaudit("run", on, cwd=tmp_path, **(addresses(pocket) | {setting: value}))

    assert code != 0
    assert is_one_sentence(err), err
    assert setting in err
    assert value not in err


@pytest.mark.parametrize("on", ["slack", "discord"])
async def test_an_address_where_nobody_answers_is_said_and_tried_again_until_the_bot_is_stopped(tmp_path, on):
    setting = f"{on.upper()}_API_URL"
    async with Pocket() as pocket:
        bot = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bots.cli", "run", on),
            cwd=tmp_path,
            env=environment(**addresses(pocket) | {setting: "http://127.0.0.1:9/"}),
            stderr=asyncio.subprocess.PIPE,
        )
        assert bot.stderr is not None
        said = [await asyncio.wait_for(bot.stderr.readuntil(setting.encode()), 30) for _ in range(2)]

        bot.send_signal(signal.SIGTERM)
        _, rest = await asyncio.wait_for(bot.communicate(), 15)

    assert bot.returncode == 0
    assert all(b"platform_unavailable" in each and b"cannot be reached" in each for each in said)
    assert b"Traceback" not in b"".join([*said, rest])


def addresses(pocket: Pocket) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": pocket.discord.token,
        "DISCORD_API_URL": pocket.discord.base_url,
        "DISCORD_GATEWAY_URL": pocket.discord.gateway_url,
        "MODEL_ENDPOINT": pocket.model_url,
        "SLACK_BOT_TOKEN": pocket.slack.bot_token,
        "SLACK_APP_TOKEN": pocket.slack.app_token,
        "SLACK_API_URL": pocket.slack.base_url,
    }


@pytest.mark.parametrize(
    ("how", "on"), [(signal.SIGTERM, "slack"), (signal.SIGINT, "slack"), (signal.SIGTERM, "discord")]
)
@pytest.mark.long
async def test_the_bot_stops_cleanly_and_says_of_a_reply_that_it_was_cut_off(tmp_path, how, on):
    model = Model(lambda _: Answer("word " * 4000, tokens_per_second=50))
    async with Pocket(slack=SlackRules.unlimited(), model=model) as pocket:
        bot = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bots.cli", "run", "slack", "discord"),
            cwd=tmp_path,
            env=environment(**addresses(pocket), PLAUDIT_GRACE_SECONDS="0.3"),
            stderr=asyncio.subprocess.PIPE,
        )
        await pocket.until(lambda: pocket.slack.connected and pocket.discord.connected, timeout=20)
        question = await pocket.person("Ada").says("@plaudit go on", pocket.room("general", on=on))
        reply = await pocket.reply_to(question, timeout=10)

        bot.send_signal(how)
        _, err = await asyncio.wait_for(bot.communicate(), 15)
        _, out, _ = await plaudit("events", "--json", cwd=tmp_path)

    assert bot.returncode == 0
    assert b"Traceback" not in err, err.decode()
    assert "stopped before the answer was complete" in reply.text
    last = orjson.loads(out.splitlines()[-1])
    assert (last["type"], last["data"]["status"], last["data"]["reason"]) == ("add_message", "cut_off", "stopped")


async def test_the_version_is_that_of_the_package(tmp_path):
    code, out, err = await said_here("--version", cwd=tmp_path)

    assert (code, err) == (0, "")
    assert tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["version"] in out


async def test_an_unknown_conversation_is_said_in_one_sentence(tmp_path):
    await plaudit("db", "upgrade", cwd=tmp_path)

    code, _, err = await plaudit("conversation", "01ARZ3NDEKTSV4RRFFQ69G5FAV", cwd=tmp_path)

    assert code != 0
    assert is_one_sentence(err), err
    assert "01ARZ3NDEKTSV4RRFFQ69G5FAV" in err


SAID = {
    ("user_feedback", True),
    ("user_feedback", False),
    ("user_rating", 4),
    ("user_accuracy", 5),
    ("user_helpfulness", 4),
    ("user_relevance", 4),
    ("user_comment", "Good, but half as long would do."),
    ("user_category", "made up"),
    ("user_category", "wrong"),
    ("user_comment", "I count three."),
    ("expected_response", "There are three r's in strawberry."),
}


def said_on(records: list[dict[str, Any]], platform: str) -> set[tuple[str, Any]]:
    opinions = [each["data"] for each in records if each["source"] == platform and "assessment_id" in each["data"]]
    return {(each["name"], each["value"]) for each in opinions}


@pytest.mark.long
async def test_the_demo_plays_and_leaves_a_log_that_tells_it(tmp_path):
    code, shown, err = await plaudit("demo", "--fast", cwd=tmp_path)
    url = f"sqlite:///{tmp_path}/.plaudit-demo/plaudit.db"
    _, events, _ = await plaudit("--database", url, "events", "--json", cwd=tmp_path)
    _, lines, _ = await plaudit("--database", url, "events", "--after", "1", "--limit", "2", cwd=tmp_path)
    records = [orjson.loads(line) for line in events.splitlines()]
    conversation = records[0]["conversation_id"]
    _, view, _ = await plaudit("--database", url, "conversation", conversation, "--json", cwd=tmp_path)
    _, before, _ = await plaudit(
        "--database", url, "conversation", conversation, "--as-of", str(records[2]["seq"]), "--json", cwd=tmp_path
    )
    _, figures, _ = await plaudit("--database", url, "report", "--json", cwd=tmp_path)
    _, parts, _ = await plaudit("--database", url, "report", "--by", "platform", "--json", cwd=tmp_path)

    assert (code, err) == (0, "")
    for seen in ("[👍] [👎]", "(only Ada sees this)", "Why is it no good?", "☑ Wrong", "plaudit puts ✏️", "found_later"):
        assert shown.count(seen) >= 2, seen
    assert "In the browser, as it happens: http://127.0.0.1:" in shown
    for seen in ("├──", "sft: the first of 4 rows", "kto: the first of 4 rows", "dpo: the first of 2 rows"):
        assert seen in shown, seen
    kinds = {each["type"] for each in records}
    assert kinds >= {
        "start_conversation",
        "add_message",
        "log_feedback",
        "log_expectation",
        "withdraw_assessment",
        "end_conversation",
    }
    assert said_on(records, "slack") == said_on(records, "discord") == SAID
    assert [line.split(" ")[:3] for line in lines.splitlines()] == [
        [str(each["seq"]), each["type"], "v1.0.0"] for each in records[1:3]
    ]
    messages = orjson.loads(view)["messages"]
    assert [each["role"] for each in messages] == ["user", "assistant"]
    assert messages[1]["rating"] == "like"
    assert orjson.loads(before)["messages"][-1]["rating"] == ""
    report = orjson.loads(figures)
    assert list(report)[:6] == [
        "total_traces",
        "traces_with_feedback",
        "feedback_rate",
        "positive_rate",
        "positive_count",
        "negative_count",
    ]
    assert (report["positive_count"], report["negative_count"]) == (8, 2)
    assert {each["source"] for each in records} == {"slack", "discord", "plaudit"}  # the last: the judge's
    by_platform = orjson.loads(parts)
    assert [by_platform[each]["total_traces"] for each in ("slack", "discord", "all")] == [4, 4, 8]
