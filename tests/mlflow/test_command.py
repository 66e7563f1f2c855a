"""`plaudit mlflow` as people use it: its settings, its output, its refusals."""

import asyncio

import orjson
import pytest
from typer.testing import CliRunner

from bots.cli import app
from core.errors import PlauditError
from core.messages import PersonRef
from core.store.database import open_store
from tests.contract.exports_log import ANN, asked, begun, vote
from tests.mlflow.fake import fake_mlflow


async def plaudit(*arguments: str) -> str:
    """What a command prints. Raises what it ends with."""
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)  # the server is this thread's
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture(autouse=True)
async def here(tmp_path, monkeypatch):
    """A directory with a database in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    async with open_store(f"sqlite:///{tmp_path / 'plaudit.db'}") as store:
        await store.append(begun("c1"), *asked("c1", "one?", "One.", 1, by=ANN), vote("c1", ANN, value=False))
    return tmp_path


async def test_a_log_is_sent_told_of_and_erased_from(monkeypatch):
    async with fake_mlflow() as fake:
        fake.token = "let me in"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", fake.url)
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "let me in")

        told = await plaudit("mlflow", "sync", "--once", "--json")
        status = await plaudit("mlflow", "status", "--json")
        readers = await plaudit("consumers", "--json")
        traces = len(fake.traces)
        forgotten = await plaudit("forget", ANN, "--yes", "--propagate")

        where = f"{fake.url}/#/experiments/1"
    assert orjson.loads(told) == {"traces": 1, "assessments": 1, "deleted": 0, "refused": []}
    assert orjson.loads(status) == {
        "server": fake.url,
        "version": "3.17.2",
        "fault": None,
        "newest": 4,
        "experiments": [{"experiment": where, "seq": 4, "lag": 0, "to_erase": False, "error": None, "since": None}],
    }
    assert [(each["name"], each["lag"]) for each in orjson.loads(readers)] == [(f"mlflow:{fake.url[7:]}#1", 0)]
    assert (traces, fake.traces) == (1, {})
    assert f"mlflow {where}: " in forgotten


async def test_how_far_mlflow_is_behind_is_said_also_while_it_is_away(here, monkeypatch):
    monkeypatch.setattr("core.exports.mlflow.client.PAUSES", ())
    async with fake_mlflow() as fake:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", fake.url)
        await plaudit("mlflow", "sync", "--once")
    async with open_store(f"sqlite:///{here / 'plaudit.db'}") as store:
        await store.append(begun("c2"))
        await store.erase(PersonRef.parse(ANN))

    with pytest.raises(PlauditError, match="Nothing is lost"):
        await plaudit("mlflow", "sync", "--once")
    told = orjson.loads(await plaudit("mlflow", "status", "--json"))
    readers = orjson.loads(await plaudit("consumers", "--json"))

    away = f"MLflow cannot be reached at {fake.url}"
    [experiment] = told["experiments"]
    assert told["fault"].startswith(away)
    assert (experiment["seq"], experiment["lag"], experiment["to_erase"]) == (4, 2, True)
    assert experiment["error"].startswith(away)
    assert [(each["lag"], each["error"]) for each in readers] == [(2, experiment["error"])]
    assert "behind" in await plaudit("mlflow", "status")


@pytest.mark.parametrize(
    ("uri", "says"),
    [("", "set MLFLOW_TRACKING_URI"), ("sqlite:///mlflow.db", "over HTTP"), ("fake", "is MLflow 2.9.0")],
)
async def test_what_is_wrong_is_said_in_a_sentence(monkeypatch, uri, says):
    async with fake_mlflow() as fake:
        fake.version = "2.9.0"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", fake.url if uri == "fake" else uri)

        with pytest.raises(PlauditError, match=says):
            await plaudit("mlflow", "sync", "--once")
