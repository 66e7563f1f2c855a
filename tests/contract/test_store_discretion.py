"""What a database's errors say: enough to mend it, and nothing of what people wrote."""

import traceback

import pytest
from sqlalchemy import text

from core.store.database import connected

WORDS = "what Ada asked"


async def test_an_error_says_nothing_of_what_a_statement_was_given(database_url):
    async with connected(database_url) as database:
        statement = text("SELECT 1 FROM nowhere WHERE words = :words")
        with pytest.raises(Exception, match="nowhere") as raised:
            await database.write(lambda connection: connection.execute(statement, {"words": WORDS}))

    assert WORDS not in "".join(traceback.format_exception(raised.value))
