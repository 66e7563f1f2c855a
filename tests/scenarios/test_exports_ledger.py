"""What was exported, on the command line: listed, made anew after an erasure, and said to be deleted."""

import orjson
import pytest

from tests.contract.exports_log import ANN, BOB, asked, begun, vote
from tests.scenarios.test_keeping import filled, plaudit


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    """Commands are given in a directory of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def test_stale_exports_are_listed_made_anew_and_settled(tmp_path) -> None:
    filled(begun("c1"), *asked("c1", "marzipan?", "No.", 1, by=ANN), vote("c1", BOB, value=False))
    for directory in ("rows", "moved"):
        plaudit("export", "eval", "--out", directory)
    (tmp_path / "moved").rename(tmp_path / "elsewhere")
    plaudit("forget", ANN, "--yes")
    [_, moved] = orjson.loads(plaudit("export", "list", "--stale", "--json"))

    renewed = plaudit("export", "renew")
    left = plaudit("export", "list", "--stale")
    settled = plaudit("export", "settle", moved["id"])

    assert f"eval {tmp_path / 'rows'}: erased there too." in renewed
    assert "1 stay stale" in renewed
    assert moved["id"] in left
    assert "is not stale any more" in settled
    assert not any(b"marzipan" in path.read_bytes() for path in (tmp_path / "rows").rglob("*") if path.is_file())
    assert orjson.loads(plaudit("export", "list", "--stale", "--json")) == []
    assert plaudit("export", "renew").strip() == "No export is stale."
