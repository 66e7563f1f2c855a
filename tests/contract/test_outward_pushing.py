"""Sets pushed to the Hub: what is new, once; a shard is never changed; what goes wrong is told in a sentence."""

from dataclasses import replace

import orjson
import pytest
from huggingface_hub import constants

from bots.pushing import PushTimer
from core.clock import SystemClock
from core.errors import SettingsError
from core.exports.making import Source
from core.exports.options import Format, Kind, Options
from core.forgetting import propagate, stale
from core.messages import PersonRef
from core.outward.dataset import HubError
from core.outward.erasing import ERASERS
from core.outward.hub import Hub
from core.outward.pushing import STATE, Pusher, Wish
from core.policy.file import Reloading
from core.settings import Settings
from core.store.database import connected, open_store
from tests.contract.exports_log import ANN, BOB, asked, begun, vote
from tests.contract.outward_hub import READ_ONLY, TOKEN, Repo, fake_hub
from tests.contract.store_stories import withdrew
from tests.scenarios.test_command_line import is_one_sentence, plaudit

KTO = Wish(Options(Kind.KTO, test_share=0))


@pytest.fixture
def hub():
    with fake_hub() as hub:
        yield hub


@pytest.fixture
async def push(sql_store, database_url, hub):
    """Pushes what the log has by then, with a token, to a repository."""
    async with connected(database_url) as database:

        async def do(wish=KTO, repo="ann/kto", token=TOKEN):
            source = Source(database_url, database, sql_store.ledger(), await sql_store.pseudonyms(), {"slack"})
            return await Pusher(source, sql_store.ledger(), Hub(repo, token, endpoint=hub.url), SystemClock()).push(
                wish
            )

        yield do


@pytest.fixture
async def told(sql_store):
    """Adds a conversation with a vote to the log."""

    async def tell(name, *, value=True, by=BOB):
        await sql_store.append(begun(name), *asked(name, f"{name}?", f"{name}.", 1), vote(name, by, value=value))

    return tell


def rows(repo: Repo) -> dict[str, list[str]]:
    """The conversations in each shard, the oldest shard first."""
    files = {path: text for path, text in repo.files.items() if path.startswith("data/")}
    return {
        path: sorted(orjson.loads(line)["conversation_id"] for line in files[path].splitlines())
        for path in sorted(files)
    }


async def test_each_push_is_a_commit_with_a_shard_of_what_is_new(hub, push, told):
    await told("one")
    await told("two", value=False)
    first = await push()
    await told("three")
    second = await push()

    repo = hub.repos["ann/kto"]
    assert repo.private
    assert repo.commits == ["initial commit", "2 rows, records 1 to 8", "1 rows, records 9 to 12"]
    assert list(rows(repo).values()) == [["one", "two"], ["three"]]
    assert (first.rows, second.rows) == (2, 1)
    card = repo.files["README.md"].decode()
    assert "| train | 3 | 2 | 1 |" in card
    assert f"| {second.shard} | 1 |" in card
    assert "path: data/train-*.jsonl" in card


async def test_the_same_push_again_pushes_nothing(hub, push, told):
    await told("one")
    await push()
    before = dict(hub.repos["ann/kto"].files)

    again = await push()
    await told("two", value=3)
    undecided = await push(replace(KTO, options=replace(KTO.options, rules=replace(KTO.options.rules))))

    assert (again.rows, undecided.rows) == (0, 0)
    assert hub.repos["ann/kto"].files == before
    assert len(hub.repos["ann/kto"].commits) == 2


async def test_a_reply_that_is_judged_anew_is_in_the_new_shard_too(hub, push, told, sql_store):
    await told("one")
    await told("two")
    await push()
    await sql_store.append(vote("one", BOB, value=False, seconds=20, origin="reaction:True"))

    await push()

    assert list(rows(hub.repos["ann/kto"]).values()) == [["one", "two"], ["one"]]


async def test_what_a_withdrawn_vote_decides_is_new(hub, push, told, sql_store):
    await told("one")
    await sql_store.append(vote("one", ANN, value=False, seconds=20))
    await push()
    withdrawal = withdrew("one-a1", ANN, None, 30, origin="reaction:False", conversation_id="one")
    await sql_store.append(withdrawal)

    found = await push()

    assert found.rows == 1


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own
@pytest.mark.parametrize("form", [Format.JSONL, Format.PARQUET])
async def test_every_format_arrives_as_it_was_made(hub, push, told, form, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    await told("one")

    await push(Wish(Options(Kind.SFT, form)), "ann/sft")

    repo = hub.repos["ann/sft"]
    [file] = orjson.loads(repo.files[STATE])["pushes"][0]["files"]
    assert len(repo.files[file["path"]]) == file["bytes"]
    assert file["path"].endswith(form.suffix)


async def test_an_erasure_makes_what_was_pushed_stale_and_it_can_be_made_anew(hub, push, told, sql_store):
    await told("one", by="slack:T1:U0000CAT")
    await push()
    await told("two")
    await push()

    await sql_store.erase(PersonRef.parse(ANN))
    before = [each.kind for each in await stale(sql_store.ledger())]
    how = await propagate(sql_store.ledger(), ERASERS)
    await told("three", by="slack:T1:U0000CAT")
    anew = await push(replace(KTO, anew=True))

    assert before == ["push", "push"]
    assert "--push ann/kto --anew" in str(how[0].fault)
    assert await stale(sql_store.ledger()) == []
    repo = hub.repos["ann/kto"]
    assert repo.commits == ["The set, made anew"]
    assert [len(each) for each in rows(repo).values()] == [anew.rows]
    assert not any(b"one?" in text for text in repo.files.values())


@pytest.mark.parametrize(
    ("token", "repo", "says"),
    [
        ("hf_wrong", "ann/kto", "does not accept HF_TOKEN"),
        (READ_ONLY, "ann/kto", "may not write to ann/kto"),
        (TOKEN, "nobody/kto", "There is no place for nobody/kto"),
    ],
)
async def test_what_the_hub_refuses_is_a_sentence(push, told, token, repo, says):
    await told("one")

    with pytest.raises(HubError, match=says) as error:
        await push(token=token, repo=repo)

    assert token not in str(error.value)


async def test_without_a_token_or_a_hub_it_is_said(push, told, hub):
    await told("one")

    with pytest.raises(SettingsError, match="Pushing needs HF_TOKEN"):
        await push(token=None)
    hub.url = "http://127.0.0.1:9"
    with pytest.raises(HubError, match="cannot be reached"):
        await push()


async def test_what_somebody_else_committed_meanwhile_is_not_undone(hub, push, told, sql_store):
    await told("one")
    hub.busy = 1

    with pytest.raises(HubError, match="was changed meanwhile"):
        await push()
    done = await push()

    assert done.rows == 1


@pytest.mark.parametrize(
    ("repo", "says"),
    [
        (Repo(private=False, files={".gitattributes": b""}), "is public"),
        (Repo(private=True, files={"model.bin": b""}), "holds other things"),
    ],
)
async def test_nothing_is_pushed_where_it_does_not_belong(hub, push, told, repo, says):
    await told("one")
    hub.repos["ann/kto"] = repo

    with pytest.raises(SettingsError, match=says):
        await push()


async def test_another_log_or_other_options_need_another_repository(hub, push, told):
    await told("one")
    await push()
    await told("two")
    other = Wish(replace(KTO.options, seed=3))

    with pytest.raises(SettingsError, match="begun with another seed"):
        await push(other)
    state = orjson.loads(hub.repos["ann/kto"].files[STATE])
    hub.repos["ann/kto"].files[STATE] = orjson.dumps({**state, "log": "another"})
    with pytest.raises(SettingsError, match="another log"):
        await push()


async def test_a_public_set_is_public_where_one_says_so(hub, push, told):
    await told("one")

    await push(replace(KTO, public=True))

    assert not hub.repos["ann/kto"].private


@pytest.mark.long
async def test_the_command_pushes_and_says_what_is_new(hub, sqlite_url, tmp_path):
    async with open_store(sqlite_url) as store:
        await store.append(begun("one"), *asked("one", "one?", "One.", 1), vote("one", ANN, value=True))
    may = {"PLAUDIT_ACKNOWLEDGED_TERMS": "slack", "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}

    code, told, _ = await plaudit("export", "kto", "--push", "ann/kto", cwd=tmp_path, **may)
    no_token = await plaudit("export", "kto", "--push", "ann/kto", cwd=tmp_path, **may | {"HF_TOKEN": ""})

    assert code == 0
    assert "1 rows are new at" in told
    assert is_one_sentence(no_token[2])
    assert "HF_TOKEN" in no_token[2]


@pytest.mark.long
async def test_what_is_due_is_pushed_beside_the_bot_and_not_again_before_its_time(
    hub, sqlite_url, tmp_path, monkeypatch
):
    for name, value in {"PLAUDIT_ACKNOWLEDGED_TERMS": "slack", "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    config = tmp_path / "plaudit.toml"
    config.write_text('[push.kto]\nrepo = "ann/kto"\n')
    async with open_store(sqlite_url) as store:
        await store.append(begun("one"), *asked("one", "one?", "One.", 1), vote("one", ANN, value=True))
        settings = Settings.load(environ={}, _env_file=None, database_url=sqlite_url)

        async with PushTimer(settings, Reloading(config), store, SystemClock()) as timer:
            await timer.if_due()
            await timer._tasks.wait()
            await timer.if_due()
            await timer._tasks.wait()
        async with PushTimer(settings, Reloading(config), store, SystemClock()) as after_a_restart:
            await after_a_restart.if_due()
            is_at_work = bool(after_a_restart._at_work)

    assert len(hub.repos["ann/kto"].commits) == 2
    assert not is_at_work
