"""The counts of reports as they were: as a store would have answered that had nothing of what came later."""

import pytest

from core.insight.report import reports_by
from core.insight.worst import worst
from core.store.counts import Division, ResponseTime
from core.store.memory import MemoryStore
from tests.contract.store_stories import (
    any_history,
    categorised,
    changed,
    corrected,
    moment,
    replied,
    said,
    started,
    voted,
)


async def answers(counts, since=None, until=None) -> list[object]:
    divided = [await counts.tally([division], since, until) for division in Division]
    return [
        await counts.tally((), since, until),
        await counts.ratings(since, until),
        await counts.disliked(since, until),
        await counts.model_votes(["org/model"], since, until),
        *divided,
        await counts.dimension_counts(since, until),
        await counts.category_counts(since, until),
    ]


def history(seed: int) -> list:
    """Everything that can happen, with answers among it."""
    told = [replied(f"m{number}", 40 * number, to="ABCDE"[number % 5]) for number in range(12)]
    happened = [each for each in any_history(seed, 400) if each.type != "add_message"]
    for place, each in enumerate(told):
        happened.insert(place * 20, each)
    return happened


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("seq", [0, 1, 100, 250, 312])
async def test_as_of_a_seq_the_counts_are_those_of_a_store_that_ends_there(sql_store, seed, seq) -> None:
    records = history(seed)
    twin = MemoryStore()
    await sql_store.append(*records)
    await twin.append(*records[:seq])

    assert await answers(await sql_store.as_of(seq)) == await answers(twin)


async def test_as_of_a_moment_the_counts_are_of_what_had_happened(sql_store) -> None:
    records = history(7)
    twin = MemoryStore()
    await sql_store.append(*records)
    await twin.append(*(each for each in records if each.at <= moment(500)))

    assert await answers(await sql_store.as_of(moment(500))) == await answers(twin)


async def test_as_of_the_newest_the_counts_are_those_of_now(sql_store) -> None:
    await sql_store.append(*history(8))

    then = await sql_store.as_of(await sql_store.newest())

    assert await answers(then) == await answers(sql_store)
    assert await reports_by(then, Division.PLATFORM) == await reports_by(sql_store, Division.PLATFORM)


async def test_only_the_replies_of_the_span_are_held(sql_store) -> None:
    streamed = {"streaming": {"edits": 3}, "started_at": str(moment(0)), "ended_at": str(moment(9))}
    await sql_store.append(started("c1"), voted("m2", "ann", value=True, seconds=50))
    await sql_store.append(*(replied(f"m{number}", 10 * number, **streamed) for number in range(10)))

    since, until = moment(20), moment(60)
    then = await sql_store.as_of(100, since, until)

    assert list(then.tables.messages) == ["m2", "m3", "m4", "m5"]
    assert await answers(then, since, until) == await answers(sql_store, since, until)
    assert await then.streaming_figures(since, until) == await sql_store.streaming_figures(since, until)
    assert await then.response_times(since, until, limit=3) == [ResponseTime(None, 9.0)] * 3
    assert await sql_store.response_times(since, until, limit=3) == [ResponseTime(None, 9.0)] * 3
    assert (await then.tally((), since, until)).votes[0].positive == 1


async def test_a_seq_has_the_moment_at_which_it_was_kept(sql_store) -> None:
    nothing = await sql_store.moment_of(9)
    await sql_store.append(started("c1"), replied("m1"))

    [first, last] = [record.committed_at async for record in sql_store.records()]

    assert nothing is None
    assert await sql_store.moment_of(1) == first
    assert await sql_store.moment_of(99) == last


async def test_the_worst_replies_are_told_as_they_were(sql_store) -> None:
    await sql_store.append(
        started("c1"),
        said("q1", content="What is it?"),
        replied("m1", 1, content="Nothing.", question_id="q1"),
        voted("m1", "ann", value=False, seconds=2),
        corrected("m1", "ann", "Something.", 3),
    )
    then = await sql_store.newest()
    await sql_store.append(
        voted("m1", "ann", value=True, seconds=9),
        changed("m1", 10, content="Something else."),
        categorised("m1", "bob", "rude", 11),
    )

    [told] = await worst(await sql_store.as_of(then), 3)
    now = await worst(sql_store, 3)
    unknown = await (await sql_store.as_of(then)).message("m9")

    assert (told.question, told.reply, told.expected) == ("What is it?", "Nothing.", ("Something.",))
    assert (told.positive, told.negative, told.categories) == (0, 1, ())
    assert (now, unknown) == ([], None)
