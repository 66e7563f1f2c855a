"""A digest and an alert in words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.insight.alert import Fall
from core.insight.blocks import bar, blocks
from core.insight.digest import digest
from core.insight.report import ALL, report
from core.insight.statistics import people_rate
from core.messages import MessageRef
from core.store.counts import PartCounts, PersonVotes, Tally
from core.store.memory import MemoryStore
from core.telling.words import alert_lines, digest_lines, fitted
from tests.contract.store_stories import DISLIKE, LIKE, START, categorised, commented, replied, said, started, voted

DAY = 86_400
UNTIL = START + timedelta(days=14)


async def a_store(*more):
    """Ten people whose liking falls after a week; `more` records."""
    store = MemoryStore()
    people = [f"slack:T1:U{number}" for number in range(10)]
    await store.append(started("c1"))
    for day in range(14):
        reply = f"m{day}"
        model = {"id": f"org/{'ab'[day % 2]}", "metadata": {}}
        await store.append(
            said(f"q{day}", day * DAY), replied(reply, day * DAY + 60, model=model, question_id=f"q{day}")
        )
        votes = [LIKE if day < 7 or number < 2 else DISLIKE for number in range(10)]
        await store.append(*(voted(reply, who, vote, day * DAY + 90) for who, vote in zip(people, votes, strict=True)))
    await store.append(*more)
    return store


async def a_digest(*more, worst=2, days=7):
    return await digest(await a_store(*more), UNTIL, days=days, worst_replies=worst)


def words(found, links=None, *, quotes=False, zone="UTC"):
    return "\n".join(digest_lines(found, zone=zone, links=links or {}, quotes=quotes))


async def test_a_digest_says_how_sure_the_figures_are_and_what_got_worse():
    text = words(await a_digest(), zone="Asia/Tokyo")

    assert "in the 7 days up to Thursday, 15 January 2026, 09:00 (Asia/Tokyo)" in text
    assert "👍 **20%** (" in text
    assert "10 people, 70 votes" in text
    assert "- positive rate: 100% → 20%, **worse** by" in text
    assert "- judged: 100% → 100%, no difference that can be relied on" in text
    assert "`org/a`: 100% → 20%, **worse**" in text
    assert "`███████│▂▂▂▂▂▂▂`" in text


async def test_a_segment_whose_raters_like_it_less_is_named():
    store = MemoryStore()
    await store.append(started("c1"))
    for day in range(14):
        await store.append(said(f"q{day}", day * DAY), replied(f"m{day}", day * DAY + 60, question_id=f"q{day}"))
        for number in range(20):
            segment = "staff" if number % 2 else "user"
            vote = LIKE if day < 7 or segment == "user" else DISLIKE
            told = voted(f"m{day}", f"slack:T1:U{number}", vote, day * DAY + 90, metadata={"segment": segment})
            await store.append(told)

    text = words(await digest(store, UNTIL, days=7, worst_replies=0))

    assert "- `segment staff`: 100% → 0%, **worse** by" in text
    assert "segment user" not in text


async def test_the_worst_are_linked_and_their_words_are_quoted_only_where_that_is_wanted():
    more = [commented("m13", "slack:T1:U3", "`Wrong`, *all*\nof it."), categorised("m13", "slack:T1:U3", "made up")]
    found = await a_digest(*more)
    where = found.worst[0].address

    plain = words(found, {where: "https://slack.example/p1"})
    quoted = words(found, {where: "https://slack.example/p1"}, quotes=True)

    assert "[14 Jan 00:01](https://slack.example/p1) 👎 8 👍 2 · made up" in plain
    assert "Wrong" not in plain
    assert "  said `'Wrong', *all* of it.`" in quoted
    assert "  asked `hello`" in quoted


@pytest.mark.parametrize(
    "address",
    [
        MessageRef("slack", "T1", "D1", "1.0"),
        MessageRef("discord", "dm", "1", "2"),
        MessageRef("web", "w", "c", "1"),
        None,
    ],
)
async def test_of_what_was_said_in_private_nothing_is_quoted(address):
    found = await a_digest()
    private = replace(found, worst=tuple(replace(each, address=address) for each in found.worst))

    assert "asked" not in words(private, quotes=True)
    assert "asked" in words(found, quotes=True)


async def test_where_there_is_nothing_a_digest_says_so():
    found = await digest(MemoryStore(), UNTIL, days=1, worst_replies=3)

    text = words(found)

    assert "in the day up to" in text
    assert "There were no replies." in text
    assert "- positive rate: nobody voted in one of the two" in text


async def test_as_many_lines_are_posted_as_fit():
    lines = digest_lines(await a_digest(worst=5), zone="UTC", links={}, quotes=False)

    text = fitted(lines, 300)

    assert len(text) <= 300
    assert text.endswith("\n…")
    assert fitted(lines, 5_000) == "\n".join(lines)


async def test_an_alert_says_since_when_how_much_and_how_seldom_it_is_wrong():
    found = Fall(date(2026, 1, 8), 12_345.6, people_rate([(9, 1)] * 9), people_rate([(3, 7)] * 8))
    disliked = (await a_digest(worst=1)).worst

    text = "\n".join(alert_lines(found, disliked, once_in_days=1000, links={}, quotes=False))

    assert "Since Thursday, 08 January 2026: **30%** (" in text
    assert "In the four weeks before: **90%** (" in text
    assert "Evidence 12,346 : 1" in text
    assert "at most once in 1,000 days" in text
    assert "👎 8 👍 2" in text


def test_a_day_without_votes_is_a_dot():
    votes = tuple(
        PersonVotes((), str(who), by_asker=False, positive=who % 2, negative=1 - who % 2) for who in range(10)
    )
    half = report(Tally((PartCounts((), 9, 9),), votes))
    begin = datetime(2026, 1, 1, 9, tzinfo=UTC)

    assert blocks({"2026-01-02": half, ALL: half}, begin, begin + timedelta(days=2)) == "·▅·"
    assert blocks({}, begin, begin) == "·"


def test_a_bar_shows_where_a_rate_lies():
    some, nobody = people_rate([(9, 1)] * 30), people_rate([])

    shown = bar(some, width=21)

    assert len(shown) == 21
    assert shown.strip("·")[0] == "├"
    assert shown.index("●") == round(some.rate * 20)
    assert shown.rindex("┤") == round(some.interval.high * 20)
    assert bar(nobody, width=5) == "·····"
    assert bar(people_rate([(1, 0)]), width=5) == "├───●"
