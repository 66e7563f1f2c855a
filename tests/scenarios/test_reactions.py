"""Fifty people react as they like, on replies of one and of several parts, and change their minds."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from bots.pocket.model_answers import Answer
from core.feedback import USER_FEEDBACK, USER_RATING
from tests.scenarios.conftest import a_world

PEOPLE = 50
VOTES = {"👍": (USER_FEEDBACK, True), "👎": (USER_FEEDBACK, False)}
SCORES = {f"{score}️⃣": (USER_RATING, score) for score in range(1, 6)}
MEANINGS = VOTES | SCORES | {"🎉": None}
LONG = "\n\n".join(f"Paragraph {i}. " + "word " * 150 for i in range(12))


class Reactions(RuleBasedStateMachine):
    """The bot on one side; on the other, a list of what stands, in the order in which it was put there."""

    platform = "slack"
    database_url = ""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.standing: list[tuple[int, object, str]] = []
        self.acts = 0

    def run(self, work):
        return self.loop.run_until_complete(work)

    @initialize()
    def two_replies(self):
        async def begin():
            answers = {"short": "A word.", "long": LONG}
            self.world = await self.stack.enter_async_context(
                a_world(
                    self.platform,
                    self.database_url,
                    answers=lambda m: Answer(answers[m[-1]["content"]], tokens_per_second=None),
                )
            )
            self.people = [self.world.person(f"P{i}") for i in range(PEOPLE)]
            for i, person in enumerate(self.people):
                person.skin_tone = [None, 2, 3, 4, 5, 6][i % 6]
            self.places = []
            for kind in answers:
                question, _ = await self.world.ask("Ada", kind)
                record = await self.world.kept(question)
                self.places += [(record.message_id, part) for part in self.world.parts(question)]

        self.run(begin())
        assert len(self.places) > 2

    @rule(person=st.integers(0, PEOPLE - 1), place=st.integers(0, 99), emoji=st.sampled_from(sorted(MEANINGS)))
    def someone_reacts(self, person, place, emoji):
        place %= len(self.places)
        key = (person, self.places[place][1], emoji)
        if key not in self.standing:
            self.standing.append(key)
        self.run(self.people[person].reacts(emoji, self.places[place][1]))
        self.acts += 1

    @precondition(lambda self: self.standing)
    @rule(which=st.integers(0, 10_000))
    def someone_takes_it_back(self, which):
        person, part, emoji = self.standing.pop(which % len(self.standing))
        self.run(self.people[person].takes_back(emoji, part))
        self.acts += 1

    @precondition(lambda self: self.standing)
    @rule(which=st.integers(0, 10_000), place=st.integers(0, 99), emoji=st.sampled_from(sorted(VOTES)))
    def someone_changes_their_mind(self, which, place, emoji):
        person = self.standing[which % len(self.standing)][0]
        self.someone_takes_it_back(which)
        self.someone_reacts(person, place, emoji)

    def teardown(self):
        try:
            if hasattr(self, "world"):
                self.run(self.compare())
        finally:
            self.run(self.stack.aclose())
            self.loop.close()

    async def compare(self):
        await self.world.quiet()
        await self.world.eventually(self.is_as_predicted, patience=20)

    async def is_as_predicted(self):
        return await self.found() == self.predicted()

    def predicted(self):
        messages = {part: message_id for message_id, part in self.places}
        opinions = {}
        for person, part, emoji in self.standing:
            if meaning := MEANINGS[emoji]:
                name, value = meaning
                opinions[messages[part], self.people[person].name, name] = value
        return opinions

    async def found(self):
        names = {self.world.wire_person(person): person.name for person in self.people}
        opinions = {}
        for message_id in {message_id for message_id, _ in self.places}:
            for each in await self.world.store.assessments(message_id):
                opinions[message_id, names[each.source.id.split(":")[-1]], each.name] = each.value
        return opinions


@pytest.mark.long
def test_a_thousand_reactions_leave_exactly_the_opinions_that_stand(platform, database_url, tmp_path):
    class Here(Reactions):
        pass

    Here.platform = platform
    Here.database_url = database_url

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=1,
            stateful_step_count=1_000,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
