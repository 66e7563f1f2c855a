"""Every store remembers from when on something may be unheard, until a look has found out."""

from datetime import timedelta

from tests.contract.store_stories import moment, said, started

ADA = "slack:T1:U1"


async def test_a_look_that_did_not_end_is_begun_again_from_where_it_was(store) -> None:
    await store.append(started("c1"), said("q1", 1, author=ADA), said("q2", 2, author=ADA))
    begun = await store.begin_look("slack")
    await store.append(said("q3", 3, author=ADA))

    assert begun == moment(2)
    assert await store.begin_look("slack") == begun

    await store.end_look("slack", begun)
    assert await store.begin_look("slack") == moment(3)


async def test_a_look_that_began_later_does_not_end_one_that_began_before(store) -> None:
    await store.append(started("c1"), said("q1", 1, author=ADA))
    begun = await store.begin_look("slack")

    await store.end_look("slack", begun + timedelta(seconds=1))
    assert await store.begin_look("slack") == begun

    await store.end_look("slack", begun - timedelta(seconds=1))
    await store.append(said("q2", 2, author=ADA))
    assert await store.begin_look("slack") == moment(2)


async def test_each_platform_is_looked_at_by_itself(store) -> None:
    await store.append(started("c1"), said("q1", 1, author=ADA))

    assert await store.begin_look("elsewhere") > moment(1)
    assert await store.begin_look("slack") == moment(1)
