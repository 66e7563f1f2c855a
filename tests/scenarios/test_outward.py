"""A question, its answer and a vote, from the chat to somebody else's endpoint, while the bot runs."""

import pytest

from tests.contract.outward_receiver import SECRET, receiving
from tests.scenarios.conftest import a_world


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_what_happens_in_the_chat_arrives_without_its_words(platform, sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    async with receiving() as receiver:
        config = tmp_path / "plaudit.toml"
        config.write_text(f'[[webhooks]]\nname = "hook"\nurl = "{receiver.url}"\nsecret = "HOOK_SECRET"\n')
        async with a_world(platform, sqlite_url, config=str(config)) as world:

            async def is_fed():
                return await world.store.consumers().position("webhook:hook") is not None

            await world.eventually(is_fed, patience=20)
            _, reply = await world.ask("ada", "what is a marzipan?")
            await world.person("bob").reacts("👍", reply)

            async def voted():
                return "log_feedback" in receiver.types

            await world.eventually(voted, patience=20)

    assert receiver.types == ["start_conversation", "add_message", "add_message", "log_feedback"]
    assert receiver.events[-1]["data"]["value"] is True
    assert receiver.events[-1]["data"]["source_id"].startswith("person-")
    assert "marzipan" not in str(receiver.events)
