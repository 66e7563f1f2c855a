"""What `plaudit init`, `doctor` and `manifest` say where something is wrong, or chosen."""

import os

import pytest
import yaml
from typer.testing import CliRunner

from bots.cli import app
from bots.commands.doctor import _disk, examined
from bots.discord.doctor import check as check_discord
from bots.findings import State
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.server import Pocket
from bots.slack.doctor import check as check_slack
from bots.slack.manifest import SCOPES
from core.language_models.hub import HubModel
from core.messages import Role
from core.ports import PromptMessage
from core.settings import Settings
from tests.scenarios.test_command_line import is_one_sentence, plaudit


def found(findings, state):
    return [each for each in findings if each.state is state]


async def test_init_writes_over_nothing(tmp_path):
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-mine\n")

    code, _, err = await plaudit("init", cwd=tmp_path)

    assert code != 0
    assert is_one_sentence(err)
    assert "--force" in err
    assert (tmp_path / ".env").read_text() == "SLACK_BOT_TOKEN=xoxb-mine\n"


async def test_a_scope_that_is_missing_is_named_with_its_purpose_and_the_way_to_it():
    async with Pocket() as pocket:
        pocket.slack.scopes = [each for each in SCOPES if each != "reactions:read"]
        findings = await check_slack(pocket.slack.bot_token, pocket.slack.app_token, pocket.slack.base_url)

    [missing] = found(findings, State.BAD)
    assert "reactions:read (hearing votes)" in missing.said
    assert "plaudit manifest slack" in missing.fix


@pytest.mark.parametrize(("bot", "wrong"), [("xoxb-wrong", "Slack's bot token"), (None, "Slack's Socket Mode")])
async def test_a_wrong_token_of_slack_is_told_by_its_setting(bot, wrong):
    async with Pocket() as pocket:
        app_token = pocket.slack.app_token if bot else "xapp-wrong"
        findings = await check_slack(bot or pocket.slack.bot_token, app_token, pocket.slack.base_url)

    [told] = found(findings, State.BAD)
    assert told.what == wrong
    assert "SLACK_" in told.said + told.fix


async def test_a_permission_that_a_channel_denies_is_named_with_its_switch():
    async with Pocket() as pocket:
        pocket.room("general", on="discord")
        pocket.discord.deny(pocket.room("quiet", on="discord"), "add_reactions")
        findings = await check_discord(pocket.discord.token, pocket.discord.base_url)

    assert not found(findings, State.BAD)
    [told] = found(findings, State.ODD)
    assert "Add Reactions is missing in #quiet" in told.fix


async def test_where_a_digest_is_posted_its_chart_needs_a_permission_more():
    async with Pocket() as pocket:
        pocket.room("general", on="discord")
        digests = pocket.room("digests", on="discord")
        pocket.discord.deny(digests, "attach_files")
        without = await check_discord(pocket.discord.token, pocket.discord.base_url)
        findings = await check_discord(pocket.discord.token, pocket.discord.base_url, {str(pocket.discord.id(digests))})

    assert not found(without, State.ODD)
    [told] = found(findings, State.ODD)
    assert "Attach Files is missing in #digests" in told.fix


async def test_an_intent_that_is_off_is_told_with_its_switch():
    async with Pocket(discord=DiscordRules(privileged=frozenset())) as pocket:
        pocket.room("general", on="discord")
        findings = await check_discord(pocket.discord.token, pocket.discord.base_url)

    [told] = found(findings, State.BAD)
    assert "Message Content Intent" in told.said


@pytest.mark.parametrize(
    ("endpoint", "says", "fix"),
    [
        ("http://127.0.0.1:9/v1", "The model cannot be reached right now", "MODEL_ENDPOINT"),
        ("org/model", "The model wants a token, and the assistant has none", "HF_TOKEN"),
    ],
)
async def test_a_model_that_does_not_answer_is_told_with_the_setting_that_mends_it(
    tmp_path, monkeypatch, endpoint, says, fix
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("MODEL_ENDPOINT", endpoint)

    [told] = [each async for each in examined(["slack"]) if each.what == f"the model {endpoint}"]

    assert told.state is State.BAD
    assert told.said == says
    assert fix in told.fix


async def test_the_token_by_which_this_machine_is_logged_in_at_the_hub_goes_to_no_other_server(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("hf_saved")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    async with Pocket(model=Model(token="none")) as pocket, HubModel(pocket.model_url) as model:
        answered = [each async for each in model.reply([PromptMessage(Role.USER, "hello")])]

    assert answered


async def test_what_cannot_be_written_is_told_by_the_doctor(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    settings = Settings.load(environ={}, _env_file=None, database_url=f"sqlite:///{tmp_path}/plaudit.db")

    [told] = _disk(settings)

    assert told.state is State.BAD
    assert str(tmp_path) in told.fix


async def test_an_address_that_is_not_the_platforms_is_told_as_that():
    async with Pocket() as pocket:
        slack = await check_slack("xoxb-x", "xapp-x", f"{pocket.origin}/elsewhere/")
        discord = await check_discord("x", f"{pocket.origin}/elsewhere")

    assert all("SLACK_API_URL" in each.said for each in found(slack, State.BAD))
    [told] = found(discord, State.BAD)
    assert "DISCORD_API_URL" in told.fix


async def test_what_is_wrong_on_this_machine_is_told_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith(("PLAUDIT_", "SLACK_", "DISCORD_"))]:
        monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"PLAUDIT_DATABASE_URL=sqlite:///{tmp_path}/nowhere/x.db\n")
    (tmp_path / ".env").chmod(0o644)
    monkeypatch.setenv("MODEL_ENDPOINT", "http://127.0.0.1:9/v1")

    findings = {each.what: each async for each in examined([])}

    assert findings["the settings"].fix == "chmod 600 .env"
    assert "mkdir -p" in findings["the disk"].fix
    assert findings["the model http://127.0.0.1:9/v1"].state is State.BAD
    assert "plaudit init" in findings["the platforms"].fix


def test_the_manifest_for_http_names_the_addresses_and_turns_socket_mode_off():
    printed = CliRunner().invoke(app, ["manifest", "slack", "--url", "https://bot.example.org", "--command", "/ask"])

    manifest = yaml.safe_load(printed.output)
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert manifest["settings"]["event_subscriptions"]["request_url"].startswith("https://bot.example.org/")
    assert manifest["features"]["slash_commands"][0]["command"] == "/ask"
    assert manifest["oauth_config"]["scopes"]["bot"] == list(SCOPES)


def test_the_invitation_is_made_from_the_token_alone(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "MTIzNDU2Nzg5MDEyMzQ1Njc4.x.y")

    printed = CliRunner().invoke(app, ["manifest", "discord"])

    assert "client_id=123456789012345678" in printed.output.replace("\n", "")
    assert "Message Content Intent" in printed.output
    assert "Attach Files" not in printed.output


def test_the_invitation_asks_for_files_where_a_digest_is_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plaudit.toml").write_text('[digest]\nto = ["discord:1:2"]\n', encoding="utf-8")

    printed = CliRunner().invoke(app, ["manifest", "discord", "--app-id", "7"])

    assert "Attach Files: the chart of a digest" in printed.output
