"""Why a message stands as it does, in words."""

import pytest

from core.errors import NotFoundError
from tests.contract.store_stories import LIKE, changed, corrected, replied, said, started, voted, withdrew


async def test_every_record_behind_a_reply_is_told_in_a_sentence(sql_store) -> None:
    ann = (await sql_store.pseudonyms()).of("ann")
    await sql_store.append(started("c1"), said("m1", 1), replied("m2", 2, question_id="m1", content="forty-two"))
    await sql_store.append(voted("m2", "ann", LIKE, 3, metadata={"found_later": True}), corrected("m2", "ann", "42", 4))
    await sql_store.append(
        withdrew("m2", "ann", LIKE, 5), changed("m2", 6, content="42"), changed("m2", 7, deleted=True)
    )
    await sql_store.append(
        replied("m3", 8, retry_of="m2", question_id="m1", status="failed", reason="away", content="")
    )

    found = await sql_store.explain("m2")

    assert [each.what for each in found] == [
        "The assistant's answer to m1 was kept, 9 characters.",
        f"{ann} said user_feedback = True by reaction:True, found later.",
        f"{ann} said expected_response = “42” by message:1.",
        f"{ann} took back user_feedback by reaction:True.",
        "It was edited: the new text counts.",
        "It was deleted.",
    ]
    assert [each.seq for each in found] == sorted(each.seq for each in found)
    [last] = await sql_store.explain("m3")
    assert last.what == "The assistant's answer to m1, beside m2 was kept, 0 characters; failed: away."


async def test_a_message_that_is_not_there_is_named(sql_store) -> None:
    with pytest.raises(NotFoundError, match="no message m9"):
        await sql_store.explain("m9")
