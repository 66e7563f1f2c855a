"""What every store counts for reports: replies and the people who judged them, by where, by whom, and by what."""

from dataclasses import replace

import pytest

from core.insight.report import ALL, Report, Score, reports_by, scores
from core.messages import PlaceRef
from core.store.counts import CategoryCounts, DimensionCounts, Division, GroupCounts
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
    categorised,
    commented,
    moment,
    replied,
    said,
    started,
    voted,
    withdrew,
)

HERE, THREAD = PlaceRef("slack", "T1", "C1", "1.0"), PlaceRef("slack", "T1", "C1", "2.0")
BESIDE, ABROAD = PlaceRef("slack", "T1", "C2"), PlaceRef("discord", "G1", "C1")


@pytest.fixture
async def told(store):
    """Five replies in three channels on two platforms, by two models."""
    places = {"c1": HERE, "c2": THREAD, "c3": BESIDE, "c4": ABROAD}
    await store.append(*(started(name, place=place) for name, place in places.items()))
    other = {"model": {"id": "org/other", "metadata": {}}}
    await store.append(replied("m1", 1), replied("m2", 2, to="c2", **other), said("m9", 2), replied("m3", 3, to="c3"))
    await store.append(replied("m4", 4, to="c4"), replied("m5", 100, to="c4"))
    expert = {"metadata": {"segment": "expert"}}
    await store.append(voted("m1", "ann", LIKE, 5, **expert), voted("m1", "bob", DISLIKE, 5))
    await store.append(voted("m2", "ann", LIKE, 6, **expert), commented("m3", "bob", "hm", 6), voted("m4", "cem", LIKE))
    await store.append(voted("m5", "cem", LIKE, 101), withdrew("m5", "cem", LIKE, 102))
    await store.append(voted("m1", "gpt", LIKE, source_type="LLM_JUDGE"))
    return store


async def test_replies_are_counted_by_platform(told) -> None:
    found = await told.counts_by(Division.PLATFORM)

    assert found == [GroupCounts("discord", 2, 1, 1, 0), GroupCounts("slack", 3, 3, 2, 1)]


async def test_replies_are_counted_by_channel_with_its_threads(told) -> None:
    found = await told.counts_by(Division.CHANNEL, moment(0), moment(50))

    assert found == [
        GroupCounts("discord:G1:C1", 1, 1, 1, 0),
        GroupCounts("slack:T1:C1", 2, 2, 2, 1),
        GroupCounts("slack:T1:C2", 1, 1, 0, 0),
    ]


async def test_replies_are_counted_by_the_model_that_gave_them(told) -> None:
    found = await told.counts_by(Division.MODEL)

    assert found == [GroupCounts("org/model", 4, 3, 2, 1), GroupCounts("org/other", 1, 1, 1, 0)]


async def test_votes_are_counted_by_the_segment_of_those_who_gave_them(told) -> None:
    found = await told.counts_by(Division.SEGMENT)

    assert found == [GroupCounts("expert", 5, 2, 2, 0), GroupCounts("user", 5, 3, 1, 1)]


async def test_the_report_is_of_one_place_where_one_is_named(told) -> None:
    channel = await told.report_counts(channel=THREAD)
    workspace = await told.report_counts(platform="slack", workspace="T1")
    platform = await told.report_counts(platform="discord")

    assert [each.total_traces for each in (channel, workspace, platform)] == [2, 3, 2]
    assert [each.message_id for each in channel.votes] == ["m1", "m2"]
    with pytest.raises(ValueError, match="name the platform too"):
        await told.report_counts(workspace="T1")


async def test_a_report_by_part_ends_with_the_whole(told) -> None:
    found = await reports_by(told, Division.PLATFORM)

    assert list(found) == ["discord", "slack", ALL]
    assert found["slack"] == Report(3, 3, 1.0, 2 / 3, 2, 1)
    assert found[ALL].total_traces == 5
    assert list(await reports_by(told)) == [ALL]


async def test_a_dimension_is_the_mean_of_peoples_means(store) -> None:
    await store.append(started("c1"), *(replied(f"m{number}", number) for number in range(3)))
    given = [("m0", "ann", 5), ("m1", "ann", 5), ("m2", "ann", 5), ("m0", "bob", 1), ("m1", "bob", 3)]
    await store.append(*(voted(message, who, score, name="user_accuracy") for message, who, score in given))
    await store.append(voted("m0", "ann", 4, name="user_clarity"), voted("m0", "ann", 2, name="user_rating"))
    await store.append(voted("m0", "ann", value=True, name="user_seen"), voted("m0", "ann", "x", name="user_word"))
    await store.append(voted("m1", "cem", 1, name="user_clarity", source_type="CODE"))

    found = await store.dimension_counts()

    assert found == [DimensionCounts("accuracy", 3.5, 2), DimensionCounts("clarity", 4.0, 1)]
    assert scores(found) == {"accuracy": Score(0.7, 2), "clarity": Score(0.8, 1)}


async def test_a_category_is_counted_by_people_and_by_replies(store) -> None:
    await store.append(started("c1"), replied("m1", 1), replied("m2", 2), replied("m3", 90))
    await store.append(categorised("m1", "ann", "rude", 3), categorised("m1", "ann", "rude", 4, origin="form"))
    await store.append(categorised("m2", "ann", "rude", 3), categorised("m2", "bob", "unclear", 3))
    await store.append(categorised("m1", "cem", "unclear", 3), categorised("m3", "dan", "rude", 91))

    found = await store.category_counts(moment(0), moment(50))

    assert found == [CategoryCounts("unclear", 2, 2), CategoryCounts("rude", 1, 2)]


async def test_nothing_is_counted_where_nothing_was_said(store) -> None:
    counted = [await store.counts_by(division) for division in Division]

    assert counted == [[]] * len(Division)
    assert await store.dimension_counts() == await store.category_counts() == []


async def test_a_reply_of_an_unknown_conversation_is_counted_too(store) -> None:
    await store.append(replace(replied("m1"), source="elsewhere"))

    assert await store.counts_by(Division.CHANNEL) == [GroupCounts("", 1, 0, 0, 0)]
