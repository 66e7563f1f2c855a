"""A process with some of Discord's shards is killed; another one has other shards, and finishes what it began."""

import asyncio
import sys
from contextlib import asynccontextmanager

import pytest

from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from tests.scenarios.test_command_line import addresses, environment

ANSWER = " ".join(f"word{number}" for number in range(250))


@asynccontextmanager
async def a_bot(pocket, url, shards, directory):
    """`plaudit run discord --shards …`, until the block is left."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bots.cli", "run", "discord", "--shards", shards),
        cwd=directory,
        env=environment(**addresses(pocket), PLAUDIT_DATABASE_URL=url),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def hears(pocket, shard):
    return any(each.shard[0] == shard and each.connection for each in pocket.discord.gateway.sessions.values())


@pytest.mark.long
async def test_a_reply_in_a_server_of_a_killed_process_is_finished_by_one_with_other_shards(postgres_url, tmp_path):
    model = Model(lambda _: Answer(ANSWER, tokens_per_second=100))
    async with Pocket(discord=DiscordRules.unlimited(shards=2), model=model) as pocket:
        mine = (pocket.discord.world.guild_id >> 22) % 2
        general = pocket.room("general", on="discord")
        async with (
            a_bot(pocket, postgres_url, f"{mine}/2", tmp_path) as dying,
            a_bot(pocket, postgres_url, f"{1 - mine}/2", tmp_path),
        ):
            await pocket.until(lambda: hears(pocket, 0) and hears(pocket, 1), timeout=30)
            question = await pocket.person("Ada").says("@plaudit go on", general)
            reply = await pocket.reply_to(question, timeout=20)

            await pocket.until(lambda: "word20" in reply.text, timeout=10)
            dying.kill()
            await pocket.until(lambda: "".join(m.text for m in parts(pocket, question)).endswith("word249"), timeout=30)

        assert "\n".join(m.text for m in parts(pocket, question)).split() == ANSWER.split()
        assert parts(pocket, question)[0] is reply


def parts(pocket, question):
    return pocket.house.replies_to(question)
