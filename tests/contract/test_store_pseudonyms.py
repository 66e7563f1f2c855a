"""The key that people's names are made with: one a database, or the operator's."""

import asyncio

from core.pseudonyms import Pseudonyms
from core.store.database import open_store
from tests.contract.store_stories import LIKE, replied, said, started, voted

ANN = "slack:T1:U0ANN45678"


async def test_all_who_open_a_database_call_a_person_the_same(database_url) -> None:
    async with open_store(database_url) as one, open_store(database_url) as other:
        keys = await asyncio.gather(one.pseudonyms(), other.pseudonyms())

        async with open_store(database_url) as later:
            assert len({each.of(ANN) for each in (*keys, await later.pseudonyms())}) == 1


async def test_a_key_of_the_operators_goes_before_the_databases(database_url) -> None:
    async with (
        open_store(database_url) as own,
        open_store(database_url, pseudonym_key="0123456789abcdef") as given,
    ):
        assert (await own.pseudonyms()).of(ANN) != (await given.pseudonyms()).of(ANN)
        assert (await given.pseudonyms()).of(ANN) == Pseudonyms(b"0123456789abcdef").of(ANN)


async def test_a_person_has_one_name_in_all_views(sql_store) -> None:
    await sql_store.append(started("c1"), said("m1", author=ANN), replied("m2"), voted("m2", ANN, LIKE))
    name = (await sql_store.pseudonyms()).of(ANN)

    view = await sql_store.conversation_view("c1")
    [_, reason] = await sql_store.explain("m2")

    assert view.messages[1].opinions[0].person == view.messages[1].history[0].person == name
    assert reason.what.startswith(name)
    assert ANN not in repr(view)
