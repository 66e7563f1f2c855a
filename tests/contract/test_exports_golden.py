"""A log of the demo's play on both platforms, and what is exported of it.

It was made by `plaudit demo --fast`, then `plaudit events --json`.
What is exported is known byte for byte. Where it changes on purpose, the new digests are in the test's failure.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.exports.making import Source, make
from core.exports.options import Format, Kind, Options
from core.messages import PersonRef
from core.pseudonyms import Pseudonyms
from core.records import Record
from core.store.database import connected
from tests.contract.exports_log import rows_in
from tests.contract.store_stories import consented, withdrew

GOLDEN = Path(__file__).parents[1] / "payloads" / "golden_log.jsonl"
DIGESTS = {
    "sft": "e429de6d782b8325",
    "kto": "1e422264b0bae0bf",
    "dpo": "f50c41c4f26e1a8f",
    "eval": "67ed4da29664fb66",
    "sft openai": "0c125e1b2e0f5e6d",
    "dpo openai": "a83aa9dea70a8770",
}


def told() -> list[Record]:
    """The golden log's records."""
    found = []
    for line in GOLDEN.read_bytes().splitlines():
        fields = orjson.loads(line) | {"seq": None, "committed_at": None}
        found.append(Record(**fields | {"at": datetime.fromisoformat(fields["at"])}))
    return found


@pytest.fixture
async def golden(sql_store, database_url, tmp_path):
    """Exports the golden log, as it stands by then, into directories of their own."""
    await sql_store.append(*told())
    numbers = iter(range(100))

    async def export(kind: Kind, form: Format = Format.JSONL) -> Path:
        directory = tmp_path / f"{kind}-{next(numbers)}"
        async with connected(database_url) as database:
            source = Source(database_url, database, sql_store.ledger(), Pseudonyms(b"golden"), {"slack", "discord"})
            await make(source, Options(kind, form, test_share=0.5), directory)
        return directory

    return export


def digest(directory: Path) -> str:
    """Of all files, with their names."""
    all_of_it = hashlib.sha256()
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        all_of_it.update(str(path.relative_to(directory)).encode() + b"\0" + path.read_bytes() + b"\0")
    return all_of_it.hexdigest()[:16]


async def test_the_golden_log_gives_the_same_bytes_on_every_database(golden):
    made = {kind.value: digest(await golden(kind)) for kind in Kind}
    made |= {f"{kind.value} openai": digest(await golden(kind, Format.OPENAI)) for kind in (Kind.SFT, Kind.DPO)}

    assert made == DIGESTS


async def test_the_golden_log_holds_every_kind_of_row(golden):
    rows = {kind: rows_in(await golden(kind)) for kind in Kind}

    assert {each["label"] for each in rows[Kind.KTO]} == {True, False}
    assert {each["source"] for each in rows[Kind.SFT]} == {"reply", "correction"}
    assert {each["source"] for each in rows[Kind.DPO]} == {"retry", "correction"}
    assert {each["tags"]["label"] for each in rows[Kind.EVAL]} == {"disliked"}
    assert all(each["prompt"][-1]["role"] == "user" for kind in (Kind.KTO, Kind.SFT, Kind.DPO) for each in rows[kind])


def conversations_about(rows: list[dict[str, Any]], text: str) -> set[str]:
    return {each["conversation_id"] for each in rows if text in str(each["prompt"])}


async def test_a_withdrawn_vote_leaves_the_export(golden, sql_store):
    votes = [each for each in told() if each.type == "log_feedback" and each.data["value"] is True]
    before = rows_in(await golden(Kind.KTO))

    for each in votes:
        about = {"origin": each.data["origin"], "conversation_id": each.conversation_id}
        withdrawal = withdrew(each.data["id"], each.data["source_id"], each.data["value"], **about)
        await sql_store.append(replace(withdrawal, at=each.at))
    after = rows_in(await golden(Kind.KTO))

    assert conversations_about(before, "WAL")
    assert not conversations_about(after, "WAL")
    assert conversations_about(after, "strawberry")


@pytest.mark.parametrize("how", ["opted out", "erased"])
async def test_who_opts_out_or_is_erased_leaves_the_export(golden, sql_store, how):
    askers = {each.data["author"] for each in told() if "strawberry" in str(each.data.get("content"))} - {""}
    before = rows_in(await golden(Kind.KTO))

    for each in askers:
        if how == "erased":
            await sql_store.erase(PersonRef.parse(each))
        else:
            await sql_store.append(consented(each, 10**8, keep=False))
    made = [await golden(kind) for kind in Kind]

    assert conversations_about(before, "strawberry")
    assert not any(b"strawberry" in path.read_bytes() for each in made for path in each.rglob("*.*"))
    assert conversations_about(rows_in(made[1]), "WAL")
