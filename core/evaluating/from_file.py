"""Items out of a file, JSON lines or Parquet: the rows of `plaudit export eval`, or one's own in the same columns.

A row needs `inputs.messages`; `outputs.response` and `expectations.expected_response` may be there. A row of a reply
of this log (`message_id`) is joined with what the log knows of it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from core.errors import SettingsError
from core.evaluating.items import Item
from core.exports.reading import privacy
from core.exports.writing import arrow
from core.messages import Role
from core.ports import PromptMessage
from core.store.engine import Database
from core.store.erasing import is_erased, names_of
from core.store.tables import ConversationRow, MessageRow, table

_question = table(MessageRow).alias("question")
_m, _q, _c = table(MessageRow).c, _question.c, table(ConversationRow).c
_known = (
    select(_m.id, _m.conversation_id, _m.question_id, _m.withheld, _c.place, _q.author)
    .join_from(table(MessageRow), table(ConversationRow), _c.id == _m.conversation_id)
    .outerjoin(_question, _q.id == _m.question_id)
    .where(_m.id.in_(bindparam("ids", expanding=True)))
)
_CHUNK = 500
_BATCH = 1_000
_SUFFIXES = frozenset({".jsonl", ".parquet"})


def read_items(path: Path) -> list[Item]:
    """The items of a file of JSON lines or Parquet, or of all below a directory; rows of one reply are one item.

    Raises SettingsError where it cannot be read; the message names the row.
    """
    files = sorted(each for each in path.rglob("*") if each.suffix in _SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise SettingsError(
            f"There is no .jsonl or .parquet file in {path}. `plaudit export eval --out DIR` writes one."
        )
    found: dict[str, Item] = {}
    for file in files:
        for item in _read(file):
            before = found.get(item.id)
            expected = dict.fromkeys((*before.expected, *item.expected)) if before else item.expected
            found[item.id] = replace(item, expected=tuple(expected))
    return list(found.values())


def digest_of(items: Iterable[Item]) -> str:
    """What tells one set from another, whatever its file is called."""
    told = [[each.id, [turn.content for turn in each.prompt], each.response, each.expected] for each in items]
    return hashlib.sha256(orjson.dumps(told)).hexdigest()


async def joined_with_log(database: Database, items: list[Item]) -> list[Item]:
    """The items, with what this log knows of them; those are left out whose words it must not keep any more."""
    wishes = await privacy(database)

    def known(connection: Connection) -> dict[str, Any]:
        rows: dict[str, Any] = {}
        for start in range(0, len(items), _CHUNK):
            ids = [each.id for each in items[start : start + _CHUNK]]
            rows |= {row.id: row for row in connection.execute(_known, {"ids": ids})}
        return rows

    rows = await database.read(known)
    return [_joined(each, rows.get(each.id)) for each in items if _may_be_used(rows.get(each.id), wishes.unwilling)]


def _may_be_used(row: Any, unwilling: frozenset[str]) -> bool:
    if row is None:
        return True
    author = row.author or ""
    return not (row.withheld or is_erased(author) or not unwilling.isdisjoint(names_of(author)))


def _joined(item: Item, row: Any) -> Item:
    if row is None:
        return item
    known = {"conversation_id": row.conversation_id, "question_id": row.question_id, "place": row.place}
    return replace(item, asker=row.author or None, **known)


def _read(path: Path) -> Iterator[Item]:
    for number, row in enumerate(_rows(path), start=1):
        try:
            yield _item(orjson.loads(row) if isinstance(row, bytes) else row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # also what orjson raises
            raise SettingsError(
                f"{path}, row {number} is no row of an evaluation set ({error}). A row is "
                '{"inputs": {"messages": [{"role": …, "content": …}]}}, as `plaudit export eval` writes it.'
            ) from error


def _rows(path: Path) -> Iterator[bytes | dict[str, Any]]:
    """The rows of one file, those of JSON lines not read yet. Raises SettingsError where it cannot be read."""
    try:
        if path.suffix == ".parquet":
            yield from _parquet(path)
        else:
            yield from (line for line in path.read_bytes().splitlines() if line.strip())
    except OSError as error:  # pyarrow's too, where it is no Parquet
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}.") from error


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    pa = arrow()
    try:
        with pa.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise SettingsError(f"{path} cannot be read as Parquet: {error}") from error


def _item(row: dict[str, Any]) -> Item:
    turns = tuple(PromptMessage(Role(each["role"]), str(each["content"])) for each in row["inputs"]["messages"])
    if not turns or turns[-1].role is not Role.USER:
        raise ValueError("the last message is not a user's")
    response = str((row.get("outputs") or {}).get("response") or "")
    expected = (row.get("expectations") or {}).get("expected_response")
    words = orjson.dumps([[each.role, each.content] for each in turns] + [response])
    return Item(
        id=str(row.get("message_id") or f"set-{hashlib.sha256(words).hexdigest()[:20]}"),
        prompt=turns,
        response=response,
        expected=(str(expected),) if expected else (),
        model=str(row.get("model") or (row.get("tags") or {}).get("model") or ""),
        at=str(row.get("created_at") or ""),
    )
