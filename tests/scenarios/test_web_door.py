"""Who gets in: keys and their scopes on every route, this machine alone without them, and how often."""

import asyncio

import httpx2
import pytest
from typer.testing import CliRunner

from bots.commands import web_keys
from bots.commands.terminal import database_url as chosen_url
from bots.web.app import create_app
from bots.web.server import Address
from core.errors import NotFoundError, SettingsError
from core.store.database import open_store
from core.store.web_keys import Scope, digest
from tests.scenarios.web_world import web_world

VOTE = {"is_correct": True}
SCORES = {"accuracy": 1, "helpfulness": 1, "relevance": 1, "user_id": "u"}
ROUTES = {
    ("POST", "/chat"): (Scope.CHAT, {"json": {"message": "hi"}}),
    ("POST", "/chat/stream"): (Scope.CHAT, {"json": {"message": "hi"}}),
    ("GET", "/chat/stream"): (Scope.CHAT, {}),
    ("POST", "/feedback"): (Scope.FEEDBACK, {"params": {"trace_id": "x"}, "json": VOTE}),
    ("POST", "/detailed-feedback"): (Scope.FEEDBACK, {"params": {"trace_id": "x"}, "json": SCORES}),
    ("GET", "/conversations"): (Scope.READ, {}),
    ("GET", "/conversations/{conversation_id}"): (Scope.READ, {}),
    ("GET", "/events"): (Scope.READ, {}),
    ("GET", "/report"): (Scope.READ, {}),
}
OPEN = {("GET", path) for path in ("/", "/docs", "/plain.css", "/openapi.json", "/login", "/favicon.ico")}
OPEN |= {("POST", "/login"), ("POST", "/logout")}
"""What nobody needs a key for: the description of the interface, and the way in."""


@pytest.fixture
async def world(sqlite_url):
    async with web_world(sqlite_url) as made:
        yield made


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_every_route_is_known_here_with_what_it_needs(world) -> None:
    app = create_app(world.services)

    routes = {(method, path) for path, methods in app.openapi()["paths"].items() for method in methods}

    assert {(method.upper(), path) for method, path in routes} == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
async def test_a_route_needs_its_scope_once_there_is_a_key(world, route) -> None:
    (method, path), (scope, sent) = route, ROUTES[route]
    keys = world.store.web_keys()
    right, all_ = await keys.add("right", {scope}), await keys.add("all", {Scope.ADMIN})
    wrong = await keys.add("wrong", set(Scope) - {scope, Scope.ADMIN})

    async def status(**headers: str) -> int:
        return (await world.client.request(method, path, **sent, headers=headers)).status_code

    assert await status() == 401
    assert await status(Authorization="Bearer plaudit_nonsense") == 401
    assert await status(**bearer(wrong)) == 403
    assert await status(**bearer(right)) in {200, 404}
    assert await status(**bearer(all_)) in {200, 404}


async def test_what_is_open_shows_nothing_of_what_is_kept(world) -> None:
    await world.ask("a secret")
    await world.store.web_keys().add("one", {Scope.READ})

    for method, path in OPEN:
        answer = await world.client.request(method, path)
        assert answer.status_code in {200, 204, 303, 401}, path
        assert "a secret" not in answer.text


async def test_a_revoked_key_opens_nothing_and_the_door_stays_shut(sqlite_url, monkeypatch) -> None:
    monkeypatch.setattr("bots.web.access._FRESH", 0.0)
    async with web_world(sqlite_url) as world:
        keys = world.store.web_keys()
        key = await keys.add("desk", {Scope.READ})
        before = await world.client.get("/report", headers=bearer(key))
        await keys.revoke("desk")

        after = await world.client.get("/report", headers=bearer(key))
        without = await world.client.get("/report")

        assert [each.status_code for each in (before, after, without)] == [200, 401, 401]
        assert after.json()["detail"].startswith("This needs a key")
        assert after.headers["www-authenticate"] == "Bearer"


async def test_a_conversation_belongs_to_the_key_it_was_held_with(world) -> None:
    keys = world.store.web_keys()
    ours, theirs = [bearer(await keys.add(name, {Scope.CHAT})) for name in ("ours", "theirs")]
    asked = (await world.client.post("/chat", json={"message": "one"}, headers=ours)).json()

    taken_up = await world.client.post(
        "/chat", json={"message": "two", "conversation_id": asked["conversation_id"]}, headers=theirs
    )
    read = await world.client.get(f"/chat/stream?client_request_id={asked['client_request_id']}", headers=theirs)

    assert (taken_up.status_code, read.status_code) == (404, 404)


async def test_the_log_names_people_to_admins_alone(world) -> None:
    keys = world.store.web_keys()
    reader, admin = [bearer(await keys.add(each.value, {each})) for each in (Scope.READ, Scope.ADMIN)]
    who = admin | {"X-User-ID": "lovelace"}
    asked = (await world.client.post("/chat", json={"message": "hi"}, headers=who)).json()
    await world.client.post(f"/feedback?trace_id={asked['trace_id']}", json=VOTE, headers=who)

    to_reader = await world.client.get("/events", headers=reader)
    to_admin = await world.client.get("/events", headers=admin)

    assert "lovelace" not in to_reader.text
    assert "person-" in to_reader.text
    assert "web:admin:lovelace" in to_admin.text
    assert [each["seq"] for each in to_reader.json()["events"]] == [each["seq"] for each in to_admin.json()["events"]]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "plaudit.example.com"},
        {"Host": "localhost.example.com"},
        {"Host": ""},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
    ],
)
async def test_without_a_key_only_this_machine_itself_is_answered(world, headers) -> None:
    answer = await world.client.get("/report", headers=headers)

    assert answer.status_code == 403
    assert "key" in answer.json()["detail"]


async def test_pages_of_other_sites_may_not_send_and_may_not_read(world) -> None:
    asked = await world.client.post("/chat", json={"message": "hi"}, headers={"Origin": "https://evil.example"})
    untyped = await world.client.post("/chat", content='{"message": "hi"}', headers={"Content-Type": "text/plain"})
    preflight = await world.client.options("/chat", headers={"Origin": "https://evil.example"})
    own = await world.client.post("/chat", json={"message": "hi"}, headers={"Origin": world.origin})

    assert [each.status_code for each in (asked, untyped, own)] == [403, 422, 200]
    assert "access-control-allow-origin" not in {*preflight.headers, *own.headers}


async def test_a_browser_comes_in_by_a_cookie_that_scripts_cannot_read(world) -> None:
    key = await world.store.web_keys().add("ann", {Scope.READ})
    page = await world.client.get("/report", headers={"Accept": "text/html"})
    refused = await world.client.post("/login", data={"key": "<script>"})

    taken = await world.client.post("/login", data={"key": f" {key} "})

    assert (page.status_code, page.headers["location"]) == (303, "/login")
    assert refused.status_code == 401
    assert "<script>" not in refused.text
    cookie = taken.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await world.client.get("/report")).status_code == 200
    await world.client.post("/logout")
    assert (await world.client.get("/report")).status_code == 401


async def test_too_many_requests_are_told_when_to_go_on(sqlite_url) -> None:
    async with web_world(sqlite_url, address=Address(port=0, grace=1, per_minute=5)) as world:
        answers = await asyncio.gather(*(world.client.get("/report") for _ in range(7)))

        assert sorted(each.status_code for each in answers) == [200] * 5 + [429] * 2
        refused = next(each for each in answers if each.status_code == 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 12


async def test_where_others_reach_it_it_starts_with_a_key_only(sqlite_url) -> None:
    everywhere = Address(host="0.0.0.0", port=0, grace=1)
    with pytest.raises(SettingsError, match="there is no key yet: make one by `plaudit keys add"):
        async with web_world(sqlite_url, address=everywhere):
            pass
    async with open_store(sqlite_url) as store:
        key = await store.web_keys().add("one", {Scope.READ})

    async with web_world(sqlite_url, address=everywhere) as world:
        port = world.client.base_url.port
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/report")).status_code == 401
            assert (await client.get("/report", headers=bearer(key))).status_code == 200


async def test_an_address_that_is_taken_is_a_sentence(world, tmp_path) -> None:
    taken = Address(port=world.client.base_url.port)

    with pytest.raises(SettingsError, match="choose others by PLAUDIT_WEB_HOST and PLAUDIT_WEB_PORT"):
        async with web_world(f"sqlite:///{tmp_path / 'other.db'}", address=taken):
            pass


async def test_a_key_is_kept_by_its_digest_alone(sql_store) -> None:
    keys = sql_store.web_keys()

    key = await keys.add("desk", {Scope.CHAT, Scope.FEEDBACK})

    [kept] = await keys.all()
    assert (kept.name, kept.digest, kept.scopes) == ("desk", digest(key), {Scope.CHAT, Scope.FEEDBACK})
    assert key not in str(kept)
    assert len(key) > 40


async def test_a_name_is_one_keys_until_it_is_revoked(sql_store) -> None:
    keys = sql_store.web_keys()
    first = await keys.add("desk", {Scope.CHAT})
    with pytest.raises(SettingsError, match="There is a key called desk already"):
        await keys.add("desk", {Scope.READ})
    await keys.revoke("desk")
    with pytest.raises(NotFoundError, match="no key called desk that is in use"):
        await keys.revoke("desk")

    second = await keys.add("desk", {Scope.READ})

    [kept] = await keys.all()
    assert (kept.digest, kept.revoked_at) == (digest(second), None)
    assert first != second


@pytest.mark.parametrize("name", ["", "Desk", "a b", "x" * 32, "-x", "local"])
async def test_a_name_that_cannot_be_is_refused(sqlite_url, name) -> None:
    async with open_store(sqlite_url) as store:
        with pytest.raises(SettingsError):
            await store.web_keys().add(name, {Scope.CHAT})


def test_the_command_line_makes_lists_and_revokes_keys(sqlite_url) -> None:
    chosen_url.set(sqlite_url)
    asyncio.run(_made(sqlite_url))
    runner = CliRunner()

    key = runner.invoke(web_keys.keys, ["add", "desk", "--scope", "chat", "--scope", "read"]).stdout.strip()
    runner.invoke(web_keys.keys, ["revoke", "desk"])
    listed = runner.invoke(web_keys.keys, ["list", "--json"])

    chosen_url.set(None)
    assert key.startswith("plaudit_")
    assert '"scopes":"chat, read"' in listed.stdout
    assert '"revoked_at":"20' in listed.stdout


async def _made(url: str) -> None:
    async with open_store(url):
        pass
