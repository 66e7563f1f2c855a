"""Where the command line begins."""

import subprocess
import sys

import pytest

from bots.entry import _is_run

UNNEEDED = (
    "alembic",
    "asyncpg",
    "bots.cli",
    "core.evaluating",
    "core.exports",
    "emoji",
    "fastapi",
    "jinja2",
    "markdown_it",
    "numpy",
    "pygments",
    "rich",
    "sqlalchemy.dialects.postgresql",
)
"""Of what a bot with Slack, Discord and SQLite needs, these are no part: each takes memory for as long as it runs."""


@pytest.mark.parametrize(
    "line", ["run slack", "run", "--database x run web", "--database=x run slack --shards auto", "run --help"]
)
def test_run_begins_alone(line):
    assert _is_run(line.split())


@pytest.mark.parametrize("line", ["", "--help", "report", "events run", "--database run report", "--version run"])
def test_whatever_else_begins_with_all_commands(line):
    assert not _is_run(line.split())


def test_a_bot_that_runs_loads_nothing_that_only_other_commands_need():
    code = "import sys; import bots.commands.run_command, bots.running; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()

    assert [each for each in UNNEEDED if each in loaded] == []
