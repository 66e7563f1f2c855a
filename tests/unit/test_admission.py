"""Whether a question is let in, by policy, budget and load."""

from datetime import UTC, datetime

import pytest

from core.budgets import Spent
from core.events import MessageReceived
from core.hearing.admission import Admission
from core.messages import MessageRef, Person, PersonRef, PlaceRef
from core.policy import Audience, OnePolicy, Policy
from core.words import BUSY, NOT_ANSWERED, SPENT, SPENT_HERE

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
HERE = PlaceRef("slack", "T", "C")


class Clock:
    def now(self):
        return AT


class Counting:
    def __init__(self):
        self.spent = {}

    async def spend(self, day, who):
        for name, more in who.items():
            before = self.spent.get((day, name), Spent())
            self.spent[day, name] = Spent(before.turns + more.turns, before.tokens + more.tokens)
        return {name: self.spent[day, name] for name in who}

    async def name_of(self, person):
        return f"person-{person}"


def question(person="U1", *, roles=(), later=False):
    author = Person(PersonRef("slack", "T", person), "Ada", roles=roles)
    return MessageReceived(
        event_id="e",
        at=AT,
        message=MessageRef("slack", "T", "C", "1"),
        place=HERE,
        author=author,
        text="?",
        addressed=True,
        lasting=True,
        found_later=later,
    )


def admission(policy, *, waiting=0):
    spending = Counting()
    return Admission(OnePolicy(policy), spending, Clock(), waiting=lambda: waiting, most=2), spending


async def new():
    return False


async def known():
    return True


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), ""),
        (Policy(unanswered=Audience(people=frozenset({"U1"}))), NOT_ANSWERED),
        (Policy(unanswered=Audience(channels=frozenset({"C"}))), NOT_ANSWERED),
        (Policy(answered=Audience(people=frozenset({"U2"}))), NOT_ANSWERED),
        (Policy(answered=Audience(roles=frozenset({"pilot"}))), ""),
    ],
)
async def test_who_may_ask_is_what_the_policy_says(policy, expected):
    asked, _ = admission(policy)

    assert await asked.refusal(question(roles=("pilot",)), new) == expected


async def test_what_was_let_in_before_is_let_in_again_whatever_holds_by_now():
    asked, _ = admission(Policy(answered=Audience(people=frozenset({"U2"})), turns_per_person=1), waiting=9)

    assert await asked.refusal(question(), known) == ""


async def test_who_is_over_their_budget_uses_up_nothing_of_the_channels():
    asked, spending = admission(Policy(turns_per_person=1, turns_per_channel=5))

    said = [await asked.refusal(question(), new) for _ in range(9)]

    assert said == ["", *[SPENT] * 8]
    assert spending.spent[AT.date(), "channel:slack:T:C"].turns == 1
    assert await asked.refusal(question("U2"), new) == ""


async def test_tokens_count_for_the_person_and_the_channel():
    asked, spending = admission(Policy(tokens_per_person=100, tokens_per_channel=150))

    await asked.used(PersonRef("slack", "T", "U1"), HERE, 100)
    await asked.used(None, HERE, 50)

    assert await asked.refusal(question(), new) == SPENT
    assert await asked.refusal(question("U2"), new) == SPENT_HERE
    assert spending.spent[AT.date(), "channel:slack:T:C"].tokens == 150


async def test_what_is_found_later_is_not_counted():
    asked, spending = admission(Policy(turns_per_person=1))

    said = [await asked.refusal(question(later=True), new) for _ in range(3)]

    assert said == ["", "", ""]
    assert spending.spent[AT.date(), "person-slack:T:U1"] == Spent()


async def test_who_comes_while_too_many_are_answered_is_told_to_come_back():
    asked, _ = admission(Policy(), waiting=2)

    assert await asked.refusal(question(), new) == BUSY
