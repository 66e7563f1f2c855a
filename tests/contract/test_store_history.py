"""What every store tells of how people's opinions came to be."""

from bots.commands.presenting import opinion_line
from core.pseudonyms import Pseudonyms
from core.store.opinions_told import called
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
    categorised,
    commented,
    corrected,
    moment,
    replied,
    started,
    voted,
    withdrew,
)


async def lines(store, **bounds) -> list[str]:
    view = await store.conversation_view("c1", **bounds)
    return [str(opinion_line(each))[13:] for each in view.messages[0].history]


async def test_a_persons_votes_are_told_in_the_order_in_which_they_were_given(store) -> None:
    await store.append(started("c1"), replied("m1", 1))
    await store.append(voted("m1", "ann", LIKE, 3), voted("m1", "bob", LIKE, 4), voted("m1", "ann", DISLIKE, 2))
    await store.append(withdrew("m1", "ann", DISLIKE, 5), withdrew("m1", "ann", LIKE, 6))

    ann, bob = map((await store.pseudonyms()).of, ("ann", "bob"))
    assert await lines(store) == [
        f"00:00:02  {ann}  👎",
        f"00:00:03  {ann}  👎 → 👍",
        f"00:00:04  {bob}  👍",
        f"00:00:05  {ann}  no change",
        f"00:00:06  {ann}  👍 taken back",
    ]
    assert len(await lines(store, as_of=moment(3))) == 2


async def test_words_scores_and_reasons_are_told_too(store) -> None:
    comment = commented("m1", "ann", "too long", 2)
    found = {"metadata": {"found_later": True}}
    await store.append(started("c1"), replied("m1", 1), comment, commented("m1", "ann", "dull", 3))
    await store.append(voted("m1", "ann", "much too long", 4, name="user_comment", origin=comment.data["origin"]))
    await store.append(categorised("m1", "ann", "rude", 5), corrected("m1", "ann", "42", 6))
    await store.append(voted("m1", "ann", 4, 7, name="user_accuracy", **found))
    await store.append(withdrew("m1", "ann", None, 8, name="user_category", origin="reaction:rude"))

    assert [line.split("  ", 2)[2] for line in await lines(store)] == [
        "“too long”",
        "“dull”",
        "“too long” → “much too long”",
        "“rude”",
        "should have said “42”",
        "accuracy 4  found later",
        "“rude” taken back",
    ]


async def test_a_vote_without_a_reason_has_the_same_persons_comments_for_one(store) -> None:
    await store.append(started("c1"), replied("m1", 1), voted("m1", "ann", DISLIKE, 2), voted("m1", "bob", LIKE, 2))
    await store.append(commented("m1", "ann", "wrong", 3), commented("m1", "ann", "twice", 4))
    await store.append(voted("m1", "ann", 2, 5, name="user_rating", rationale="see above"))

    view = await store.conversation_view("c1")

    ann, bob = map((await store.pseudonyms()).of, ("ann", "bob"))
    reasons = [(each.person, each.name, each.rationale) for each in view.messages[0].opinions]
    assert reasons == [
        (ann, "user_feedback", "wrong\ntwice"),
        (bob, "user_feedback", ""),
        (ann, "user_comment", ""),
        (ann, "user_comment", ""),
        (ann, "user_rating", "see above"),
    ]


def test_a_judge_that_is_no_person_is_called_by_its_name() -> None:
    assert called("LLM_JUDGE", "org/judge", Pseudonyms(b"any")) == "LLM_JUDGE:org/judge"
