"""A small log for exports, told in lines, and how one is made of it."""

from pathlib import Path
from typing import Any

import orjson

from core.exports.making import Source, make
from core.exports.options import Kind, Options
from core.messages import PlaceRef
from core.records import Record
from core.store.database import connected
from core.store.sql import SqlStore
from tests.contract.store_stories import corrected, replied, said, started, voted

ANN, BOB, CAT = (f"slack:T1:U0000{name}" for name in ("ANN", "BOB", "CAT"))
MODEL = {"id": "org/model", "metadata": {}}


def asked(
    conversation: str, question: str, answer: str, seconds: float, *, by: str = ANN, number: int = 1, **fields: Any
) -> list[Record]:
    """A question and its answer, whose ids are the conversation's, with the number."""
    asked_id, answer_id = f"{conversation}-q{number}", f"{conversation}-a{number}"
    fields = {"question_id": asked_id, "model": MODEL, **fields}
    return [
        said(asked_id, seconds, content=question, to=conversation, author=by),
        replied(answer_id, seconds + 1, content=answer, to=conversation, **fields),
    ]


def begun(conversation: str, seconds: float = 0, **fields: Any) -> Record:
    return started(conversation, seconds, place=PlaceRef("slack", "T1", "C1", conversation), **fields)


def vote(conversation: str, person: str, value: Any, seconds: float = 10, *, number: int = 1, **fields: Any) -> Record:
    return voted(f"{conversation}-a{number}", person, value, seconds, conversation_id=conversation, **fields)


def correction(conversation: str, person: str, text: str, seconds: float = 10, *, number: int = 1) -> Record:
    record = corrected(f"{conversation}-a{number}", person, text, seconds, origin=f"message:{conversation}:{person}")
    record.data["conversation_id"] = conversation  # type: ignore[index] # a dict, in truth
    return record


async def exported(
    store: SqlStore, url: str, directory: Path, options: Options | Kind, **more: Any
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of an export in their order, those for testing behind the others; and its manifest."""
    options = Options(options) if isinstance(options, Kind) else options
    async with connected(url) as database:
        source = Source(url, database, store.ledger(), await store.pseudonyms(), {"slack", "discord"})
        manifest = await make(source, options, directory, **more)
    return rows_in(directory), manifest


def rows_in(directory: Path) -> list[dict[str, Any]]:
    paths = sorted((directory / "data").glob("*.jsonl"), key=lambda path: (path.name.startswith("test"), path.name))
    return [orjson.loads(line) for path in paths for line in path.read_bytes().splitlines()]
