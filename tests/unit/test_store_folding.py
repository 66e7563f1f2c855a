"""How records change the tables, whatever order they come in."""

import json

from hypothesis import given
from hypothesis import strategies as st

from core.records import Record
from core.store.changes import Step, in_batches
from core.store.envelope import entry
from core.store.folded import FoldedTables
from core.store.folding import fold
from tests.contract.store_stories import changed, ended, said, started, voted, withdrew

people = st.sampled_from(["ann", "bob"])
names = st.sampled_from(["user_feedback", "user_comment", "user_rating", "user_category"])
origins = st.sampled_from(["reaction:👍", "reaction:👎", "message:1"])
values = st.sampled_from([True, False, 3, "a comment"])


@st.composite
def opinions(draw: st.DrawFn) -> list[Record]:
    """Things said and taken back, at moments that all differ."""
    moments = draw(st.lists(st.integers(0, 100), unique=True, max_size=12))
    history = []
    for seconds in moments:
        person, name, origin = draw(people), draw(names), draw(origins)
        if draw(st.booleans()):
            history.append(voted("m1", person, draw(values), seconds, name=name, origin=origin))
        else:
            history.append(withdrew("m1", person, None, seconds, name=name, origin=origin))
    return history


def assessments_after(history: list[Record]) -> dict[tuple[str, ...], dict[str, object]]:
    tables = FoldedTables()
    for seq, record in enumerate(history, start=1):
        changes = fold(record)
        for change in changes:
            change.row["seq"] = seq
        tables.apply(changes)
    rows = tables.assessments["m1"]
    return {key: {name: value for name, value in row.items() if name != "seq"} for key, row in rows.items()}


@given(opinions(), st.data())
def test_opinions_stand_the_same_whatever_order_they_arrive_in_and_however_often(history, data) -> None:
    again = data.draw(st.lists(st.sampled_from(history), max_size=5)) if history else []
    shuffled = data.draw(st.permutations(history + again))

    assert assessments_after(shuffled) == assessments_after(history)


@given(opinions())
def test_what_counts_is_the_newest_that_stands_and_every_comment_and_each_category_that_stands(history) -> None:
    rows = assessments_after(history)

    said_last: dict[tuple[str, ...], Record] = {}
    for record in sorted(history, key=lambda record: record.at):
        data = record.data
        said_last[data["name"], data["source_type"], data["source_id"], data["origin"]] = record
    standing = {key: record for key, record in said_last.items() if record.type == "log_feedback"}
    expected = {
        key
        for key, record in standing.items()
        if key[0] == "user_comment"
        or record.at == max(other.at for each, other in standing.items() if _vie(key, record, each, other))
    }
    assert {key for key, row in rows.items() if row["current"]} == expected
    assert {key for key, row in rows.items() if row["standing"]} == set(standing)


def _vie(key: tuple[str, ...], record: Record, other_key: tuple[str, ...], other: Record) -> bool:
    """Whether only the later of two opinions can count."""
    same = json.dumps(record.data["value"]) == json.dumps(other.data["value"])
    return key[:3] == other_key[:3] and (key[0] != "user_category" or same)


def test_a_batch_does_each_step_once_for_all() -> None:
    records = [started("c1"), said("m1"), said("m2"), voted("m1", "ann", 3), said("m3"), ended("c1")]

    batches = list(in_batches([change for record in records for change in fold(record)]))

    assert [{step: len(rows) for step, rows in batch.items()} for batch in batches] == [
        {
            Step.START_CONVERSATION: 1,
            Step.ADD_MESSAGE: 3,
            Step.PLACE_PART: 3,
            Step.TOUCH_CONVERSATION: 1,
            Step.END_CONVERSATION: 1,
            Step.ASSESS: 1,
        }
    ]


def test_a_batch_ends_where_steps_of_one_message_would_change_places() -> None:
    records = [said("m1", content="a"), changed("m1", content="b"), said("m1", content="c"), changed("m2", content="d")]

    batches = list(in_batches([change for record in records for change in fold(record)]))

    assert [[row.get("content") for step in batch for row in batch[step] if "content" in row] for batch in batches] == [
        ["a", "b"],
        ["c", "d"],
    ]


def test_a_field_of_a_later_version_is_passed_over() -> None:
    record = said("m1")
    later = entry(Record(**{**_fields(record), "data": {**record.data, "mood": "sunny"}}))

    assert later.changes == entry(record).changes
    assert '"mood":"sunny"' in later.text


def _fields(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
