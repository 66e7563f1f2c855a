"""What every store answers of what people thought: the latest word of each, whatever order it came in."""

from datetime import timedelta

import pytest

from core.errors import NotFoundError
from core.feedback import AssessmentSource, SourceType
from core.store.counts import PartCounts, PersonVotes, Tally
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
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


async def values(store, message: str) -> list[tuple[str, object]]:
    return [(each.source.id, each.value) for each in await store.assessments(message)]


async def test_an_assessment_says_who_thought_what_and_why(store) -> None:
    record = voted("m1", "ann", 4, 5, name="user_rating", rationale="so so", metadata={"normalised": 0.75})

    await store.append(record)

    [found] = await store.assessments("m1")
    assert (found.name, found.value, found.rationale) == ("user_rating", 4, "so so")
    assert (found.id, found.message_id, found.conversation_id) == (record.data["assessment_id"], "m1", "c1")
    assert found.source == AssessmentSource(SourceType.HUMAN, "ann")
    assert (found.origin, found.at, found.metadata) == ("reaction:4", moment(5), {"normalised": 0.75})


@pytest.mark.parametrize("value", [True, False, 3, 3.0, 4.5, "a category", "true", ""])
async def test_a_value_keeps_its_type(store, value) -> None:
    await store.append(voted("m1", "ann", value))

    [found] = await store.assessments("m1")

    assert (found.value, type(found.value)) == (value, type(value))


async def test_each_person_has_one_vote_on_a_reply(store) -> None:
    await store.append(voted("m1", "ann", LIKE, 1), voted("m1", "bob", LIKE, 2), voted("m1", "ann", DISLIKE, 3))

    assert await values(store, "m1") == [("bob", True), ("ann", False)]


async def test_a_vote_taken_back_lets_the_one_before_it_count_again(store) -> None:
    await store.append(voted("m1", "ann", LIKE, 1), voted("m1", "ann", DISLIKE, 2))

    await store.append(withdrew("m1", "ann", DISLIKE, 3))
    after_one = await values(store, "m1")
    await store.append(withdrew("m1", "ann", LIKE, 4))

    assert after_one == [("ann", True)]
    assert await values(store, "m1") == []


async def test_a_vote_that_arrives_late_does_not_undo_what_came_after_it(store) -> None:
    await store.append(voted("m1", "ann", DISLIKE, 10))

    await store.append(voted("m1", "ann", LIKE, 5), voted("m1", "ann", DISLIKE, 4), withdrew("m1", "ann", DISLIKE, 3))

    assert await values(store, "m1") == [("ann", False)]


async def test_taking_back_that_arrives_before_the_vote_still_takes_it_back(store) -> None:
    await store.append(withdrew("m1", "ann", LIKE, 2))

    await store.append(voted("m1", "ann", LIKE, 1))

    assert await values(store, "m1") == []


async def test_of_two_votes_of_one_moment_the_one_kept_later_counts(store) -> None:
    await store.append(voted("m1", "ann", LIKE, 1), voted("m1", "ann", DISLIKE, 1))

    assert await values(store, "m1") == [("ann", False)]


async def test_every_comment_counts_until_it_is_taken_back(store) -> None:
    first, second = commented("m1", "ann", "good", 1), commented("m1", "ann", "but slow", 2)
    await store.append(first, second)
    both = await values(store, "m1")

    await store.append(withdrew("m1", "ann", None, 3, name="user_comment", origin=first.data["origin"]))

    assert both == [("ann", "good"), ("ann", "but slow")]
    assert await values(store, "m1") == [("ann", "but slow")]


async def test_categories_of_one_person_count_side_by_side(store) -> None:
    await store.append(categorised("m1", "ann", "rude", 1), categorised("m1", "ann", "unclear", 2))

    await store.append(withdrew("m1", "ann", None, 3, name="user_category", origin="reaction:rude"))

    assert await values(store, "m1") == [("ann", "unclear")]


async def test_a_category_said_twice_counts_once_until_neither_stands(store) -> None:
    by_emoji, in_form = categorised("m1", "ann", "rude", 1), categorised("m1", "ann", "rude", 2, origin="form:m1:rude")
    await store.append(by_emoji, in_form, categorised("m1", "bob", "rude", 3))
    both = await values(store, "m1")

    await store.append(withdrew("m1", "ann", None, 4, name="user_category", origin="form:m1:rude"))
    one = await store.assessments("m1")
    await store.append(withdrew("m1", "ann", None, 5, name="user_category", origin="reaction:rude"))

    assert both == [("ann", "rude"), ("bob", "rude")]
    assert [(each.source.id, each.origin) for each in one] == [("ann", "reaction:rude"), ("bob", "reaction:rude")]
    assert await values(store, "m1") == [("bob", "rude")]


async def test_of_several_corrections_of_one_person_the_latest_counts(store) -> None:
    first, second = corrected("m1", "ann", "41", 1), corrected("m1", "ann", "42", 2, origin="form:m1")
    await store.append(first, second, corrected("m1", "bob", "43", 1))
    latest = await values(store, "m1")

    await store.append(withdrew("m1", "ann", None, 3, name="expected_response", origin="form:m1"))

    assert latest == [("bob", "43"), ("ann", "42")]
    assert sorted(await values(store, "m1")) == [("ann", "41"), ("bob", "43")]


async def test_what_a_later_vote_overrules_still_stands_until_it_is_taken_back(store) -> None:
    await store.append(voted("m1", "ann", LIKE, 1), voted("m1", "ann", DISLIKE, 2), voted("m1", "bob", LIKE, 3))
    await store.append(withdrew("m1", "bob", LIKE, 4))

    standing = [(each.source.id, each.value) for each in await store.standing_assessments("m1")]

    assert standing == [("ann", True), ("ann", False)]


async def test_an_assessment_is_found_by_what_it_was_said_with(store) -> None:
    comment = commented("m1", "ann", "good", 1)
    await store.append(voted("m1", "ann", LIKE, 1), comment)

    found = await store.assessment_from(comment.data["origin"])
    await store.append(withdrew("m1", "ann", None, 2, name="user_comment", origin=comment.data["origin"]))

    assert found is not None
    assert (found.message_id, found.value) == ("m1", "good")
    assert await store.assessment_from(comment.data["origin"]) is None


async def test_a_correction_stands_beside_the_vote(store) -> None:
    await store.append(voted("m1", "ann", DISLIKE, 1), corrected("m1", "ann", "42", 2))

    found = [(each.name, each.value) for each in await store.assessments("m1")]

    assert found == [("user_feedback", False), ("expected_response", "42")]


async def test_people_may_judge_while_the_reply_is_still_being_written(store) -> None:
    await store.append(started("c1"), voted("m1", "ann", LIKE, 1))

    await store.append(replied("m1", 2))

    assert await values(store, "m1") == [("ann", True)]


async def test_a_conversation_is_shown_with_what_most_people_made_of_each_message(store) -> None:
    await store.append(started("c1"), said("m1", 1, content="?"), replied("m2", 2), replied("m3", 3), replied("m4", 4))
    await store.append(voted("m2", "ann", LIKE), voted("m2", "bob", LIKE), voted("m2", "cem", DISLIKE))
    await store.append(voted("m3", "ann", LIKE), voted("m3", "bob", DISLIKE), commented("m3", "ann", "hm", 1))
    await store.append(commented("m3", "bob", "well", 2), voted("m3", "ann", 5, name="user_rating"))
    await store.append(voted("m4", "ann", 4, name="user_rating"), voted("m4", "bob", 5, name="user_rating"))
    await store.append(voted("m1", "gpt", LIKE, source_type="LLM_JUDGE"))

    view = await store.conversation_view("c1")

    assert [message.rating for message in view.messages] == ["", "like", "", 4.5]
    assert view.messages[2].feedback == "hm\nwell"
    assert (view.id, view.model.id, view.model.metadata, view.username) == (
        "c1",
        "org/model",
        {"revision": "main"},
        "ann",
    )
    first = view.messages[0]
    assert (first.id, first.conversation_id, first.role, first.content) == ("m1", "c1", "user", "?")
    assert first.timestamp == moment(1)


async def test_a_rating_that_came_with_the_message_shows_where_nobody_judged(store) -> None:
    await store.append(started("c1"), replied("m1", rating="like", feedback="from elsewhere"), replied("m2"))
    await store.append(changed("m2", rating="dislike"))

    view = await store.conversation_view("c1")

    assert [(message.rating, message.feedback) for message in view.messages] == [
        ("like", "from elsewhere"),
        ("dislike", ""),
    ]


async def test_a_conversation_is_shown_as_of_any_record_or_moment(store) -> None:
    await store.append(started("c1"), replied("m1", 10, content="first"), voted("m1", "ann", LIKE, 20))
    await store.append(
        changed("m1", 30, content="second"), withdrew("m1", "ann", LIKE, 40), changed("m1", 50, deleted=True)
    )
    seqs = [record.seq async for record in store.records()]

    shown = [await store.conversation_view("c1", as_of=seq) for seq in seqs]
    at_25 = await store.conversation_view("c1", as_of=moment(25))

    story = [[(message.content, message.rating) for message in view.messages] for view in shown]
    assert story == [[], [("first", "")], [("first", "like")], [("second", "like")], [("second", "")], []]
    assert at_25 == shown[2]


async def test_a_conversation_that_is_not_there_is_named_in_a_sentence(store) -> None:
    await store.append(started("c1", 10))

    with pytest.raises(NotFoundError, match="no conversation c9 in the log"):
        await store.conversation_view("c9")
    with pytest.raises(NotFoundError, match="as of 2026-01-01 00:00:05"):
        await store.conversation_view("c1", as_of=moment(5))


async def test_a_tally_counts_replies_and_each_persons_votes(store) -> None:
    await store.append(started("c1"), said("m0", 0), *(replied(f"m{number}", number) for number in range(1, 7)))
    await store.append(voted("m1", "ann", LIKE, 10), voted("m1", "ann", LIKE, 11, origin="button"))
    await store.append(voted("m1", "bob", DISLIKE, 12), voted("m1", "cem", LIKE, 13))
    await store.append(commented("m2", "ann", "hm"), corrected("m3", "ann", "42"))
    await store.append(voted("m4", "gpt", LIKE, source_type="LLM_JUDGE"), voted("m0", "ann", LIKE))
    await store.append(voted("m5", "ann", LIKE, 10), withdrew("m5", "ann", LIKE, 11), voted("m6", "ann", DISLIKE))

    everything = await store.tally()
    some = await store.tally((), moment(2), moment(6))

    votes = [
        PersonVotes((), person, by_asker=False, **counts)
        for person, counts in {
            "ann": {"positive": 1, "negative": 1},
            "bob": {"positive": 0, "negative": 1},
            "cem": {"positive": 1, "negative": 0},
        }.items()
    ]
    assert everything == Tally((PartCounts((), 6, 3),), tuple(votes))
    assert some == Tally((PartCounts((), 4, 1),), ())
    nothing = await store.tally((), moment(0) + timedelta(days=1))
    assert nothing == Tally((PartCounts((), 0, 0),), ())
