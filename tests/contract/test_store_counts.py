"""What every store counts for reports: replies and the people who judged them, by where, by whom, and by what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.insight.report import ALL, Score, report, reports, reports_by, scores
from core.messages import PlaceRef
from core.store.counts import CategoryCounts, DimensionCounts, Division, ReplyRatings, ReplyVotes, Tally
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


def counted(tally: Tally) -> dict[str, tuple[int, int, int, int]]:
    """By part: replies, those that were judged, votes for them and against them."""
    return {
        " ".join(part): (each.total_traces, each.traces_with_feedback, each.positive_count, each.negative_count)
        for part, each in reports(tally).items()
    }


async def test_replies_are_counted_by_platform(told) -> None:
    found = await told.tally([Division.PLATFORM])

    assert counted(found) == {"discord": (2, 1, 1, 0), "slack": (3, 3, 2, 1)}


async def test_replies_are_counted_by_channel_with_its_threads(told) -> None:
    found = await told.tally([Division.CHANNEL], moment(0), moment(50))

    assert counted(found) == {
        "discord:G1:C1": (1, 1, 1, 0),
        "slack:T1:C1": (2, 2, 2, 1),
        "slack:T1:C2": (1, 1, 0, 0),
    }


async def test_replies_are_counted_by_the_model_that_gave_them(told) -> None:
    found = await told.tally([Division.MODEL])

    assert counted(found) == {"org/model": (4, 3, 2, 1), "org/other": (1, 1, 1, 0)}


async def test_replies_are_counted_by_the_day_in_utc(store) -> None:
    midnight = timedelta(hours=24).total_seconds()
    await store.append(started("c1"), replied("m1", midnight - 1), replied("m2", midnight), replied("m3", midnight + 1))
    await store.append(voted("m1", "ann", LIKE, midnight + 5), voted("m2", "ann", DISLIKE, midnight + 5))

    found = await store.tally([Division.DAY])

    assert counted(found) == {"2026-01-01": (1, 1, 1, 0), "2026-01-02": (2, 1, 0, 1)}


async def test_days_that_a_report_cuts_through_are_counted_in_part(store) -> None:
    day = timedelta(hours=24).total_seconds()
    await store.append(started("c1"), *(replied(f"m{number}", number * day / 4) for number in range(20)))

    found = await store.tally([Division.DAY, Division.PLATFORM], moment(day / 2), moment(3.5 * day))

    assert {" ".join(each.part): each.replies for each in found.parts} == {
        "2026-01-01 slack": 2,
        "2026-01-02 slack": 4,
        "2026-01-03 slack": 4,
        "2026-01-04 slack": 2,
    }


async def test_replies_are_counted_by_several_divisions_at_once(told) -> None:
    found = await told.tally([Division.MODEL, Division.SEGMENT, Division.PLATFORM])

    assert counted(found) == {
        "org/model expert slack": (2, 1, 1, 0),
        "org/model user discord": (2, 1, 1, 0),
        "org/model user slack": (2, 2, 0, 1),
        "org/other expert slack": (1, 1, 1, 0),
    }


async def test_votes_are_counted_by_the_segment_of_those_who_gave_them(told) -> None:
    found = await told.tally([Division.SEGMENT])

    assert counted(found) == {"expert": (5, 2, 2, 0), "user": (5, 3, 1, 1)}


async def test_askers_and_bystanders_are_told_apart(store) -> None:
    await store.append(started("c1"), replied("m1", 1), replied("m2", 2))
    await store.append(voted("m1", "ann", DISLIKE, 3, metadata={"by_asker": True}))
    await store.append(voted("m2", "ann", LIKE, 3, metadata={"by_asker": False}), voted("m1", "bob", LIKE, 3))

    found = report(await store.tally())

    assert (found.by_askers.rate, found.by_askers.people) == (0, 1)
    assert (found.by_bystanders.rate, found.by_bystanders.people) == (1, 2)
    assert (found.by_people.rate, found.by_people.people, found.by_people.votes) == (0.75, 2, 3)


async def test_the_report_is_of_one_place_where_one_is_named(told) -> None:
    channel = await told.tally(channel=THREAD)
    workspace = await told.tally(platform="slack", workspace="T1")
    platform = await told.tally(platform="discord")

    assert [report(each).total_traces for each in (channel, workspace, platform)] == [2, 3, 2]
    assert [(each.person, each.positive, each.negative) for each in channel.votes] == [("ann", 2, 0), ("bob", 0, 1)]
    with pytest.raises(ValueError, match="name the platform too"):
        await told.tally(workspace="T1")


async def test_a_report_by_part_ends_with_the_whole(told) -> None:
    found = await reports_by(told, Division.PLATFORM)
    by_segment = await reports_by(told, Division.SEGMENT)

    assert list(found) == ["discord", "slack", ALL]
    assert (found["slack"].positive_rate, found["slack"].feedback_rate) == (2 / 3, 1.0)
    assert found[ALL] == by_segment[ALL]
    assert (found[ALL].total_traces, found[ALL].traces_with_feedback) == (5, 4)
    assert list(await reports_by(told)) == [ALL]


async def test_what_several_people_say_of_one_reply_stands_beside_each_other(store) -> None:
    await store.append(started("c1"), *(replied(f"m{number}", number) for number in range(3)))
    await store.append(*(voted("m0", who, LIKE, 5) for who in ("ann", "bob")), voted("m0", "cem", DISLIKE, 5))
    await store.append(voted("m1", "ann", LIKE, 5), voted("m1", "bob", LIKE, 5), withdrew("m1", "bob", LIKE, 6))
    await store.append(*(voted("m2", who, 4, 5, name="user_accuracy") for who in ("ann", "bob")))
    await store.append(voted("m1", "ann", 2, name="user_rating"), voted("m1", "gpt", 2, source_type="LLM_JUDGE"))

    found = await store.ratings(moment(0), moment(50))

    assert found == [ReplyRatings("user_accuracy", {4: 2}), ReplyRatings("user_feedback", {0: 1, 1: 2})]


async def test_replies_that_someone_is_against_are_found(told) -> None:
    assert await told.disliked() == [ReplyVotes("m1", 1, 1)]


async def test_votes_are_told_with_the_model_in_the_order_in_which_they_came(told) -> None:
    found = await told.model_votes(["org/other", "org/model"], moment(0), moment(50))

    assert [(each.model, each.person, each.positive) for each in found] == [
        ("org/model", "cem", True),
        ("org/model", "ann", True),
        ("org/model", "bob", False),
        ("org/other", "ann", True),
    ]
    assert await told.model_votes(["org/third"]) == []


async def test_a_dimension_is_the_mean_of_peoples_means_and_so_is_the_score_by_emoji(store) -> None:
    await store.append(started("c1"), *(replied(f"m{number}", number) for number in range(3)))
    given = [("m0", "ann", 5), ("m1", "ann", 5), ("m2", "ann", 5), ("m0", "bob", 1), ("m1", "bob", 3)]
    await store.append(*(voted(message, who, score, name="user_accuracy") for message, who, score in given))
    await store.append(voted("m0", "ann", 4, name="user_clarity"), voted("m0", "ann", 2, name="user_rating"))
    await store.append(voted("m0", "ann", value=True, name="user_seen"), voted("m0", "ann", "x", name="user_word"))
    await store.append(voted("m1", "cem", 1, name="user_clarity", source_type="CODE"))

    found = await store.dimension_counts()

    assert found == [
        DimensionCounts("accuracy", 3.5, 2),
        DimensionCounts("clarity", 4.0, 1),
        DimensionCounts("rating", 2.0, 1),
    ]
    assert scores(found) == {"accuracy": Score(0.7, 2), "clarity": Score(0.8, 1), "rating": Score(0.4, 1)}


async def test_a_category_is_counted_by_people_and_by_replies(store) -> None:
    await store.append(started("c1"), replied("m1", 1), replied("m2", 2), replied("m3", 90))
    await store.append(categorised("m1", "ann", "rude", 3), categorised("m1", "ann", "rude", 4, origin="form"))
    await store.append(categorised("m2", "ann", "rude", 3), categorised("m2", "bob", "unclear", 3))
    await store.append(categorised("m1", "cem", "unclear", 3), categorised("m3", "dan", "rude", 91))

    found = await store.category_counts(moment(0), moment(50))

    assert found == [CategoryCounts("unclear", 2, 2), CategoryCounts("rude", 1, 2)]


async def test_nothing_is_counted_where_nothing_was_said(store) -> None:
    tallies = [await store.tally([division]) for division in Division]

    assert tallies == [Tally((), ())] * len(Division)
    assert await store.dimension_counts() == await store.category_counts() == await store.ratings() == []
    assert await store.disliked() == await store.model_votes(["org/model"]) == []


async def test_a_reply_of_an_unknown_conversation_is_counted_too(store) -> None:
    await store.append(replace(replied("m1"), source="elsewhere"), voted("m1", "ann", LIKE))

    assert counted(await store.tally([Division.CHANNEL, Division.MODEL])) == {" ": (1, 1, 1, 0)}
    assert await store.model_votes([""]) == []
