"""What becomes of a question when the process that was at it has died, or may have: told to fakes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.assistant import Assistant, Options
from core.errors import RateLimitedError
from core.events import MessageDeleted, MessageReceived, ReactionAdded
from core.language_models.scripted import ScriptedModel, words
from core.leftovers import Leftovers
from core.messages import MessageRef, Person, PersonRef
from core.ports import Own
from core.records import SetConsent, envelop
from core.store.memory import MemoryStore
from core.store.memory_leases import MemoryLeases
from tests.unit.fakes import ADA, CLOCK, PLACE, FakePlatform, until

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SLOW = [*words("An answer of which half is")[:3], 60.0]
"""The process dies in the middle of it."""
WHOLE = words("An answer that is whole.")


class Finding(FakePlatform):
    """A platform that remembers the nonces of most posts; those of its streams it forgets."""

    def __init__(self, *, forgets: bool = False) -> None:
        super().__init__(length=2000)
        self.forgets = forgets
        self.following: set[str] = set()
        self.pauses = 0
        self.silent_in = ""
        self.silence = asyncio.Event()

    async def own_since(self, place, question):
        if self.pauses:
            self.pauses -= 1
            raise RateLimitedError(0.01)
        if place.channel == self.silent_in:
            await self.silence.wait()
        refs = [MessageRef("fake", "w", place.channel, each) for each in self.shown]
        return [
            Own(ref, "" if self.forgets else nonce, follows=ref.id in self.following)
            for ref, nonce in zip(refs, self.nonces, strict=True)
        ]


class House:
    """What outlives a process: the platform, the log, and the turns that wait."""

    def __init__(self, platform=None) -> None:
        self.platform = platform or FakePlatform(length=2000)
        self.store = MemoryStore()
        self.leases = MemoryLeases()
        self.told = 0
        self.time = START + timedelta(seconds=100)

    def now(self):
        """The moment, for all processes."""
        return self.time

    def monotonic(self):
        return CLOCK.monotonic()

    def process(self, script) -> Assistant:
        """Another process; it has nothing of what the others had in memory."""
        assistant = Assistant(
            store=self.store,
            leases=self.leases,
            model=ScriptedModel(lambda _: script),
            clock=self,
            options=Options(grace_seconds=1),
        )
        assistant.catch_up(self.platform, START)
        return assistant

    def question(self, text="hello?", place=PLACE):
        self.told += 1
        return MessageReceived(
            event_id=f"e{self.told}",
            at=START + timedelta(seconds=self.told),
            message=MessageRef("fake", "w", place.channel, f"q{self.told}"),
            place=place,
            author=Person(ADA, "Ada"),
            text=text,
            addressed=True,
        )

    async def dies_after(self, script, *questions, shown=1) -> None:
        """A process hears these questions and is gone when so many messages show. Nothing more comes of it."""
        dead = self.process(script)
        for each in questions:
            await dead.handle(each, self.platform)
        await self._dies(shown)

    async def dies_again(self, script) -> None:
        """Another process takes up what waits, and is gone in the midst of it."""
        await self.process(script).adopt_turns()
        await self._dies(1)

    async def _dies(self, shown) -> None:
        await until(lambda: len(self.platform.shown) >= shown and all(map(_has_text, self.platform.now)))
        await asyncio.sleep(0.02)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def replies(self):
        return [
            each async for each in self.store.records() if each.type == "add_message" and each.data["role"] != "user"
        ]

    async def forgets_turns(self) -> None:
        """The process had died before it let them wait."""
        self.leases.turns.clear()
        self.platform.shown.clear()
        self.platform.nonces.clear()

    async def goes_on(self, script=WHOLE, *, replies=1):
        """The next process, until so many replies are in the log; returns them."""
        async with self.process(script) as assistant:
            await assistant.adopt_turns()
            async with asyncio.timeout(5):
                while len(found := await self.replies()) < replies:  # noqa: ASYNC110 - a test's patience
                    await asyncio.sleep(0.005)
        return found


def _has_text(text):
    return bool(text.strip())


def parts_of(record):
    return [MessageRef.parse(each).id for each in record.data["parts"]]


@pytest.fixture
def house():
    return House()


async def test_a_reply_goes_on_in_the_messages_that_were_noted(house):
    await house.dies_after(SLOW, house.question())
    [waiting] = await house.leases.orphans()

    [reply] = await house.goes_on()

    assert [each.id for each in waiting.parts] == ["m0"]
    assert house.platform.now == ["An answer that is whole."]
    assert (reply.data["content"], reply.data["status"]) == ("An answer that is whole.", "complete")
    assert parts_of(reply) == ["m0"]
    assert await house.leases.orphans() == []


@pytest.mark.parametrize("forgets", [False, True], ids=["by its nonce", "as what nobody knows"])
async def test_a_message_that_was_posted_and_not_noted_is_found(forgets):
    house = House(Finding(forgets=forgets))
    await house.dies_after(SLOW, house.question())
    [waiting] = await house.leases.orphans()
    await house.leases.shows(waiting.reply_id, ())

    [reply] = await house.goes_on()

    assert house.platform.now == ["An answer that is whole."]
    assert parts_of(reply) == ["m0"]


async def test_a_message_that_was_found_is_noted_for_whoever_goes_on_next():
    house = House(Finding(forgets=True))
    await house.dies_after(SLOW, house.question())
    [waiting] = await house.leases.orphans()
    await house.leases.shows(waiting.reply_id, ())

    await house.dies_again(SLOW)

    [waiting] = await house.leases.orphans()
    assert [each.id for each in waiting.parts] == ["m0"]


async def test_a_platform_that_asks_for_a_pause_is_asked_again_what_shows():
    house = House(Finding(forgets=True))
    await house.dies_after(SLOW, house.question())
    [waiting] = await house.leases.orphans()
    await house.leases.shows(waiting.reply_id, ())
    house.platform.pauses = 2

    [reply] = await house.goes_on()

    assert house.platform.now == ["An answer that is whole."]
    assert parts_of(reply) == ["m0"]


async def test_a_platform_that_lets_us_wait_in_one_place_does_not_keep_the_others_waiting():
    house = House(Finding())
    elsewhere = replace(PLACE, channel="elsewhere")
    await house.dies_after(SLOW, house.question(), house.question(place=elsewhere), shown=2)
    house.platform.silent_in = PLACE.channel

    async with house.process(WHOLE) as assistant:
        await assistant.adopt_turns()
        await until(lambda: "An answer that is whole." in house.platform.now)
        await assistant.adopt_turns()
        shown = list(house.platform.now)
        house.platform.silence.set()
        await until(lambda: house.platform.now == ["An answer that is whole."] * 2)

    assert shown.count("An answer that is whole.") == 1


async def test_a_message_without_a_nonce_belongs_to_the_first_question_that_waits():
    house = House(Finding(forgets=True))
    await house.dies_after(SLOW, house.question("first?"), house.question("second?"))
    first, _ = await house.leases.orphans()
    await house.leases.shows(first.reply_id, ())

    one, two = await house.goes_on(replies=2)

    assert house.platform.now == ["An answer that is whole."] * 2
    assert (parts_of(one), parts_of(two)) == (["m0"], ["m1"])


async def test_what_is_asked_while_a_platform_tells_what_shows_of_an_older_answer_comes_after_it():
    house = House(Finding())
    await house.dies_after(SLOW, house.question("first?"))
    own_since, asked = house.platform.own_since, asyncio.Event()

    async def slow(place, question):
        asked.set()
        await asyncio.sleep(0.1)
        return await own_since(place, question)

    house.platform.own_since = slow
    async with house.process(WHOLE) as assistant:
        adopting = asyncio.create_task(assistant.adopt_turns())
        await asked.wait()
        await assistant.handle(house.question("second?"), house.platform)
        await adopting
        await until(lambda: house.platform.now == ["An answer that is whole."] * 2)

    assert [each.data["client_request_id"][-2:] for each in await house.replies()] == ["q1", "q2"]


async def test_a_message_that_may_be_of_either_of_two_answers_is_left_to_the_one_that_posts_it_again():
    house = House(Finding(forgets=True))
    other = replace(PLACE, thread="")
    await house.dies_after(SLOW, house.question(), house.question(place=other), shown=2)
    first, second = house.leases.turns
    house.leases.turns = {each: replace(turn, parts=(), place=PLACE) for each, turn in house.leases.turns.items()}

    assert house.leases.turns[first].conversation_id != house.leases.turns[second].conversation_id
    async with house.process(WHOLE) as assistant:
        await assistant.adopt_turns()
        await until(lambda: len(house.platform.shown) == 4)

    assert [_has_text(each) for each in house.platform.now] == [True] * 4


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        (["m0"], [], ["m0", "m2"]),
        (["m1"], ["m0"], ["m1"]),
        (["m0"], ["m3"], ["m0", "m2"]),
        ([], [], []),
    ],
    ids=["no other began", "another began before it", "another began behind it", "we did not begin"],
)
async def test_a_part_that_follows_belongs_to_the_only_answer_that_began_before_it(ours, theirs, found):
    house = House(Finding(forgets=True))
    other = replace(PLACE, thread="")
    await house.dies_after(SLOW, house.question(), house.question(place=other), shown=2)
    refs = {name: MessageRef("fake", "w", PLACE.channel, name) for name in ("m0", "m1", "m2", "m3")}
    house.platform.following = {"m2"}
    both = zip(house.leases.turns.values(), (ours, theirs), strict=True)
    waiting = [replace(turn, parts=tuple(map(refs.get, parts)), place=PLACE) for turn, parts in both]
    house.leases.turns = {each.reply_id: each for each in waiting}
    known = {*map(refs.get, [*ours, *theirs, "m2"])}
    house.platform.shown = {each.id: ["half"] for each in sorted(known, key=lambda each: each.id)}
    house.platform.nonces = [""] * len(known)

    turn = await Leftovers(house.store, house.leases, house).turn(waiting[0], house.platform, is_first=True)

    assert [each.id for each in turn.begun] == found


async def test_the_questions_that_wait_are_answered_in_their_order(house):
    asked = [house.question(f"{i}?") for i in range(4)]
    await house.dies_after(SLOW, *asked)

    replies = await house.goes_on(replies=4)

    questions = [await house.store.message_at(each.message) for each in asked]
    assert [each.data["question_id"] for each in replies] == [each.id for each in questions]


async def test_what_was_left_in_a_conversation_comes_before_what_is_asked_next(house):
    first, second = house.question("first?"), house.question("second?")
    await house.dies_after(SLOW, first)

    async with house.process(WHOLE) as assistant:
        await assistant.handle(second, house.platform)
        await until(lambda: len(house.platform.shown) == 2)
    one, two = await house.replies()

    assert one.data["client_request_id"].endswith("q1")
    assert two.data["client_request_id"].endswith("q2")
    assert house.platform.now == ["An answer that is whole."] * 2


async def test_half_an_answer_is_finished_though_its_question_was_deleted(house):
    asked = house.question()
    await house.dies_after(SLOW, asked)
    await _delete(house, asked)

    [reply] = await house.goes_on()

    assert house.platform.now == ["An answer that is whole."]
    assert parts_of(reply) == ["m0"]


async def test_a_question_that_was_deleted_before_anything_showed_is_not_answered(house):
    first, second = house.question("first?"), house.question("second?")
    await house.dies_after(SLOW, first, second)
    await _delete(house, second)

    await house.goes_on()

    assert len(house.platform.shown) == 1
    assert await house.leases.orphans() == []


async def test_a_question_whose_words_are_not_kept_is_told_to_be_asked_again(house):
    await _opt_out(house)
    await house.dies_after(SLOW, house.question("a secret"))

    [reply] = await house.goes_on()

    assert "Please ask again" in house.platform.now[0]
    assert (reply.data["content"], reply.data["status"], reply.data["reason"]) == ("", "failed", "interrupted")


async def test_a_question_that_is_in_the_log_and_was_never_taken_up_is_answered_when_it_is_told_again(house):
    asked = house.question()
    await house.dies_after(SLOW, asked)
    await house.forgets_turns()

    async with house.process(WHOLE) as assistant:
        await assistant.handle(asked, house.platform)
        await assistant.handle(asked, house.platform)
        await until(lambda: house.platform.shown)

    assert house.platform.now == ["An answer that is whole."]
    assert len(await house.replies()) == 1


async def test_half_an_answer_of_which_nothing_was_noted_is_found_when_its_question_is_told_again():
    house = House(Finding(forgets=True))
    asked = house.question()
    await house.dies_after(SLOW, asked)
    house.leases.turns.clear()

    async with house.process(WHOLE) as assistant:
        await assistant.handle(asked, house.platform)
        await until(lambda: house.platform.now == ["An answer that is whole."])

    assert [parts_of(each) for each in await house.replies()] == [["m0"]]


async def test_a_question_that_was_never_taken_up_is_answered_before_the_next_one_in_its_conversation(house):
    first, second = house.question("first?"), house.question("second?")
    await house.dies_after(SLOW, first)
    await house.forgets_turns()

    async with house.process(WHOLE) as assistant:
        await assistant.handle(second, house.platform)
        await until(lambda: house.platform.now == ["An answer that is whole."] * 2)

    assert [each.data["client_request_id"][-2:] for each in await house.replies()] == ["q1", "q2"]


async def test_a_question_that_was_never_taken_up_is_answered_before_a_later_one_that_waits(house):
    first, second = house.question("first?"), house.question("second?")
    await house.dies_after(SLOW, first, second)
    del house.leases.turns[next(iter(house.leases.turns))]
    house.time = START + timedelta(seconds=3)

    replies = await house.goes_on(replies=2)

    assert [each.data["client_request_id"][-2:] for each in replies] == ["q1", "q2"]


async def test_what_is_heard_late_comes_before_what_was_asked_later_and_waits(house):
    slow = [*words("An answer that is")[:3], 0.2, *words("whole.")]
    first, second, third, fourth = (house.question(f"{each}?") for each in range(4))
    async with house.process(slow) as busy:
        await busy.handle(first, house.platform)
        await until(lambda: len(house.platform.shown) == 1)
        await busy.handle(fourth, house.platform)
        ours, house.leases = house.leases, Elsewhere(house.leases)
        await house.process(WHOLE).handle(third, house.platform)
        house.leases = ours

        await busy.handle(second, house.platform)
        await until(lambda: len(house.platform.shown) == 4)

    assert [each.data["client_request_id"][-2:] for each in await house.replies()] == ["q1", "q2", "q3", "q4"]


@pytest.mark.parametrize("platform", [FakePlatform(length=2000), Finding(forgets=True), Finding()])
async def test_half_an_answer_that_was_noted_is_gone_on_with_when_its_question_is_told_again_first(platform):
    house = House(platform)
    asked = house.question()
    await house.dies_after(SLOW, asked)

    async with house.process(WHOLE) as assistant:
        await assistant.handle(asked, house.platform)
        await assistant.adopt_turns()
        await until(lambda: house.platform.now == ["An answer that is whole."])

    assert [parts_of(each) for each in await house.replies()] == [["m0"]]


async def test_whoever_is_broken_off_while_taking_a_question_up_does_not_keep_it_from_others(house):
    asked, taken = house.question(), set()
    house.leases.take, house.leases.give_back = _noting(taken.add), _noting(taken.discard)
    async with house.process(WHOLE) as assistant:
        waiting, house.leases.waiting = house.leases.waiting, _never
        handling = asyncio.create_task(assistant.handle(asked, house.platform))
        await until(lambda: taken)
        await asyncio.sleep(0.01)
        handling.cancel()
        await asyncio.gather(handling, return_exceptions=True)
        house.leases.waiting = waiting

        assert taken == set()
        await assistant.handle(asked, house.platform)
        await until(lambda: house.platform.shown)

    assert house.platform.now == ["An answer that is whole."]


async def test_a_question_that_is_in_the_log_and_was_never_taken_up_is_found_by_the_next_process(house):
    await house.dies_after(SLOW, house.question())
    await house.forgets_turns()

    [reply] = await house.goes_on()

    assert house.platform.now == ["An answer that is whole."]
    assert reply.data["status"] == "complete"


async def test_a_clock_that_was_ahead_hides_no_question_that_was_never_taken_up(house):
    living = house.process(WHOLE)
    house.time = START + timedelta(hours=1)
    await living.adopt_turns()
    house.time = START + timedelta(seconds=20)
    await house.dies_after(SLOW, house.question())
    await house.forgets_turns()

    async with living:
        await living.adopt_turns()
        await until(lambda: house.platform.now == ["An answer that is whole."])


@pytest.mark.parametrize("seconds", [2, 90_000], ids=["just now", "two days ago"])
async def test_a_question_that_somebody_may_be_about_to_take_up_or_that_is_too_old_is_not_taken_up(house, seconds):
    await house.dies_after(SLOW, house.question())
    await house.forgets_turns()
    house.time = START + timedelta(seconds=seconds)

    async with house.process(WHOLE) as assistant:
        await assistant.adopt_turns()

    assert house.platform.now == []


async def test_of_two_who_hear_a_question_at_once_the_slower_takes_it_up_if_the_faster_has_died(house):
    asked = house.question()
    await house.dies_after(SLOW, asked)
    await house.forgets_turns()
    house.store.message_at = _only_later(house.store)

    async with house.process(WHOLE) as assistant:
        await assistant.handle(asked, house.platform)
        await until(lambda: house.platform.shown)

    assert house.platform.now == ["An answer that is whole."]
    assert len(await house.replies()) == 1


async def test_a_question_that_was_answered_elsewhere_before_its_lease_was_free_is_not_answered_again(house):
    asked = house.question()
    async with house.process(WHOLE) as one, house.process(words("Another answer.")) as other:
        house.leases.take = _first_let(house, one, asked)

        await other.handle(asked, house.platform)
        await asyncio.sleep(0.1)

    assert house.platform.now == ["An answer that is whole."]
    assert len(await house.replies()) == 1
    assert await house.leases.orphans() == []


async def test_when_the_lease_is_lost_nothing_more_is_shown_or_kept_from_here(house):
    async with house.process([*SLOW[:3], 0.2, *WHOLE]) as assistant:
        await assistant.handle(house.question(), house.platform)
        await until(lambda: house.platform.shown)
        [waiting] = await house.leases.orphans()

        assistant.lose(f"conversation:{waiting.conversation_id}")
        await asyncio.sleep(0)
        shown = [list(each) for each in house.platform.shown.values()]
        await asyncio.sleep(0.3)

        assert [list(each) for each in house.platform.shown.values()] == shown
        assert await house.replies() == []
        assert [each.reply_id for each in await house.leases.orphans()] == [waiting.reply_id]


async def test_a_turn_that_was_lost_can_be_taken_up_again_by_the_same_process(house):
    scripts = iter([SLOW, WHOLE])
    async with house.process(WHOLE) as assistant:
        assistant._answering._models._usual.script = lambda _: next(scripts)
        await assistant.handle(house.question(), house.platform)
        await until(lambda: house.platform.shown)
        [waiting] = await house.leases.orphans()
        assistant.lose(f"conversation:{waiting.conversation_id}")
        await asyncio.sleep(0.02)

        await assistant.adopt_turns()
        await until(lambda: house.platform.now == ["An answer that is whole."])

    assert len(await house.replies()) == 1


async def test_two_who_look_for_orphans_at_once_take_each_up_once(house):
    house.platform = Finding()
    await house.dies_after(SLOW, house.question("first?"), house.question("second?"))

    async with house.process(WHOLE) as assistant:
        await asyncio.gather(*(assistant.adopt_turns() for _ in range(3)))
        await until(lambda: len(house.platform.shown) == 2)

    assert house.platform.now == ["An answer that is whole."] * 2
    assert len(await house.replies()) == 2


async def test_a_vote_on_half_an_answer_counts_for_the_reply_that_it_becomes(house):
    await house.dies_after(SLOW, house.question())
    ben = PersonRef("fake", "w", "ben")
    async with house.process(WHOLE) as assistant:
        await assistant.handle(_thumb(ben, house), house.platform)
        await assistant.adopt_turns()
        await until(lambda: house.platform.now == ["An answer that is whole."])
    [reply] = await house.replies()

    [vote] = await house.store.assessments(reply.message_id)

    assert (vote.source.id, vote.name, vote.value) == (ben.key, "user_feedback", True)


def _thumb(person, house):
    part = MessageRef("fake", "w", "room", "m0")
    return ReactionAdded(event_id="r1", at=START + timedelta(seconds=99), message=part, person=person, emoji="👍")


async def _delete(house, asked):
    async with house.process(WHOLE) as assistant:
        await assistant.handle(
            MessageDeleted(event_id="d1", at=START + timedelta(seconds=90), message=asked.message), house.platform
        )


async def _opt_out(house):
    stop = SetConsent(subject=ADA.key, keep=False)
    await house.store.append(envelop(stop, environment="dev", at=START, where=ADA, key="stop", subject=ADA.key))


async def _never(_):
    await asyncio.Event().wait()


def _noting(note):
    async def noted(name):
        note(name)
        return True

    return noted


def _only_later(store):
    """A `message_at` that does not see yet, the first time, what is appended at that moment."""
    message_at = store.message_at

    async def blind(_):
        store.message_at = message_at

    return blind


def _first_let(house, other, asked):
    """A `take` before which another process has heard the question, answered it, and left."""
    take = house.leases.take

    async def late(name):
        house.leases.take = take
        await other.handle(asked, house.platform)
        async with asyncio.timeout(5):
            while house.leases.turns or not await house.replies():  # noqa: ASYNC110 - a test's patience
                await asyncio.sleep(0.005)
        return await take(name)

    return late


class Elsewhere(MemoryLeases):
    """The same leases, as a process sees them while another has them all."""

    def __init__(self, there) -> None:
        super().__init__()
        self.turns = there.turns

    async def take(self, name):
        return False


async def test_who_is_stopping_leaves_what_another_hears_to_others(house):
    first, second = house.question("first?"), house.question("second?")
    theirs = house.process([*words("An answer that is")[:3], 0.2, *words("whole.")])
    async with theirs as stopping:
        await stopping.handle(first, house.platform)
        await until(lambda: len(house.platform.shown) == 1)
        ours, house.leases = house.leases, Elsewhere(house.leases)
        await house.process(WHOLE).handle(second, house.platform)
        house.leases = ours

    left = [each.question_id for each in await house.leases.orphans()]
    told = await house.replies()
    both = await house.goes_on(replies=2)

    assert [each.data["status"] for each in told] == ["complete"]
    assert left == [(await house.store.message_at(second.message)).id]
    assert [each.data["client_request_id"][-2:] for each in both] == ["q1", "q2"]


class NotAlone(MemoryLeases):
    """Other processes answer where this one does, until it has left."""

    def __init__(self) -> None:
        super().__init__()
        self.given_back = []

    async def others(self, name):
        return name == "answers:fake"

    async def give_back(self, name):
        self.given_back.append(name)


async def test_who_stops_leaves_what_it_cannot_finish_to_the_others_and_waits_for_the_call_under_way(house):
    house.leases = NotAlone()
    house.platform.delay = 0.05
    async with house.process([*SLOW[:3], 60.0]) as stopping:
        stopping._options = Options(grace_seconds=0.1)
        await stopping.handle(house.question("first?"), house.platform)
        await stopping.handle(house.question("second?"), house.platform)
        await until(lambda: house.platform.shown)

    [conversation] = {each.conversation_id for each in await house.leases.orphans()}
    assert len(await house.leases.orphans()) == 2
    assert await house.replies() == []
    assert house.leases.given_back[-1] == f"conversation:{conversation}"
    assert [[each.id for each in turn.parts] for turn in await house.leases.orphans()] == [["m0"], []]

    told = await house.goes_on(replies=2)
    assert [each.data["status"] for each in told] == ["complete"] * 2
    assert house.platform.now == ["An answer that is whole."] * 2


async def test_what_only_who_stops_knows_is_not_left_to_others(house):
    house.leases = NotAlone()
    await _opt_out(house)
    async with house.process([*SLOW[:3], 60.0]) as stopping:
        stopping._options = Options(grace_seconds=0.1)
        await stopping.handle(house.question(), house.platform)
        await until(lambda: house.platform.shown)

    assert [each.data["status"] for each in await house.replies()] == ["cut_off"]
    assert await house.leases.orphans() == []


async def test_what_another_heard_before_comes_before_what_is_heard_here(house):
    slow = [*words("An answer that is")[:3], 0.2, *words("whole.")]
    async with house.process(slow) as busy:
        await busy.handle(house.question("first?"), house.platform)
        await until(lambda: len(house.platform.shown) == 1)
        ours, house.leases = house.leases, Elsewhere(house.leases)
        await house.process(WHOLE).handle(house.question("second?"), house.platform)
        house.leases = ours

        await busy.handle(house.question("third?"), house.platform)

    assert [each.data["client_request_id"][-2:] for each in await house.replies()] == ["q1", "q2", "q3"]
