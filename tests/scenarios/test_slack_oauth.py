"""Several workspaces of Slack by OAuth: installed, heard and answered each with its own token, and taken away again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from slack_sdk.oauth.installation_store import Installation

from bots.commands.doctor import _platform
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_workspace import channel_id, ts_of, user_id
from bots.pocket.things import Message
from bots.running import running
from bots.slack.installing import INSTALL, KeptInstallations
from bots.slack.manifest import PATH, REDIRECT, SCOPES
from core.errors import SettingsError
from core.store.database import open_store
from core.store.sealing import Seal, keys_in
from core.store.sql import SqlStore
from tests.scenarios.conftest import World
from tests.scenarios.test_slack_http import QUICK, http_settings

# slack_sdk sends the client's secret by a class of aiohttp's that is to go.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
KEY = Fernet.generate_key().decode()


@dataclass
class Office:
    """A bot that people may install, and a browser."""

    world: World
    browser: httpx2.AsyncClient

    async def begin(self) -> str:
        """Go to the page that installs it; the state that Slack is told."""
        answer = await self.browser.get(INSTALL)
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]

    async def come_back(self, state: str, team: str) -> httpx2.Response:
        """Come back from Slack's page, where the app was allowed into `team`."""
        self.world.pocket.slack.grants.codes["code"] = team
        # By hand: the cookie is for TLS alone, which a proxy has.
        cookie = {"Cookie": f"slack-app-oauth-state={state}"}
        return await self.browser.get(REDIRECT, params={"code": "code", "state": state}, headers=cookie)

    async def install(self, team: str) -> None:
        assert (await self.come_back(await self.begin(), team)).status_code == 200

    def tell(self, team: str, event: dict, **more) -> None:
        """Let Slack tell the app of something in `team`."""
        face = self.world.pocket.slack
        told = {"type": "event_callback", "team_id": team, "event_id": f"Ev{len(face.calls)}{team}", "event": event}
        face.deliver("events_api", told | {"authorizations": [{"team_id": team}]} | more)

    async def ask(self, team: str, text: str, *, patience: float = 10) -> Message:
        """Let someone in `team` ask; the answer. Both teams share one room of the box."""
        world = self.world
        house, room, ada = world.pocket.house, world.room(), world.person("Ada")
        asked = await ada.says(text, room)
        me = user_id(house.assistants["slack"])
        where = {"channel": channel_id(room), "ts": ts_of(asked.id), "event_ts": ts_of(asked.id)}
        self.tell(team, {"type": "app_mention", "user": user_id(ada), "text": f"<@{me}> {text}", **where})
        return await world.pocket.reply_to(asked, timeout=patience)

    def teams_that_posted(self) -> set[str]:
        return {each.team for each in self.world.pocket.slack.calls if each.method.startswith("chat.")}


@asynccontextmanager
async def an_office(database_url: str, **more) -> AsyncIterator[Office]:
    model = Model(lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=None))
    async with Pocket(model=model, slack=SlackRules.unlimited(**QUICK)) as pocket:
        settings = http_settings(
            pocket,
            database_url,
            SLACK_BOT_TOKEN=None,
            SLACK_CLIENT_ID="1.2",
            SLACK_CLIENT_SECRET=SecretStr("client-secret"),
            secret_key=SecretStr(KEY),
            **more,
        )
        origin = f"http://127.0.0.1:{settings.web_port}"
        async with running(settings, ["slack", "web"]) as store, httpx2.AsyncClient(base_url=origin) as browser:
            pocket.slack.requests.url = origin + PATH
            yield Office(World(pocket, model, store, "slack", settings), browser)


async def test_two_workspaces_install_it_and_each_is_answered_with_its_own_token(database_url):
    async with an_office(database_url) as office:
        await office.install("T1")
        await office.install("T2")

        first = await office.ask("T1", "one")
        posted_for_first = office.teams_that_posted()
        second = await office.ask("T2", "two")
        await office.world.eventually(lambda: _answers(office.world, 2))

        assert (first.text, second.text) == ("You said: one", "You said: two")
        assert posted_for_first == {"T1"}
        assert office.teams_that_posted() == {"T1", "T2"}
        topics = {each.topic for each in await office.world.log("add_message")}
        assert len(topics) == 2


async def test_what_slack_takes_away_is_forgotten_and_may_be_installed_again(database_url):
    async with an_office(database_url) as office:
        installations = office.world.store.installations()
        await office.install("T1")
        await office.install("T2")
        office.tell("T1", {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["U2"]}})
        office.tell("T2", {"type": "app_uninstalled"})
        await office.world.eventually(lambda: _none(installations))

        office.tell("T1", {"type": "app_mention", "user": "U1", "text": "anyone?", "channel": "C1", "ts": "1.000001"})
        await office.world.quiet()
        asked_while_gone = await office.world.log("add_message")
        await office.install("T1")
        reply = await office.ask("T1", "again")

        assert asked_while_gone == []
        assert set(office.world.pocket.slack.requests.statuses) == {200}
        assert reply.text == "You said: again"


async def test_a_token_that_slack_takes_back_without_a_word_is_told_and_installing_again_mends_it(
    sqlite_url, caplog, monkeypatch
):
    monkeypatch.setattr("bots.slack.workspaces._FRESH", 0.0)
    async with an_office(sqlite_url) as office:
        await office.install("T1")
        office.world.pocket.slack.grants.revoke("T1")
        with pytest.raises(TimeoutError):
            await office.ask("T1", "anyone?", patience=1)
        told = [str(each.error) for each in caplog.records if hasattr(each, "error")]

        await office.install("T1")
        reply = await office.ask("T1", "again")

    assert any("install the app into the workspace again" in each for each in told), told
    assert reply.text == "You said: again"


async def test_a_persons_own_token_that_is_revoked_leaves_the_bot_where_it_is(sqlite_url):
    async with an_office(sqlite_url) as office:
        await office.install("T1")

        office.tell("T1", {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}})
        await office.world.quiet()

        assert [each.workspace for each in await office.world.store.installations().all()] == ["T1"]


async def test_an_old_removal_that_is_told_again_does_not_take_a_new_installation(sqlite_url):
    async with an_office(sqlite_url) as office:
        await office.install("T1")

        office.tell("T1", {"type": "app_uninstalled"}, event_time=1_700_000_000)
        await office.world.quiet()

        assert [each.workspace for each in await office.world.store.installations().all()] == ["T1"]


async def test_slack_is_asked_for_what_the_manifest_asks_for_and_nothing_of_people(sqlite_url):
    async with an_office(sqlite_url) as office:
        answer = await office.browser.get(INSTALL)

        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        assert asked["scope"] == [",".join(SCOPES)]
        assert asked["client_id"] == ["1.2"]
        assert "user_scope" not in asked
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert "secure" in answer.headers["set-cookie"].lower()


async def test_the_page_on_which_it_is_allowed_is_beside_slacks_interface_and_leads_back(sqlite_url):
    async with an_office(sqlite_url) as office:
        slack = office.world.pocket.slack
        slack.grants.redirect_url = str(office.browser.base_url).rstrip("/") + REDIRECT

        begun = await office.browser.get(INSTALL)
        allowed = await office.browser.get(begun.headers["location"])
        cookie = {"Cookie": begun.headers["set-cookie"].split(";")[0]}
        back = await office.browser.get(allowed.headers["location"], headers=cookie)

    assert begun.headers["location"].startswith(f"{slack.origin}/slack/oauth/v2/authorize?")
    assert (back.status_code, "It is installed in Pocket" in back.text) == (200, True)


async def test_a_state_is_good_for_one_use_in_one_browser(sqlite_url):
    async with an_office(sqlite_url) as office:
        state = await office.begin()
        elsewhere = await office.browser.get(REDIRECT, params={"code": "code", "state": state})
        first = await office.come_back(state, "T1")
        again = await office.come_back(state, "T2")
        made_up = await office.come_back("made-up", "T3")
        cancelled = await office.browser.get(REDIRECT, params={"error": "access_denied"})

        installed = [each.workspace for each in await office.world.store.installations().all()]

        assert [each.status_code for each in (elsewhere, first, again, made_up)] == [400, 200, 401, 401]
        assert "access_denied" in cancelled.text
        assert cancelled.headers["content-type"].startswith("text/plain")
        assert installed == ["T1"]


async def test_a_state_is_good_for_ten_minutes(sql_store: SqlStore):
    installations, now = sql_store.installations(), datetime.now(UTC)

    await installations.begin("late", now - timedelta(seconds=1))
    await installations.begin("in time", now + timedelta(minutes=1))

    assert [await installations.end(each) for each in ("late", "in time", "in time")] == [False, True, False]


async def test_tokens_are_found_by_slacks_interface_and_by_a_new_key_beside_the_old(sql_store: SqlStore):
    newer = Fernet.generate_key().decode()
    before = KeptInstallations(sql_store.installations(), Seal([KEY]))
    after = KeptInstallations(sql_store.installations(), Seal(keys_in(f"{newer}, {KEY}")))
    await before.async_save(_installation("xoxb-secret"))

    bot = await after.async_find_bot(enterprise_id=None, team_id="T1")
    await after.async_save(_installation("xoxb-newer"))
    found = await after.async_find_installation(enterprise_id=None, team_id="T1")

    assert (bot and bot.bot_token, found and found.bot_token) == ("xoxb-secret", "xoxb-newer")
    with pytest.raises(SettingsError, match="behind the new in PLAUDIT_SECRET_KEY"):
        await before.async_find_bot(enterprise_id=None, team_id="T1")
    await after.async_delete_all(enterprise_id=None, team_id="T1")
    assert await after.async_find_bot(enterprise_id=None, team_id="T1") is None


async def test_no_token_stands_in_the_files_of_the_database(sqlite_url, tmp_path: Path):
    async with open_store(sqlite_url) as store:
        kept = KeptInstallations(store.installations(), Seal([KEY]))
        await kept.async_save(_installation("xoxb-very-secret"))

        bytes_there = _bytes_in(tmp_path)

    assert b"T1" in bytes_there
    assert b"very-secret" not in bytes_there
    assert KEY.encode() not in bytes_there


@pytest.mark.parametrize("keys", ["", "too short", "A" * 43])
def test_a_key_that_is_none_is_refused_with_the_way_to_make_one(keys):
    with pytest.raises(SettingsError, match=r"Fernet\.generate_key"):
        Seal(keys_in(keys))


async def test_the_doctor_looks_at_the_key(sqlite_url):
    async with an_office(sqlite_url) as office:
        settings = office.world.settings

        [well] = await _platform(settings, "slack")
        [ill] = await _platform(settings.model_copy(update={"secret_key": SecretStr("x")}), "slack")
        [missing] = await _platform(settings.model_copy(update={"secret_key": None}), "slack")

    assert INSTALL in well.said
    assert "PLAUDIT_SECRET_KEY" in ill.said
    assert "PLAUDIT_SECRET_KEY" in missing.said


def _installation(token: str) -> Installation:
    return Installation(team_id="T1", bot_token=token, bot_id="B1", bot_user_id="U1", user_id="U2")


def _bytes_in(directory: Path) -> bytes:
    return b"".join(each.read_bytes() for each in directory.iterdir())


async def _none(installations) -> bool:
    return not await installations.all()


async def _answers(world: World, count: int) -> bool:
    return len([each for each in await world.log("add_message") if each.data["role"] == "assistant"]) == count
