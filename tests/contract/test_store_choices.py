"""Which model was chosen in a channel; what one person said of a message, and when: on every store."""

from core.messages import PersonRef, PlaceRef
from tests.contract.store_stories import PLACE, chose, moment, voted, withdrew

ADA = PersonRef("slack", "T1", "U0ADA12345")


async def test_the_last_choice_in_a_channel_holds_for_all_of_its_threads_and_no_other(store) -> None:
    await store.append(chose("org/small", 9), chose("org/large", 1))

    here = await store.chosen_model(PlaceRef("slack", "T1", "C1", "another thread"))
    elsewhere = await store.chosen_model(PlaceRef("slack", "T1", "C2"))

    assert (here, elsewhere) == ("org/large", "")


async def test_a_choice_can_be_taken_back(store) -> None:
    await store.append(chose("org/small"))

    await store.append(chose(""))

    assert await store.chosen_model(PLACE) == ""


async def test_a_choice_outlives_the_erasure_of_who_made_it(store) -> None:
    await store.append(chose("org/small", person=ADA.key))

    await store.erase(ADA)

    assert await store.chosen_model(PLACE) == "org/small"
    assert ADA.id not in str([each async for each in store.records()])


async def test_the_last_moment_of_a_person_is_that_of_what_they_took_back_too(store) -> None:
    await store.append(
        voted("m1", "ann", True, 1), withdrew("m1", "ann", True, 8), voted("m1", "ann", False, 3),  # noqa: FBT003 - the vote
        voted("m1", "bob", True, 9), voted("m2", "ann", True, 9),  # noqa: FBT003 - the same
    )  # fmt: skip

    asked = [("m1", "ann"), ("m1", "cleo"), ("m3", "ann")]
    found = [await store.last_said(*each, ["user_feedback", "user_rating"]) for each in asked]

    assert found == [moment(8), None, None]
    assert await store.last_said("m1", "ann", ["user_rating"]) is None


async def test_what_stands_of_one_person_is_told_without_that_of_others(store) -> None:
    await store.append(
        voted("m1", "ann", True, 1), withdrew("m1", "ann", True, 2), voted("m1", "ann", 4, 3, name="user_rating"),  # noqa: FBT003 - the vote
        voted("m1", "bob", False, 4),  # noqa: FBT003 - the same
    )  # fmt: skip

    found = {
        who: [each.value for each in await store.standing_assessments("m1", who)] for who in ("ann", "bob", "cleo")
    }

    assert found == {"ann": [4], "bob": [False], "cleo": []}
    assert len(await store.standing_assessments("m1")) == 2
