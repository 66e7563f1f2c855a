"""A running bot sends by itself, and the people in the chat never wait for it."""

from datetime import timedelta

import pytest

from core.errors import SettingsError
from tests.mlflow.fake import fake_mlflow
from tests.scenarios.conftest import a_world


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A plaudit.toml by which is sent each second."""
    monkeypatch.setattr("core.policy.tracking._SHORTEST", timedelta(seconds=1))
    monkeypatch.setattr("bots.running._LOOK_AGAIN", 1.0)
    path = tmp_path / "plaudit.toml"
    path.write_text('[mlflow]\nevery = "1s"\n')
    return str(path)


async def test_what_people_ask_and_think_is_in_mlflow_soon(config, sqlite_url):
    async with fake_mlflow() as fake:
        more = {"MLFLOW_TRACKING_URI": fake.url, "config": config}
        async with a_world("slack", sqlite_url, **more) as world:
            _, reply = await world.ask("Ada", "what is WAL?")
            await world.person("Bob").reacts("👍", reply)

            async def is_there() -> bool:
                return bool(fake.values) and bool(fake.spans)

            await world.eventually(is_there, patience=30)

        [trace] = fake.traces.values()
        [(_, name)] = fake.values
    assert (trace["request_preview"], trace["response_preview"]) == ("what is WAL?", "You said: what is WAL?")
    assert trace["client_request_id"].startswith("slack-")
    assert (name, list(fake.values.values())) == ("user_feedback", [True])


async def test_a_bot_that_is_to_send_and_does_not_know_where_does_not_start(config, sqlite_url):
    with pytest.raises(SettingsError, match="set MLFLOW_TRACKING_URI"):
        async with a_world("slack", sqlite_url, config=config):
            pass
