"""What every store answers of questions that have no reply."""

from datetime import timedelta

from core.messages import stable_ulid
from tests.contract.store_stories import changed, ended, moment, replied, said, started


def asked(second: int) -> str:
    """The id of a question of that moment."""
    return stable_ulid(moment(second), f"question {second}")


async def unanswered(store, since: int, before: int) -> list[str]:
    return [each.id for each in await store.unanswered(moment(since), moment(before))]


async def test_questions_without_a_reply_are_found_by_when_they_were_asked(store) -> None:
    await store.append(started("c1"), *(said(asked(second), second) for second in (3, 1, 2)))

    assert await unanswered(store, 0, 9) == [asked(1), asked(2), asked(3)]
    assert await unanswered(store, 1, 3) == [asked(1), asked(2)]
    assert await store.unanswered(moment(1) + timedelta(milliseconds=1), moment(3)) == [
        each for each in [await store.message(asked(2))] if each
    ]


async def test_what_was_answered_deleted_or_ended_is_not_among_them(store) -> None:
    await store.append(started("c1"), started("c2"), *(said(asked(second), second) for second in (1, 2, 3)))
    await store.append(said(asked(4), 4, to="c2"), replied("r1", 5, question_id=asked(1)))
    await store.append(changed(asked(2), 6, deleted=True), ended("c2", 7))

    assert await unanswered(store, 0, 9) == [asked(3)]
