"""A rebuild that is broken off, and what is left of it."""

import pytest
from sqlalchemy import inspect

from core.store.refolding import PREFIX, Refolding, files_beside
from core.store.sql import SqlStore
from core.store.sqlite import SqliteDatabase


class _BrokenOffError(Exception):
    pass


async def broken_off(store: SqlStore, *, at: int) -> None:
    """Begin to rebuild; the process ends when it has reached the seq `at`."""
    step = Refolding.step

    def some(refolding: Refolding) -> int:
        if refolding._begin() >= at:
            raise _BrokenOffError
        return step(refolding)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Refolding, "step", some)
        with pytest.raises(_BrokenOffError):
            await store.rebuild()
    assert await left_behind(store)


async def left_behind(store: SqlStore) -> list[str]:
    """The tables and files that a rebuild has left."""
    names = await store.database.read(lambda connection: inspect(connection).get_table_names())
    files = files_beside(store.database.path) if isinstance(store.database, SqliteDatabase) else []
    return [*(name for name in names if name.startswith(PREFIX)), *(each.name for each in files)]
