"""The bot's own sending: when it is due, what it does while MLflow is away, who does it."""

import logging

import pytest

from bots.mlflow_sync import MlflowTimer, address_from, check_address, pause_before
from core.clock import SystemClock
from core.errors import SettingsError
from core.policy.file import Reloading
from core.settings import Settings
from core.store.database import open_store
from core.store.memory_leases import MemoryLeases
from tests.contract.exports_log import ANN, asked, begun, vote
from tests.mlflow.fake import fake_mlflow

WITH_MLFLOW = '[mlflow]\nevery = "1m"\n'


class MovedClock(SystemClock):
    """Time passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


class OthersLeases(MemoryLeases):
    """Somebody else sends."""

    async def take(self, name: str) -> bool:
        return name != "mlflow"


@pytest.fixture
async def fake():
    async with fake_mlflow() as server:
        yield server


@pytest.fixture
def settings(fake, tmp_path):
    return Settings.load({}, MLFLOW_TRACKING_URI=fake.url, database_url=str(tmp_path / "plaudit.db"))


@pytest.fixture
def policies(tmp_path):
    path = tmp_path / "plaudit.toml"
    path.write_text(WITH_MLFLOW)
    return Reloading(path)


@pytest.fixture
async def store(settings):
    async with open_store(settings.database_url) as opened:
        await opened.append(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=True))
        yield opened


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def timer(settings, policies, store, clock):
    return MlflowTimer(settings, policies, store, MemoryLeases(), clock)


async def test_what_is_new_is_sent_as_often_as_the_file_says(fake, store, timer, clock):
    await timer.if_due()
    first = len(fake.traces)
    await store.append(begun("c2", 5), *asked("c2", "two?", "Two.", 6))
    clock.seconds += 59
    await timer.if_due()
    too_early = len(fake.traces)
    clock.seconds += 1
    await timer.if_due()

    assert (first, too_early, len(fake.traces)) == (1, 1, 2)


async def test_while_mlflow_is_away_it_is_tried_ever_more_rarely(fake, timer, clock, caplog, monkeypatch):
    monkeypatch.setattr("core.exports.mlflow.client.PAUSES", ())
    fake.is_away = lambda _: True

    with caplog.at_level(logging.WARNING):
        await timer.if_due()
        clock.seconds += 15
        await timer.if_due()
        clock.seconds += 29
        await timer.if_due()
    fake.is_away = lambda _: False
    clock.seconds += 1
    await timer.if_due()

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    lines = [(record.message, record.again_in_seconds) for record in warnings]
    assert lines == [("mlflow_away", 15.0), ("mlflow_away", 30.0)]
    assert "out of order: 503" in warnings[0].error
    assert len(fake.traces) == 1


async def test_one_process_sends(fake, settings, policies, store):
    timer = MlflowTimer(settings, policies, store, OthersLeases(), MovedClock())

    await timer.if_due()

    assert fake.calls == []


async def test_nothing_is_sent_unless_the_file_says_how_often(fake, settings, store, tmp_path):
    path = tmp_path / "none.toml"
    path.write_text("[mlflow]\ntext = false\n")

    await MlflowTimer(settings, Reloading(path), store, MemoryLeases(), MovedClock()).if_due()

    assert fake.calls == []


def test_a_timer_without_a_server_is_refused_before_the_bot_starts(policies):
    with pytest.raises(SettingsError, match="set MLFLOW_TRACKING_URI"):
        check_address(Settings.load({}), policies)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("sqlite:///mlflow.db", "over HTTP"),
        ("databricks", "over HTTP"),
        ("http://ann:secret@127.0.0.1:5000", "MLFLOW_TRACKING_PASSWORD"),
    ],
)
def test_an_address_that_cannot_be_is_refused(uri, says):
    with pytest.raises(SettingsError, match=says) as error:
        address_from(Settings.load({}, MLFLOW_TRACKING_URI=uri))

    assert "secret" not in str(error.value)


def test_who_one_is_there_comes_from_the_settings():
    by_name = Settings.load(
        {},
        MLFLOW_TRACKING_URI="http://h:1/mlflow/",
        MLFLOW_TRACKING_USERNAME="ann",
        MLFLOW_TRACKING_PASSWORD="secret",
        MLFLOW_EXPERIMENT_NAME="Ours",
    )

    address = address_from(by_name)

    assert (address.base, address.experiment, address.user) == ("http://h:1/mlflow", "Ours", ("ann", "secret"))


def test_the_pause_doubles_up_to_a_quarter_of_an_hour():
    assert [pause_before(failures) for failures in (1, 2, 3, 7, 100)] == [15.0, 30.0, 60.0, 900.0, 900.0]
