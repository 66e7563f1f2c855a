"""The start of the whole bot on a platform that is out of order, or refuses the token."""

import asyncio

import pytest
from pydantic import SecretStr

from bots.connecting import PAUSES
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.server import Pocket
from bots.pocket.slack import Fault
from bots.pocket.slack_rules import SlackRules
from bots.running import running
from core.errors import PlatformRefusedTokenError
from tests.scenarios.conftest import bot_settings


def out_of_order(pocket, platform):
    """Let two starts fail."""
    if platform == "discord":
        pocket.discord.fail(status=503, times=2)
        return
    pocket.slack.fail("auth.test", Fault("internal_error", status=500))
    pocket.slack.fail("apps.connections.open", Fault("internal_error"))


async def test_a_start_waits_for_a_platform_that_is_out_of_order(platform, database_url, caplog):
    async with Pocket(slack=SlackRules.unlimited(), discord=DiscordRules.unlimited()) as pocket:
        out_of_order(pocket, platform)

        async with asyncio.timeout(20), running(bot_settings(pocket, database_url), [platform]):
            question = await pocket.person("Ada").says("@plaudit hello", pocket.room("general", on=platform))
            await pocket.reply_to(question, timeout=10)

    waits = [each for each in caplog.records if each.message == "platform_unavailable"]
    assert [each.next_try_seconds for each in waits] == [*PAUSES[:2]]
    assert all(platform in each.error.lower() for each in waits)


async def test_a_wrong_token_ends_the_start_at_once(platform, database_url, caplog):
    async with Pocket(slack=SlackRules.unlimited(), discord=DiscordRules.unlimited()) as pocket:
        wrong = {"SLACK_BOT_TOKEN": SecretStr("xoxb-wrong"), "DISCORD_TOKEN": SecretStr("wrong")}
        settings = bot_settings(pocket, database_url, **wrong)

        with pytest.raises(PlatformRefusedTokenError, match=f"{platform.upper()}.*TOKEN"):
            async with running(settings, [platform]):
                pass

    assert "platform_unavailable" not in [each.message for each in caplog.records]
