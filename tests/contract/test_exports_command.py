"""`plaudit export` as people use it: a process of its own, its output, its exit code."""

import orjson
import pytest

from core.store.database import open_store
from tests.contract.exports_log import ANN, asked, begun, rows_in, vote
from tests.scenarios.test_command_line import is_one_sentence, plaudit, said_here

MAY = {"PLAUDIT_ACKNOWLEDGED_TERMS": "slack"}


@pytest.fixture
async def here(tmp_path):
    """A directory with a database in it."""
    async with open_store(f"sqlite:///{tmp_path / 'plaudit.db'}") as store:
        await store.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=False))
    return tmp_path


@pytest.mark.long
async def test_rows_are_written_and_told_of(here):
    code, told, _ = await plaudit("export", "kto", "--out", "set", "--test", "0", cwd=here, **MAY)
    _, manifest, _ = await plaudit("export", "kto", "--out", "set", "--test", "0", "--json", cwd=here, **MAY)
    _, log, _ = await plaudit("export", "log", "--out", "log", "--json", cwd=here)

    assert code == 0
    assert "1 rows, 0 liked, 1 disliked" in told
    assert orjson.loads(manifest)["counts"]["rows"] == len(rows_in(here / "set")) == 1
    assert orjson.loads(log)["counts"]["rows"] == 4


@pytest.mark.long
async def test_an_export_is_of_the_past_where_one_asks_for_it(here):
    async with open_store(f"sqlite:///{here / 'plaudit.db'}") as store:
        then = [each async for each in store.records()][-1].committed_at
        await store.append(begun("c2"), *asked("c2", "two?", "Two.", 1), vote("c2", ANN, value=True))

    async def rows(*arguments):
        _, told, _ = await plaudit("export", "log", "--json", *arguments, cwd=here)
        return orjson.loads(told)["counts"]["rows"]

    by_time = await rows("--out", "then", "--as-of", then.isoformat())
    by_seq = await rows("--out", "seq", "--as-of", "2")
    now = await rows("--out", "now")

    assert (by_time, by_seq, now) == (4, 2, 8)


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        (["sft", "--out", "set"], {}, "PLAUDIT_ACKNOWLEDGED_TERMS=slack"),
        (["sft", "--out", "set"], {"PLAUDIT_ACKNOWLEDGED_TERMS": "irc"}, "irc"),
        (["eval", "--out", "."], {}, "holds other files"),
        (["kto", "--out", "set", "--format", "openai"], MAY, "OpenAI"),
        (["kto", "--out", "set", "--liked-from", "2", "--disliked-to", "3"], MAY, "liked from 2"),
        (["kto", "--out", "set", "--since", "yesterday"], MAY, "yesterday"),
        (["log", "--out", "set", "--as-of", "yesterday"], {}, "yesterday"),
        (["log", "--out", "set", "--as-of", "2020-01-01"], {}, "begins later"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(here, arguments, settings, says):
    code, _, err = await said_here("export", *arguments, cwd=here, **settings)

    assert code != 0
    assert is_one_sentence(err), err
    assert says in err
    assert not (here / "set").exists()
