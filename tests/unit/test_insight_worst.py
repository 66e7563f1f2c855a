"""Which replies people like least."""

from core.insight.worst import worst
from core.store.memory import MemoryStore
from tests.contract.store_stories import DISLIKE, LIKE, changed, replied, started, voted


async def test_many_against_weigh_more_than_one_alone() -> None:
    store = MemoryStore()
    await store.append(started("c1"), *(replied(f"m{number}", number) for number in range(4)))
    await store.append(voted("m0", "ann", DISLIKE), *(voted("m1", str(person), person > 0) for person in range(6)))
    await store.append(*(voted("m2", str(person), person == 5) for person in range(6)), voted("m3", "ann", LIKE))

    found = await worst(store, 2)

    assert [(each.message_id, each.positive, each.negative) for each in found] == [("m2", 1, 5), ("m0", 0, 1)]


async def test_a_deleted_reply_is_passed_over_and_the_newer_of_two_alike_comes_first() -> None:
    store = MemoryStore()
    await store.append(started("c1"), *(replied(f"m{number}", number) for number in range(3)))
    await store.append(*(voted(f"m{number}", "ann", DISLIKE) for number in range(3)), changed("m2", 9, deleted=True))

    assert [each.message_id for each in await worst(store, 1)] == ["m1"]
    assert [each.message_id for each in await worst(store, 5)] == ["m1", "m0"]
    assert await worst(MemoryStore(), 5) == []
