"""What a bot that everything goes wrong for says in its log and keeps: none of the tokens that it was given."""

import asyncio
import logging
from contextlib import suppress

import pytest
from pydantic import SecretStr

from bots.pocket.slack import Fault
from bots.running import running
from core.errors import PlatformError
from core.language_models.hub import HubModel
from core.logs import TextLines
from tests.scenarios.conftest import a_world


class Everything(logging.Handler):
    """Every line that anyone logs, with its fields and tracebacks."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(TextLines(traces_all=True))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def make_world(platform, sqlite_url):
    return lambda **more: a_world(platform, sqlite_url, **more)


@pytest.fixture
def said():
    """The log of the test, from `debug` on for what is ours and `info` for the libraries."""
    handler, root = Everything(), logging.getLogger()
    ours, level = [logging.getLogger(each) for each in ("bots", "core")], root.level
    levels = [each.level for each in ours]
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for each in ours:
        each.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)
    for each, before in zip(ours, levels, strict=True):
        each.setLevel(before)


def given(world) -> list[str]:
    """Every secret that the bot was told, at its start or with what people did."""
    slack, discord = world.pocket.slack, world.pocket.discord
    secrets = [slack.bot_token, slack.app_token, discord.token, world.settings.hf_token.get_secret_value()]
    return [*secrets, *slack.hands.response_urls, *(each.token for each in discord.interactions.all)]


async def everything_fails(world, reply) -> None:
    """A command, a press and an edit that are not answered, and a connection that is lost."""
    slack, discord, ada = world.pocket.slack, world.pocket.discord, world.person("Ada")
    for method in ("chat.postEphemeral", "chat.postMessage", "chat.update", "views.open", "reactions.add"):
        slack.fail(method, Fault("internal_error", status=500), times=4)
    discord.fail(status=500, times=8)
    with suppress(TimeoutError, LookupError):
        async with asyncio.timeout(1):
            await ada.commands("/plaudit", "stats", world.room())
    await world.asks("Ada", "more")
    world.drop()
    await world.pocket.until(lambda: world.face.connected, timeout=20)
    await ada.reacts("👎", reply)
    await world.quiet()


async def test_no_token_is_logged_or_kept_whatever_goes_wrong(make_world, said):
    async with make_world(HF_TOKEN=SecretStr("hf_madeupforthis"), grace_seconds=1) as world:
        _, reply = await world.ask("Ada", "hello")
        await everything_fails(world, reply)
        secrets, kept = given(world), str(await world.log())

    assert len(secrets) > 4
    assert [each for each in secrets if each in kept] == []
    assert [line for line in said if any(each in line for each in secrets)] == []
    assert any("out of order" in line for line in said)


def test_what_names_a_model_has_no_password_of_its_address():
    model = HubModel("https://user:hidden@models.example/v1?key=hidden")

    assert model.endpoint.startswith("https://user:hidden@")
    assert "hidden" not in str(model.identity)
    assert "hidden" not in str(model.other("another", {}).identity)


async def test_a_token_that_is_refused_is_not_in_the_sentence(make_world, said, tmp_path):
    async with make_world() as world:
        wrong = {"slack_bot_token": "xoxb-mistaken", "slack_app_token": "xapp-mistaken", "discord_token": "mis.ta.ken"}
        update = {name: SecretStr(token) for name, token in wrong.items()}
        update["database_url"] = f"sqlite:///{tmp_path / 'other.db'}"
        settings = world.settings.model_copy(update=update)
        with pytest.raises(PlatformError) as refused:
            async with running(settings, [world.platform]):
                pass

    told = [*said, str(refused.value), repr(refused.value.__cause__), repr(settings)]
    assert [line for line in told if any(token in line for token in wrong.values())] == []
