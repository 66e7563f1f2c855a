"""Checks over the log on both databases: what is checked, once; and that it counts as nobody's vote."""

import pytest

from bots.checking_timer import checking
from core.clock import SystemClock
from core.evaluating.checking import Checker
from core.evaluating.checks import Check, Finding
from core.evaluating.records import Records
from core.feedback import SourceType
from core.messages import PersonRef
from core.policy.file import Reloading
from core.settings import Settings
from core.store.counts import SourceCounts
from tests.contract.exports_log import ANN, BOB, asked, begun, vote
from tests.contract.store_stories import changed, moment, voted

KIND = Check("is_kind", "1", lambda reply: Finding("kind" in reply.text, f"“{reply.text}”"), "It is kind.")
LENGTH = Check("length", "1", lambda reply: len(reply.text), "How long it is.")
MAYBE = Check("maybe", "1", lambda reply: True if "?" in reply.text else None, "It asks back.")


def fails(_reply):
    raise ZeroDivisionError("a secret word")


BROKEN = Check("broken", "1", fails, "It fails.")


def checker(store, *checks: Check) -> Checker:
    return Checker(store.database, store, Records("test"), SystemClock(), checks)


@pytest.fixture
async def two(sql_store):
    """Two replies, one of them kind, and one of which nothing may be known."""
    await sql_store.append(
        begun("c1"), *asked("c1", "how are you", "Be kind.", 1),
        begun("c2"), *asked("c2", "and you", "No.", 3, by=BOB), vote("c2", BOB, value=False),
        begun("c3"), *asked("c3", "who", "Nobody.", 5, withheld=True),
    )  # fmt: skip
    return sql_store


async def said_of(store, message_id: str) -> dict[str, object]:
    return {each.name: each.value for each in await store.assessments(message_id) if each.source.type == "CODE"}


async def test_replies_are_checked_once_and_again_by_what_is_new(two) -> None:
    first = await checker(two, KIND, MAYBE).check_all(None, None)
    again = await checker(two, KIND, MAYBE).check_all(None, None)
    longer = await checker(two, KIND, LENGTH).check_all(None, None)

    assert (first, again, longer) == (2, 0, 2)
    assert await said_of(two, "c1-a1") == {"is_kind": True, "length": 8}
    assert await said_of(two, "c2-a1") == {"is_kind": False, "length": 3}
    assert await said_of(two, "c3-a1") == {}
    [kind] = [each for each in await two.assessments("c2-a1") if each.name == "is_kind"]
    assert (kind.source.id, kind.rationale) == ("is_kind@1", "“No.”")


async def test_only_replies_of_a_span_are_checked(two) -> None:
    found = await checker(two, KIND).check_all(moment(3), moment(5))

    assert found == 1
    assert await said_of(two, "c1-a1") == {}


async def test_what_checks_say_has_a_table_of_its_own_and_counts_among_nobodys(two) -> None:
    names = ("tally", "dimension_counts", "category_counts", "ratings", "disliked")
    before = [await getattr(two, name)() for name in names]

    await checker(two, KIND, LENGTH).check_all(None, None)

    assert [await getattr(two, name)() for name in names] == before
    expected = [
        SourceCounts("is_kind@1", "is_kind", 2, 0.5, 0.5, is_share=True),
        SourceCounts("length@1", "length", 2, 5.5, 36.5, is_share=False),
    ]
    assert await two.source_counts(SourceType.CODE) == expected
    assert await two.source_counts(SourceType.LLM_JUDGE) == []
    assert await two.source_counts(SourceType.CODE, moment(100)) == []
    past = await two.as_of(await two.newest())
    assert await past.source_counts(SourceType.CODE) == expected


async def test_every_store_counts_sources_alike(store) -> None:
    judged = {"source_type": "LLM_JUDGE", "name": "judge_score", "origin": "judge:1"}
    await store.append(begun("c1"), *asked("c1", "how", "So.", 1), *asked("c1", "why", "So.", 3, number=2))
    await store.append(
        voted("c1-a1", "org/judge", 4, 5, **judged),
        voted("c1-a2", "org/judge", 2, 6, **judged),
        voted("c1-a2", "org/judge", True, 6, **{**judged, "name": "judge_feedback"}),  # noqa: FBT003 - the vote
        voted("c1-a2", "org/judge", 5, 7, **judged),
        voted("nowhere", "org/judge", 5, 7, **judged),
    )

    assert await store.source_counts(SourceType.LLM_JUDGE) == [
        SourceCounts("org/judge", "judge_feedback", 1, 1.0, 1.0, is_share=True),
        SourceCounts("org/judge", "judge_score", 2, 4.5, 20.5, is_share=False),
    ]
    assert await store.source_counts(SourceType.CODE) == []


async def test_a_check_that_fails_itself_says_nothing_and_stops_no_other(two, caplog) -> None:
    found = checker(two, BROKEN, KIND)

    await found.check_all(None, None)

    assert list(found.broken) == ["broken"]
    assert await said_of(two, "c1-a1") == {"is_kind": True}
    assert [each.message for each in caplog.records].count("check_failed") == 1
    assert "secret" not in caplog.text


async def test_replies_that_come_are_checked_and_those_from_before_are_not(two) -> None:
    checking = checker(two, KIND)

    begun_with = await checking.check_new()
    await two.append(begun("c4"), *asked("c4", "hm", "Be kind, too.", 10))
    came = await checking.check_new()
    nothing = await checker(two, KIND).check_new()

    assert (begun_with, came, nothing) == (0, 1, 0)
    assert await said_of(two, "c4-a1") == {"is_kind": True}
    assert await said_of(two, "c1-a1") == {}


async def test_an_erasure_takes_the_words_in_a_reason_along(two) -> None:
    await checker(two, KIND).check_all(None, None)

    await two.erase(PersonRef.parse(BOB))
    await two.erase(PersonRef.parse(ANN))

    reasons = [each.data["rationale"] async for each in two.records() if each.data.get("name") == "is_kind"]
    assert reasons == ["", ""]
    assert await said_of(two, "c1-a1") == {"is_kind": True}
    assert await two.check() == []


async def test_a_reply_that_was_deleted_is_not_checked(two) -> None:
    await two.append(changed("c1-a1", 20, in_conversation="c1", deleted=True))

    assert await checker(two, KIND).check_all(None, None) == 1


async def test_a_running_bot_checks_what_comes_where_the_policies_say_so(two, tmp_path) -> None:
    file = tmp_path / "plaudit.toml"
    file.write_text("", encoding="utf-8")
    policies = Reloading(file)
    check_replies = checking(Settings.load(environ={}, _env_file=None), two, policies)

    await check_replies()
    await two.append(begun("c4"), *asked("c4", "hm", "One.", 10))
    await check_replies()
    file.write_text('[checks]\nafter_each_reply = true\nleave_out = ["length"]\n', encoding="utf-8")
    policies.reload()
    await check_replies()
    await two.append(begun("c5"), *asked("c5", "hm", "I'm sorry, but I can't help with that.", 20))
    await check_replies()

    assert await said_of(two, "c4-a1") == {}
    found = await said_of(two, "c5-a1")
    assert (found["not_empty"], found["no_refusal"]) == (True, False)
    assert "length" not in found
