"""Exports as files: the same bytes each time, gone on with where they broke off, nobody else's directory touched."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from core.errors import SettingsError
from core.exports import collecting, log_files, making, reading, writing
from core.exports.log_files import write_log
from core.exports.making import WRITING, Source
from core.exports.options import Format, Kind, Options
from core.messages import PersonRef
from core.store.database import connected
from tests.contract.exports_log import ANN, BOB, asked, begun, correction, exported, rows_in, vote
from tests.contract.store_stories import any_history, changed, consented

KTO = Options(Kind.KTO)


class BrokenOffError(Exception):
    """Somebody pulled the plug."""


@pytest.fixture
async def many(sql_store):
    """Forty conversations of two questions; each answer but some has a vote."""
    for number in range(40):
        name = f"c{number:02}"
        await sql_store.append(
            begun(name), *asked(name, f"{name}?", f"{name}.", 1), *asked(name, "and?", "So.", 3, number=2)
        )
        await sql_store.append(vote(name, BOB, value=number % 3 > 0), vote(name, ANN, value=True, number=2))
        if number % 5 == 0:
            await sql_store.append(correction(name, BOB, f"Better {number}"))
    return sql_store


def bytes_of(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("form", [Format.JSONL, Format.PARQUET])
async def test_the_same_log_and_options_give_the_same_bytes(many, database_url, tmp_path, kind, form):
    options = Options(kind, form)
    await exported(many, database_url, tmp_path / "one", options)
    as_of = await many.newest()
    await many.append(begun("later"), *asked("later", "later?", "Later.", 900), vote("later", BOB, value=True))
    await many.append(changed("c07-q1", 901, content="edited", in_conversation="c07"))

    await exported(many, database_url, tmp_path / "two", options, as_of=as_of)

    one = bytes_of(tmp_path / "one")
    assert one == bytes_of(tmp_path / "two")
    assert {"README.md", "manifest.json"} < one.keys()


async def test_the_manifest_tells_the_files_with_their_hashes(many, database_url, tmp_path):
    rows, manifest = await exported(many, database_url, tmp_path / "out", replace(KTO, shard_rows=20))

    assert len(manifest["files"]) > 2
    for file in manifest["files"]:
        text = (tmp_path / "out" / file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(text), hashlib.sha256(text).hexdigest())
        assert file["rows"] == len(text.splitlines())
    counts = manifest["counts"]
    assert counts["rows"] == len(rows) == counts["train"]["rows"] + counts["test"]["rows"]
    assert counts["train"]["liked"] + counts["test"]["liked"] == sum(row["label"] for row in rows)
    assert manifest["records"] == {"from": 1, "to": await many.newest(), "consent": manifest["records"]["consent"]}
    assert manifest == orjson.loads((tmp_path / "out" / "manifest.json").read_bytes())


async def test_how_many_files_there_are_changes_neither_rows_nor_order(many, database_url, tmp_path):
    whole, _ = await exported(many, database_url, tmp_path / "one", replace(KTO, shard_rows=1_000))
    parts, _ = await exported(many, database_url, tmp_path / "many", replace(KTO, shard_rows=5))

    assert len(list((tmp_path / "many" / "data").iterdir())) > 8
    assert parts == whole


async def test_a_conversation_is_for_training_or_for_testing(many, database_url, tmp_path):
    await many.append(begun("branch", 500, branched="c01-a1", lasting=False), *asked("branch", "but?", "But.", 501))
    await many.append(vote("branch", BOB, value=True))

    await exported(many, database_url, tmp_path / "out", replace(KTO, test_share=0.5))

    splits: dict[str, set[str]] = {}
    for path in (tmp_path / "out" / "data").iterdir():
        for row in map(orjson.loads, path.read_bytes().splitlines()):
            splits.setdefault(row["conversation_id"], set()).add(path.name.split("-")[0])
    assert {len(each) for each in splits.values()} == {1}
    assert splits["branch"] == splits["c01"]
    assert 10 < sum("test" in each for each in splits.values()) < 30


async def test_another_seed_gives_another_order(many, database_url, tmp_path):
    first, _ = await exported(many, database_url, tmp_path / "one", replace(KTO, test_share=0))
    second, _ = await exported(many, database_url, tmp_path / "two", replace(KTO, test_share=0, seed=7))

    assert first != second
    assert sorted(map(str, first)) == sorted(map(str, second))
    assert [each["message_id"] for each in first] != sorted(each["message_id"] for each in first)


async def test_weights_for_kto_make_up_for_the_rarer_label(many, database_url, tmp_path):
    _, manifest = await exported(many, database_url, tmp_path / "out", KTO)

    train, weights = manifest["counts"]["train"], manifest["weights"]
    assert weights["desirable_weight"] == 1.0
    assert weights["undesirable_weight"] * train["disliked"] == pytest.approx(train["liked"], rel=0.01)


@pytest.mark.parametrize("kind", list(Kind))
async def test_parquet_holds_what_jsonl_holds(many, database_url, tmp_path, kind):
    lines, _ = await exported(many, database_url, tmp_path / "jsonl", Options(kind, test_share=0))

    await exported(many, database_url, tmp_path / "parquet", Options(kind, Format.PARQUET, test_share=0))

    [path] = (tmp_path / "parquet" / "data").iterdir()
    assert pq.read_table(path).to_pylist() == lines


async def test_an_export_broken_off_while_it_writes_keeps_the_files_that_were_whole(many, database_url, tmp_path):
    options = replace(KTO, shard_rows=20, test_share=0)
    whole, _ = await exported(many, database_url, tmp_path / "whole", options)
    out = tmp_path / "out"

    with pytest.raises(BrokenOffError):
        await exported(many, database_url, out, options, progress=breaks_off(WRITING, 2))
    await many.append(begun("later"), *asked("later", "later?", "Later.", 900), vote("later", BOB, value=True))
    before = {path: path.stat().st_mtime_ns for path in (out / "data").iterdir()}
    rows, manifest = await exported(many, database_url, out, options)

    assert len(before) == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert rows == whole
    assert len(await many.ledger().exports()) == 2
    assert bytes_of(out) == bytes_of(tmp_path / "whole")
    assert manifest["counts"]["judged"] == 80


async def test_an_export_broken_off_while_it_collects_goes_on_from_the_last_note(
    many, database_url, tmp_path, monkeypatch
):
    monkeypatch.setattr(reading, "PAGE", 5)
    monkeypatch.setattr(collecting, "NOTED_EVERY", 2)
    whole, _ = await exported(many, database_url, tmp_path / "whole", KTO)
    seen: list[int] = []

    with pytest.raises(BrokenOffError):
        await exported(many, database_url, tmp_path / "out", KTO, progress=breaks_off("collecting rows", 30))
    rows, _ = await exported(
        many,
        database_url,
        tmp_path / "out",
        KTO,
        progress=lambda what, done, _: seen.append(done) if "rows" in what else None,
    )

    assert seen[0] == 25  # of 25 passed when it broke off, 20 were noted
    assert rows == whole
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


async def test_a_large_export_is_collected_by_two_processes_and_is_the_same(many, database_url, tmp_path, monkeypatch):
    whole, _ = await exported(many, database_url, tmp_path / "whole", KTO)
    monkeypatch.setattr(making, "LARGE", 10)

    with pytest.raises(BrokenOffError):
        await exported(many, database_url, tmp_path / "out", KTO, progress=breaks_off("collecting rows", 40))
    rows, _ = await exported(many, database_url, tmp_path / "out", KTO)

    assert rows == whole
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


@pytest.mark.parametrize("meanwhile", ["opted out", "erased"])
async def test_what_was_collected_of_someone_who_went_meanwhile_is_thrown_away(many, database_url, tmp_path, meanwhile):
    with pytest.raises(BrokenOffError):
        await exported(many, database_url, tmp_path / "out", KTO, progress=breaks_off(WRITING, 1))

    if meanwhile == "erased":
        await many.erase(PersonRef.parse(ANN))
    else:
        await many.append(consented(ANN, 900, keep=False))
    rows, _ = await exported(many, database_url, tmp_path / "out", KTO)

    assert rows == []
    assert not any(b"c07" in text for text in bytes_of(tmp_path / "out").values())


async def test_a_finished_export_is_not_made_again_and_another_does_not_take_its_place(many, database_url, tmp_path):
    _, first = await exported(many, database_url, tmp_path / "out", KTO)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}

    _, again = await exported(many, database_url, tmp_path / "out", KTO)
    with pytest.raises(SettingsError, match="another export"):
        await exported(many, database_url, tmp_path / "out", replace(KTO, seed=1))
    await many.append(consented(BOB, 900, keep=False))
    with pytest.raises(SettingsError, match="another export"):
        await exported(many, database_url, tmp_path / "out", KTO)

    assert again == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


async def test_a_directory_with_other_files_is_not_touched(many, database_url, tmp_path):
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(SettingsError, match="holds other files"):
        await exported(many, database_url, tmp_path, KTO)

    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("plaudit.db")] == ["thesis.tex"]


async def test_an_export_is_in_the_ledger_before_a_row_is_written(many, database_url, tmp_path):
    with pytest.raises(BrokenOffError):
        await exported(many, database_url, tmp_path / "out", KTO, progress=breaks_off("collecting rows", 0))

    [export] = await many.ledger().exports()
    assert (export.kind, export.target) == ("kto", str(tmp_path / "out"))
    assert (export.seq_from, export.seq_to) == (1, await many.newest())


async def test_parquet_without_pyarrow_is_refused_in_a_sentence(many, database_url, tmp_path, monkeypatch):
    monkeypatch.setitem(writing.__dict__["__builtins__"], "__import__", _without_pyarrow)

    with pytest.raises(SettingsError, match=r"plaudit\[parquet\]"):
        await exported(many, database_url, tmp_path / "out", Options(Kind.SFT, Format.PARQUET))


def _without_pyarrow(name: str, *rest: Any) -> Any:
    if name.startswith("pyarrow"):
        raise ImportError(name)
    return _import(name, *rest)


_import = __import__


@pytest.mark.parametrize("options", [replace(KTO, format=Format.OPENAI), replace(KTO, test_share=1)])
async def test_options_that_cannot_be_are_refused(many, database_url, tmp_path, options):
    with pytest.raises(SettingsError):
        await exported(many, database_url, tmp_path / "out", options)


async def test_the_log_is_written_record_by_record(sql_store, database_url, tmp_path):
    records = any_history(seed=3, length=300)
    await sql_store.append(*records, *asked("c1", 'tricky "\\ \u2028 👍🏽 \x1f', "\n", 5))

    async with connected(database_url) as database:
        source = Source(database_url, database, sql_store.ledger(), await sql_store.pseudonyms())
        manifest = await write_log(source, tmp_path / "log")
        again = await write_log(source, tmp_path / "log")

    kept = [orjson.loads(orjson.dumps(each)) async for each in sql_store.records()]
    written = rows_in(tmp_path / "log")
    for each in (*kept, *written):
        each.pop("at"), each.pop("committed_at")
    assert written == kept
    assert again == manifest
    assert manifest["counts"]["rows"] == len(kept)
    assert [each.kind for each in await sql_store.ledger().exports()] == ["log"]


async def test_every_letter_stands_in_the_log_as_orjson_writes_it(sql_store, database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "_CHUNK", 2)
    every = "".join(map(chr, [*range(1, 0x100), 0x2028, 0xFFFD, 0x1F44D]))
    fields = dict.fromkeys(("topic", "source", "subject", "message_id"), every)
    told = [replace(begun(f"{number}{every}"), **fields, idempotency_key=f"{number}{every}}}") for number in range(5)]
    await sql_store.append(*told)

    async with connected(database_url) as database:
        source = Source(database_url, database, sql_store.ledger(), await sql_store.pseudonyms())
        manifest = await write_log(source, tmp_path / "log")

    [file] = manifest["files"]
    written = (tmp_path / "log" / file["path"]).read_bytes()
    lines = [orjson.loads(line) for line in written.split(b"\n")[:-1]]
    assert [each["idempotency_key"] for each in lines] == [each.idempotency_key for each in told]
    assert written == b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in lines)
    assert (file["bytes"], file["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())


def breaks_off(what: str, at: int) -> Any:
    """Something to tell of the progress, who breaks it off."""

    def told(now: str, done: int, _total: int) -> None:
        if now == what and done >= at:
            raise BrokenOffError

    return told


async def test_the_log_is_written_by_two_processes_file_by_file(many, database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "SHARD_SEQS", 60)
    told = []

    async with connected(database_url) as database:
        source = Source(database_url, database, many.ledger(), await many.pseudonyms())
        manifest = await write_log(source, tmp_path / "log", progress=lambda _, done, total: told.append((done, total)))

    files = [tmp_path / "log" / each["path"] for each in manifest["files"]]
    seqs = [orjson.loads(line)["seq"] for file in files for line in file.read_bytes().splitlines()]
    newest = await many.newest()
    assert seqs == list(range(1, newest + 1))
    assert len(files) == len(told) > 3
    assert told[-1] == (newest, newest)
    assert manifest["files"] == orjson.loads((tmp_path / "log" / "manifest.json").read_bytes())["files"]
