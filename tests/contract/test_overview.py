"""The figures kept at hand are what a report says, whatever happened since they were counted."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from core.insight.daily import Scope
from core.insight.overview import Figures
from core.insight.report import Report, report, reports
from core.messages import PersonRef, PlaceRef
from core.store.counts import Division, Tally
from core.store.sql import SqlStore
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
    PLACE,
    START,
    changed,
    commented,
    corrected,
    moment,
    replied,
    started,
    voted,
    withdrew,
)

DAY = 86_400
ANN, BEN = "slack:T1:UANNANN01", "slack:T1:UBENBEN01"
NOW = START + timedelta(days=9, hours=2)
ALL = Scope(days=30)


async def told(store: SqlStore) -> None:
    """Ten days of two models in two channels."""
    await store.append(started("c1"), started("c2", place=PlaceRef("discord", "1", "2")))
    for day in range(10):
        at, to = day * DAY + 60, f"c{day % 2 + 1}"
        model = {"id": f"org/{'ab'[day % 3 == 0]}", "metadata": {}}
        await store.append(
            replied(f"m{day}", at, to=to, model=model),
            replied(f"n{day}", at + 5, to=to),
            voted(f"m{day}", ANN, LIKE, at + 9),
            voted(f"n{day}", BEN, day % 2 == 0, at + 9, metadata={"by_asker": True}),
        )


async def counted(figures: Figures) -> None:
    """All of it."""
    await figures.refresh()
    while not figures.covers(Scope(days=365)):
        await figures.refresh()


async def as_a_report(store: SqlStore, division: Division) -> dict[str, Report]:
    return {name: each for (name,), each in reports(await store.tally((division,))).items()}


async def test_what_is_kept_at_hand_is_what_a_report_says(sql_store: SqlStore) -> None:
    await told(sql_store)
    figures = Figures(sql_store, lambda: NOW)

    await counted(figures)

    for division in (Division.MODEL, Division.PLATFORM, Division.CHANNEL):
        view = await figures.view(ALL, division)
        assert view.whole == report(await sql_store.tally())
        assert view.parts == await as_a_report(sql_store, division)
    assert figures.names() == (["org/a", "org/b", "org/model"], [PLACE.key.rsplit(":", 1)[0], "discord:1:2"][::-1])


async def test_votes_withdrawals_and_an_erasure_change_it_as_they_change_a_report(sql_store: SqlStore) -> None:
    await told(sql_store)
    figures = Figures(sql_store, lambda: NOW)
    await counted(figures)
    afterwards: list[Callable[[], object]] = [
        lambda: sql_store.append(voted("m3", BEN, DISLIKE, 9 * DAY)),
        lambda: sql_store.append(withdrew("m3", ANN, LIKE, 9 * DAY)),
        lambda: sql_store.append(voted("m4", ANN, DISLIKE, 9 * DAY), commented("n5", BEN, "why?", 9 * DAY)),
        lambda: sql_store.append(corrected("n6", BEN, "so", 9 * DAY), changed("n7", 9 * DAY, deleted=True)),
        lambda: sql_store.append(replied("late", 2 * DAY), voted("late", ANN, LIKE, 9 * DAY)),
        lambda: sql_store.erase(PersonRef.parse(ANN)),
        lambda: sql_store.append(voted("m1", BEN, LIKE, 9 * DAY)),
    ]

    for act in afterwards:
        await act()  # type: ignore[misc]  # of several kinds
        await figures.refresh()
        view = await figures.view(ALL, Division.MODEL)

        assert view.whole == report(await sql_store.tally())
        assert view.parts == await as_a_report(sql_store, Division.MODEL)
        assert sum(each.replies for each in view.points) == view.whole.total_traces
        assert sum(each.judged for each in view.points) == view.whole.traces_with_feedback


async def test_a_scope_is_what_a_report_of_the_place_and_the_time_says(sql_store: SqlStore) -> None:
    await told(sql_store)
    figures = Figures(sql_store, lambda: NOW)
    await counted(figures)

    on_slack = await figures.view(Scope(days=30, platform="slack"), Division.MODEL)
    three_days = await figures.view(Scope(days=3), Division.MODEL)
    of_a_model = await figures.view(Scope(days=30, model="org/b"), Division.CHANNEL)
    weeks = await figures.view(Scope(days=365), Division.MODEL)

    assert on_slack.whole == report(await sql_store.tally(platform="slack"))
    assert three_days.whole == report(await sql_store.tally((), moment(7 * DAY)))
    assert of_a_model.whole == (await as_a_report(sql_store, Division.MODEL))["org/b"]
    assert [each.day.weekday() for each in weeks.points] == [0, 0]
    assert weeks.whole == report(await sql_store.tally())


async def test_those_who_ask_at_once_share_a_count_and_a_late_one_gets_the_next(sql_store: SqlStore) -> None:
    await told(sql_store)
    figures = Figures(sql_store, lambda: datetime.now(UTC))
    asked = []
    tally_of_days = sql_store.tally_of_days

    async def tallied(divisions: Sequence[Division], first: date, last: date) -> Tally:
        asked.append(first)
        return await tally_of_days(divisions, first, last)

    sql_store.tally_of_days = tallied  # type: ignore[method-assign]  # to hear of it
    first, second = figures.refresh(), figures.refresh()
    await first

    assert first is second
    await counted(figures)
    await figures.refresh()
    assert len(asked) == len(set(asked)) < 20
