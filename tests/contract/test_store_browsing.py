"""Looking through the replies: what is found, in which order, page by page; and how one came to be."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.messages import PlaceRef
from core.store.browsing import Judged, Order, Wanted
from core.store.sql import SqlStore
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
    START,
    categorised,
    changed,
    commented,
    corrected,
    moment,
    replied,
    said,
    started,
    voted,
    withdrew,
)

ALL = Wanted()


@pytest.fixture
async def store(sql_store: SqlStore) -> SqlStore:
    """Six replies, of which one is deleted."""
    await sql_store.append(
        started("c1"),
        started("c2", place=PlaceRef("discord", "1", "22", "3")),
        started("c3", place=PlaceRef("discord", "1", "2", "3")),
        said("q0", 0, content="What costs 100% of _it_?"),
        replied("m0", 1, content="Nothing.", question_id="q0", model={"id": "org/a"}, trace_id="tr-1"),
        replied("m1", 2, content="**Bold** words"),
        replied("m2", 3, to="c2", status="failed", reason="timeout"),
        replied("m3", 4, to="c2"),
        replied("m4", 5, to="c3"),
        replied("gone", 6),
        changed("gone", 7, deleted=True),
    )
    await sql_store.append(
        *(voted("m0", person, LIKE, 10) for person in ("ann", "ben", "cem")),
        *(voted("m1", person, person == "ann", 10) for person in ("ann", "ben", "cem")),
        *(voted("m2", person, person in {"ann", "dan"}, 10) for person in ("ann", "ben", "cem", "dan")),
        voted("gone", "ann", DISLIKE, 10),
        voted("m4", "ann", LIKE, 10),
        withdrew("m4", "ann", LIKE, 11),
        categorised("m1", "ben", "wrong", 12),
        commented("m1", "ben", "no", 12),
        corrected("m2", "ben", "so", 12),
    )
    return sql_store


async def found(store: SqlStore, wanted: Wanted) -> list[str]:
    return [each.message_id for each in await store.browsing().replies(wanted)]


async def test_replies_come_newest_first_or_by_what_people_said(store: SqlStore) -> None:
    assert await found(store, ALL) == ["m4", "m3", "m2", "m1", "m0"]
    assert await found(store, Wanted(order=Order.VOTES)) == ["m2", "m1", "m0"]
    assert await found(store, Wanted(order=Order.DISLIKED)) == ["m1", "m2", "m0"]
    assert await found(store, Wanted(order=Order.DISAGREEMENT)) == ["m2", "m1", "m0"]


async def test_replies_are_found_by_how_they_were_judged(store: SqlStore) -> None:
    assert await found(store, Wanted(judged=Judged.JUDGED)) == ["m2", "m1", "m0"]
    assert await found(store, Wanted(judged=Judged.LIKED)) == ["m0"]
    assert await found(store, Wanted(judged=Judged.DISLIKED)) == ["m2", "m1"]
    assert await found(store, Wanted(judged=Judged.DIVIDED)) == ["m2", "m1"]
    assert await found(store, Wanted(judged=Judged.COMMENTED)) == ["m1"]
    assert await found(store, Wanted(judged=Judged.CORRECTED)) == ["m2"]
    assert await found(store, Wanted(judged=Judged.UNJUDGED)) == ["m4", "m3"]


async def test_replies_are_found_by_place_model_time_and_words(store: SqlStore) -> None:
    assert await found(store, Wanted(place="discord:1:2:")) == ["m4"]
    assert await found(store, Wanted(place="discord:")) == ["m4", "m3", "m2"]
    assert await found(store, Wanted(place="discord:", order=Order.VOTES)) == ["m2"]
    assert await found(store, Wanted(model="org/a")) == ["m0"]
    assert await found(store, Wanted(model="org/model", judged=Judged.LIKED)) == []
    assert await found(store, Wanted(since=moment(3), until=moment(5))) == ["m3", "m2"]
    assert await found(store, Wanted(text="NOTHING")) == ["m0"]
    assert await found(store, Wanted(text="100% of _it_")) == ["m0"]
    assert await found(store, Wanted(text="10_%")) == []


async def test_a_page_follows_another(store: SqlStore) -> None:
    first, second = Wanted(limit=2), Wanted(limit=2, offset=2)

    assert await found(store, first) + await found(store, second) == ["m4", "m3", "m2", "m1"]
    assert await found(store, replace(second, order=Order.VOTES)) == ["m0"]


async def test_a_reply_in_the_list_says_what_was_asked_and_what_people_think(store: SqlStore) -> None:
    by_id = {each.message_id: each for each in await store.browsing().replies(ALL)}

    assert (by_id["m0"].question, by_id["m0"].reply, by_id["m0"].model) == (
        "What costs 100% of _it_?",
        "Nothing.",
        "org/a",
    )
    assert (by_id["m1"].positive, by_id["m1"].negative) == (1, 2)
    assert (by_id["m1"].categories, by_id["m1"].comments, by_id["m2"].corrections) == (("wrong",), 1, 1)
    assert (by_id["m2"].status, by_id["m2"].model) == ("failed", "org/model")
    assert by_id["m2"].place == PlaceRef("discord", "1", "22", "3")


async def test_what_a_reviewer_has_looked_at_leaves_the_queue(store: SqlStore) -> None:
    queue = Wanted(judged=Judged.JUDGED, order=Order.DISLIKED, unreviewed=True)
    assert await found(store, queue) == ["m1", "m2", "m0"]

    await store.append(categorised("m1", "web:keys:ann", "wrong", 20, origin="review:m1:user_category:wrong"))

    assert await found(store, queue) == ["m2", "m0"]
    [reviewed, *_] = await store.browsing().replies(Wanted(order=Order.DISLIKED))
    assert reviewed.reviewed


async def test_a_reply_tells_how_it_came_to_be(store: SqlStore) -> None:
    told = await store.browsing().details("m0")

    assert told is not None
    assert (told.trace_id, told.model, told.question_id) == ("tr-1", "org/a", "q0")
    assert await store.browsing().details("gone") is None
    assert await store.browsing().details("q0") is None
    assert await store.browsing().details("nope") is None


async def test_the_database_tells_its_condition(store: SqlStore) -> None:
    now = await store.condition(START)
    later = await store.condition(START + timedelta(days=1))

    assert now.kind in {"sqlite", "postgresql"}
    assert now.bytes > 10_000
    assert now.newest == await store.newest()
    assert now.waiting == 0
    assert dict(now.endings) == {("complete", ""): 5, ("failed", "timeout"): 1}
    assert dict(later.endings) == {}
