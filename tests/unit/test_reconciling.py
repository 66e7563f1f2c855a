"""What is found when the assistant looks at what it missed."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.assistant import Assistant, Options
from core.errors import MessageGoneError, PlaceGoneError, PlatformError, RateLimitedError
from core.events import MessageDeleted, MessageEdited, MessageReceived, ReactionAdded, ReactionRemoved
from core.feedback import EXPECTED_RESPONSE
from core.language_models.scripted import ScriptedModel, words
from core.messages import MessageRef, Person, PersonRef, PlaceRef
from core.ports import Rate, Reaction, Shown, Tally
from core.store.memory import MemoryStore
from tests.unit.fakes import CLOCK, FakePlatform, until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PART, OTHER_PART = MessageRef("fake", "w", "room", "m1"), MessageRef("fake", "w", "room", "m2")
PLACE = PlaceRef("fake", "w", "room", "thread")
ADA, BEN, CHLOE = (PersonRef("fake", "w", name) for name in ("ada", "ben", "chloe"))


class Remembering(FakePlatform):
    """A platform that can be asked; `refusals` are raised one after another before it answers."""

    def __init__(self):
        super().__init__(length=2000)
        self.limits = replace(self.limits, looks=Rate(10_000, 1.0))
        self.messages = []
        self.votes = {}
        self.gone = set()
        self.hidden = set()
        self.broken = set()
        self.refusals = []
        self.asked_since = []
        self.asked_for = []
        self.tells_people = True
        self.answering = asyncio.Event()
        self.answering.set()

    async def messages_since(self, place, since, limit):
        return [each for each in self.messages if each.place == place and each.at >= since][:limit]

    async def shown_in(self, place, since, until, in_turn):
        self.asked_since.append(since)

        async def page():
            self._refuse()
            if place in self.broken:
                raise PlatformError("missing_scope")
            shown = [self._own(MessageRef("fake", "w", place.channel, name)) for name in self.shown]
            shown += [
                Shown(each.message, each, self._tallies(each.message))
                for each in self.messages
                if each.place == place and since <= each.at and (until is None or each.at < until)
            ]
            await self.answering.wait()
            return [each for each in shown if each.message not in self.gone | self.hidden]

        yield await in_turn(page)

    async def reactions_on(self, message, in_turn, tallies=None):
        async def ask():
            self._refuse()
            self.asked_for.append(message)
            if message in self.gone:
                raise MessageGoneError("gone")
            return list(self.votes.get(message, ()))

        return await in_turn(ask)

    def _own(self, ref):
        return Shown(ref, None, self._tallies(ref))

    def _tallies(self, ref):
        by_emoji = {}
        for each in self.votes.get(ref, ()):
            by_emoji.setdefault(each.emoji, []).append(each)
        return tuple(
            Tally(emoji, len(people), tuple(people) if self.tells_people else None)
            for emoji, people in by_emoji.items()
        )

    def _refuse(self):
        if self.refusals:
            raise self.refusals.pop(0)


class Telling(Remembering):
    """It says where something was written, too, unless a list of `rooms` is an error."""

    def __init__(self):
        super().__init__()
        self.rooms = []

    async def rooms_since(self, since, in_turn):
        async def rooms():
            if isinstance(self.rooms, PlatformError):
                raise self.rooms
            return list(self.rooms)

        return await in_turn(rooms)


class Scene:
    def __init__(self):
        self.store = MemoryStore()
        self.platform = Remembering()
        self.assistant = Assistant(
            store=self.store, model=ScriptedModel(lambda _: words("An answer.")), clock=CLOCK, options=Options()
        )

    def message(self, name, text, *, addressed=True, at=None, **more):
        return MessageReceived(
            event_id=f"live-{name}",
            at=at or CLOCK.now(),
            message=MessageRef("fake", "w", "room", name),
            place=PLACE,
            author=Person(PersonRef("fake", "w", "ada"), "Ada"),
            text=text,
            addressed=addressed,
            parent=MessageRef("fake", "w", "room", "thread"),
            **more,
        )

    async def ask(self, name="q1", text="hello"):
        await self.assistant.handle(self.message(name, text), self.platform)
        await until(lambda: self.is_answered(name))
        [reply] = [
            each
            for each in await self.store.recent_replies(NOW)
            if each.question_id == (await self.store.message_at(MessageRef("fake", "w", "room", name))).id
        ]
        return reply

    def is_answered(self, name):
        return any(
            row["role"] == "assistant" and (row["client_request_id"] or "").endswith(f"-{name}")
            for row in self.store.tables.messages.values()
        )

    async def look_back(self, since=None):
        return await self.assistant._reconciling.look_back(self.platform, since)

    async def log(self, kind):
        return [each async for each in self.store.records() if each.type == kind]

    async def opinions(self, reply):
        return {(each.source.id, each.value) for each in await self.store.assessments(reply.id)}


@pytest.fixture
async def scene():
    made = Scene()
    async with made.assistant:
        yield made


async def test_votes_made_and_taken_back_meanwhile_are_found_once(scene):
    reply = await scene.ask()
    [part] = reply.parts
    await scene.assistant.handle(
        ReactionAdded(event_id="e1", at=CLOCK.now(), message=part, person=CHLOE, emoji="👎"), scene.platform
    )
    scene.platform.votes[part] = [Reaction(BEN, "👍")]

    await scene.look_back()
    again = await scene.look_back()

    assert await scene.opinions(reply) == {(BEN.key, True)}
    assert (await scene.log("log_feedback"))[-1].data["metadata"]["found_later"] is True
    [withdrawn] = await scene.log("withdraw_assessment")
    assert withdrawn.data["metadata"] == {"found_later": True}
    assert again == 0


async def test_what_people_do_while_the_platform_answers_wins(scene):
    reply = await scene.ask()
    [part] = reply.parts
    scene.platform.votes[part] = [Reaction(BEN, "👍")]
    scene.platform.answering.clear()

    looking = asyncio.create_task(scene.look_back())
    await asyncio.sleep(0.02)
    for kind, person, name in ((ReactionRemoved, BEN, "e1"), (ReactionAdded, CHLOE, "e2")):
        event = kind(event_id=name, at=CLOCK.now(), message=part, person=person, emoji="👍")
        await scene.assistant.handle(event, scene.platform)
    scene.platform.votes[part] = [Reaction(CHLOE, "👍")]
    scene.platform.answering.set()
    await looking

    assert await scene.opinions(reply) == {(CHLOE.key, True)}


@pytest.mark.parametrize("seconds", [-90.0, 0.3, 90.0])
async def test_what_a_wrong_clock_told_does_not_hide_what_the_platform_shows(scene, seconds):
    reply = await scene.ask()
    [part] = reply.parts
    wrong = CLOCK.now() + timedelta(seconds=seconds)
    for number, (kind, person) in enumerate([(ReactionAdded, BEN), (ReactionAdded, CHLOE), (ReactionRemoved, CHLOE)]):
        event = kind(event_id=f"e{number}", at=wrong, message=part, person=person, emoji="👍")
        await scene.assistant.handle(event, scene.platform)
        wrong += timedelta(microseconds=1)
    scene.platform.votes[part] = [Reaction(CHLOE, "👍")]

    await scene.look_back()

    assert await scene.opinions(reply) == {(CHLOE.key, True)}
    assert await scene.look_back() == 0


async def test_what_people_do_to_a_missed_comment_while_the_platform_answers_wins(scene):
    reply = await scene.ask()
    comments = [scene.message(name, "too short", addressed=False, found_later=True) for name in ("c1", "c2", "c3")]
    scene.platform.messages = comments
    scene.platform.answering.clear()
    edited, deleted, crossed = (each.message for each in comments)

    looking = asyncio.create_task(scene.look_back())
    await asyncio.sleep(0.02)
    for event in (
        MessageEdited(event_id="e1", at=CLOCK.now(), message=edited, text="better: longer"),
        MessageDeleted(event_id="e2", at=CLOCK.now(), message=deleted),
        ReactionAdded(event_id="e3", at=CLOCK.now(), message=crossed, person=ADA, emoji="❌"),
    ):
        await scene.assistant.handle(event, scene.platform)
    scene.platform.answering.set()
    await looking

    standing = await scene.store.standing_assessments(reply.id)
    assert [(each.name, each.value) for each in standing] == [(EXPECTED_RESPONSE, "longer")]


async def test_what_is_found_wins_over_an_edit_that_was_told_before_it_was_looked_for(scene):
    reply = await scene.ask()
    missed = scene.message("c1", "much too short", addressed=False, found_later=True, edited=True)
    first = MessageEdited(event_id="e1", at=CLOCK.now(), message=missed.message, text="short")
    await scene.assistant.handle(first, scene.platform)
    scene.platform.messages = [missed]

    await scene.look_back()

    assert await scene.opinions(reply) == {(ADA.key, "much too short")}


async def test_messages_written_meanwhile_are_answered_and_noted_once(scene):
    reply = await scene.ask()
    scene.platform.messages = [
        scene.message("c1", "too short", addressed=False, found_later=True),
        scene.message("q2", "and now?", found_later=True),
    ]

    await scene.look_back()
    await until(lambda: scene.is_answered("q2"))
    await scene.look_back()
    live = scene.message("c1", "too short", addressed=False)
    await scene.assistant.handle(live, scene.platform)

    [comment] = await scene.log("log_feedback")
    assert comment.data["id"] == reply.id
    assert comment.data["metadata"]["found_later"] is True
    assert len(await scene.log("start_conversation")) == 1
    assert sum(each.data["role"] == "user" for each in await scene.log("add_message")) == 2


async def test_a_comment_found_later_belongs_to_the_reply_it_was_written_under(scene):
    first = await scene.ask("q1")
    comment = scene.message("c1", "nice", addressed=False, found_later=True)
    await scene.ask("q2")
    scene.platform.messages = [comment]

    await scene.look_back(since=NOW + timedelta(days=1))

    [kept] = await scene.log("log_feedback")
    assert kept.data["id"] == first.id


async def test_a_comment_below_a_reply_whose_question_was_deleted_is_found(scene):
    reply = await scene.ask("q1")
    question = await scene.store.message(reply.question_id)
    await scene.assistant.handle(
        MessageDeleted(event_id="d", at=CLOCK.now(), message=question.parts[0]), scene.platform
    )
    scene.platform.messages = [scene.message("c1", "nice", addressed=False, found_later=True)]

    await scene.look_back()

    [kept] = await scene.log("log_feedback")
    assert kept.data["id"] == reply.id


async def test_a_place_is_looked_at_from_its_last_question_or_from_the_moment_of_the_loss(scene):
    reply = await scene.ask()
    question = await scene.store.message(reply.question_id)
    lost_at = CLOCK.now() - timedelta(hours=1)

    await scene.look_back()
    await scene.look_back(lost_at)
    await scene.look_back(NOW - timedelta(days=300))

    at_start, after_a_loss, long_ago = scene.platform.asked_since
    assert at_start == question.timestamp - timedelta(minutes=1)
    assert lost_at - timedelta(minutes=2) < after_a_loss < lost_at
    assert CLOCK.now() - long_ago < timedelta(days=3, minutes=1)


async def test_a_look_that_did_not_end_is_made_up_for_by_the_next_one(scene):
    missed, other = scene.message("q2", "and now?"), PlaceRef("fake", "w", "elsewhere", "")
    await scene.ask()
    scene.platform.refusals = [asyncio.CancelledError()]
    with contextlib.suppress(asyncio.CancelledError):
        await scene.look_back()
    # People are answered again, in the same place too, before anybody looks once more.
    await scene.ask("q3", "hello?")
    later = replace(scene.message("q4", "there?", at=CLOCK.now() + timedelta(minutes=5)), place=other)
    await scene.assistant.handle(later, scene.platform)
    scene.platform.messages = [missed]

    await scene.look_back()
    await until(lambda: scene.is_answered("q2"))

    assert await scene.look_back() == 0


async def test_a_reset_found_again_does_not_end_the_conversation_that_came_after_it(scene):
    reset = scene.message("r1", "reset", found_later=True)
    await scene.ask()
    scene.platform.messages = [reset]

    await scene.look_back(since=NOW + timedelta(days=1))
    await asyncio.sleep(0.02)

    assert await scene.log("end_conversation") == []
    assert scene.platform.now == ["An answer."]


async def test_rate_limits_are_waited_out(scene):
    reply = await scene.ask()
    scene.platform.votes[reply.parts[0]] = [Reaction(BEN, "👍")]
    scene.platform.refusals = [RateLimitedError(0.01), RateLimitedError(0.01)]

    await scene.look_back()

    assert await scene.opinions(reply) == {(BEN.key, True)}


async def test_a_look_that_fails_is_taken_again(scene):
    reply = await scene.ask()
    scene.platform.votes[reply.parts[0]] = [Reaction(BEN, "👍")]
    scene.platform.refusals = [PlatformError("down")]
    scene.assistant._reconciling._pauses = (0.01,)

    scene.assistant.catch_up(scene.platform)
    scene.assistant.catch_up(scene.platform, CLOCK.now())
    await until(lambda: scene.store.tables.assessments[reply.id])

    assert await scene.opinions(reply) == {(BEN.key, True)}


async def test_a_place_is_not_left_unread_however_often_the_platform_asks_for_a_pause(scene, caplog):
    caplog.set_level("INFO")
    reply = await scene.ask()
    scene.platform.votes[reply.parts[0]] = [Reaction(BEN, "👍")]
    shown_in, pauses = scene.platform.shown_in, [RateLimitedError(0.01) for _ in range(7)]

    def refusing(*where):
        if pauses:
            raise pauses.pop()  # not a call that goes by the budget
        return shown_in(*where)

    scene.platform.shown_in = refusing
    scene.assistant.catch_up(scene.platform)
    await until(lambda: "looked_back" in caplog.messages)

    assert await scene.opinions(reply) == {(BEN.key, True)}
    assert caplog.messages.count("look_back_waits") == 7


async def test_nobody_asks_a_platform_that_cannot_be_asked(scene):
    await scene.ask()

    assert await scene.assistant._reconciling.look_back(FakePlatform(), None) == 0


async def test_one_vote_in_the_place_of_another_is_seen_though_the_counts_agree(scene):
    reply = await scene.ask()
    [part] = reply.parts
    await scene.assistant.handle(
        ReactionAdded(event_id="e1", at=CLOCK.now(), message=part, person=CHLOE, emoji="👍"), scene.platform
    )
    scene.platform.votes[part] = [Reaction(BEN, "👍")]
    scene.platform.tells_people = False

    unnoticed = await scene.assistant._reconciling.look_back(scene.platform, None, was_away=False)
    await scene.look_back()

    assert unnoticed == 0
    assert await scene.opinions(reply) == {(BEN.key, True)}


async def test_what_was_deleted_and_edited_meanwhile_is_found_once(scene):
    reply = await scene.ask()
    comments = [scene.message(name, "too short", addressed=False) for name in ("c1", "c2")]
    for each in comments:
        await scene.assistant.handle(each, scene.platform)
    asked_at = (await scene.store.message(reply.question_id)).timestamp
    scene.platform.messages = [scene.message("q1", "hello there", at=asked_at)]
    scene.platform.messages += [replace(comments[1], text="better: longer", found_later=True)]
    scene.platform.gone = {comments[0].message}

    await scene.look_back()
    before = [each async for each in scene.store.records()]
    await scene.look_back()

    assert [each async for each in scene.store.records()] == before
    question = await scene.store.message(reply.question_id)
    assert (question.content, question.deleted) == ("hello there", False)
    standing = await scene.store.standing_assessments(reply.id)
    assert [(each.name, each.value) for each in standing] == [(EXPECTED_RESPONSE, "longer")]


async def test_a_deleted_question_and_a_deleted_reply_are_found(scene):
    reply = await scene.ask()
    question = await scene.store.message(reply.question_id)
    scene.platform.gone = {*question.parts, *reply.parts}

    await scene.look_back()

    assert (await scene.store.message(question.id)).deleted
    assert (await scene.store.message(reply.id)).deleted
    assert {each.data["deleted"] for each in await scene.log("update_message")} == {True}


@pytest.mark.parametrize("refusal", [PlaceGoneError("kicked"), PlatformError("down")])
async def test_nothing_is_taken_for_deleted_where_the_place_cannot_be_read(scene, refusal):
    reply = await scene.ask()
    scene.platform.gone = {*reply.parts}
    scene.platform.refusals = [refusal]

    with contextlib.suppress(PlatformError):
        await scene.look_back()

    assert await scene.log("update_message") == []


async def test_what_a_page_leaves_out_is_not_deleted_while_the_platform_still_has_it(scene):
    await scene.ask()
    scene.platform.messages = []

    await scene.look_back()

    assert await scene.log("update_message") == []


async def test_a_comment_that_its_author_crossed_out_meanwhile_is_taken_back(scene):
    reply = await scene.ask()
    comment = scene.message("c1", "too short", addressed=False, found_later=True)
    scene.platform.messages = [comment]
    scene.platform.votes[comment.message] = [Reaction(BEN, "❌"), Reaction(ADA, "👍")]

    await scene.look_back()
    stood = await scene.store.standing_assessments(reply.id)
    scene.platform.votes[comment.message] += [Reaction(ADA, "❌")]
    await scene.look_back()

    assert [each.value for each in stood] == ["too short"]
    assert await scene.store.standing_assessments(reply.id) == []


async def test_a_look_at_leisure_keeps_comments_and_leaves_questions(scene):
    await scene.ask()
    scene.assistant.catch_up(scene.platform)
    await until(lambda: not scene.assistant._reconciling._looks["fake"].goes_on)
    scene.platform.messages = [
        scene.message("c1", "too short", addressed=False, found_later=True),
        scene.message("q2", "and now?", found_later=True),
    ]

    await scene.assistant._reconciling.look_again()
    await until(lambda: not scene.assistant._reconciling._looks["fake"].goes_on)

    assert [each.data["feedback"] for each in await scene.log("log_feedback")] == ["too short"]
    assert sum(each.data["role"] == "user" for each in await scene.log("add_message")) == 1


async def test_where_too_much_is_written_the_news_and_each_reply_are_asked_for(scene, monkeypatch):
    monkeypatch.setattr("core.reconciling.revisiting._MESSAGES", 2)
    reply = await scene.ask()
    [part] = reply.parts
    scene.platform.votes[part] = [Reaction(BEN, "👍")]
    scene.platform.hidden = {part}
    for i in range(4):
        scene.platform.messages.append(scene.message(f"x{i}", "by the way", addressed=False))

    await scene.look_back()

    assert scene.platform.asked_for == [part]
    assert (BEN.key, True) in await scene.opinions(reply)


async def test_a_place_that_cannot_be_read_does_not_keep_the_others_waiting(scene):
    reply = await scene.ask()
    elsewhere = replace(PLACE, thread="elsewhere")
    await scene.assistant.handle(replace(scene.message("q9", "hello"), place=elsewhere), scene.platform)
    await until(lambda: scene.is_answered("q9"))
    scene.platform.votes[reply.parts[0]] = [Reaction(BEN, "👍")]
    scene.platform.broken = {elsewhere}
    scene.assistant._reconciling._pauses = (0.01,)

    scene.assistant.catch_up(scene.platform)
    await until(lambda: not scene.assistant._reconciling._looks["fake"].goes_on)

    assert await scene.opinions(reply) == {(BEN.key, True)}


async def test_more_replies_than_are_held_at_a_time_are_all_looked_at(scene, monkeypatch):
    monkeypatch.setattr("core.reconciling.revisiting._PAGE", 1)
    replies = [await scene.ask(f"q{i}") for i in range(3)]
    for reply in replies:
        scene.platform.votes[reply.parts[0]] = [Reaction(BEN, "👍")]

    await scene.look_back()
    again = await scene.look_back()

    assert [await scene.opinions(reply) for reply in replies] == [{(BEN.key, True)}] * 3
    assert again == 0


def _elsewhere(scene, name, text, place, **more):
    ref = MessageRef("fake", "w", place.channel, name)
    return replace(scene.message(name, text, **more), message=ref, place=place, parent=None)


async def test_a_first_question_where_nobody_was_answered_is_found_and_what_is_not_for_us_is_left(scene):
    scene.platform = Telling()
    await scene.ask()
    new, broken = PlaceRef("fake", "w", "new", ""), PlaceRef("fake", "w", "broken", "")
    scene.platform.rooms, scene.platform.broken = [broken, PLACE, new], {broken}
    scene.platform.messages = [
        _elsewhere(scene, "q3", "and then?", new, at=CLOCK.now() + timedelta(seconds=1)),
        _elsewhere(scene, "q2", "who are you?", new),
        _elsewhere(scene, "chatter", "nothing for you", new, addressed=False),
        _elsewhere(scene, "old", "before that", new, at=CLOCK.now() - timedelta(hours=1)),
    ]

    scene.assistant.catch_up(scene.platform, None)
    await until(lambda: scene.is_answered("q2") and scene.is_answered("q3"))

    asked = [each.data["content"] for each in await scene.log("add_message") if each.data["role"] == "user"]
    assert asked == ["hello", "who are you?", "and then?"]


async def test_a_platform_that_does_not_say_where_was_written_does_not_keep_the_look_from_ending(scene, caplog):
    scene.platform = Telling()
    await scene.ask()
    scene.platform.rooms = PlatformError("missing_scope")

    scene.assistant.catch_up(scene.platform, None)
    await until(lambda: not scene.assistant._reconciling._looks["fake"].goes_on)

    assert [each.error for each in caplog.records if each.message == "place_not_read"] == ["missing_scope"]
    await scene.ask("q2")
    assert await scene.store.begin_look("fake") == (await scene.store.message_at(replace(PART, id="q2"))).timestamp


class SetClock:
    """A clock that is set now and then."""

    def __init__(self):
        self.ahead = timedelta()

    def now(self):
        return CLOCK.now() + self.ahead

    def monotonic(self):
        return CLOCK.monotonic()


async def test_after_the_clock_was_set_all_is_looked_at_again(scene):
    clock = SetClock()
    scene.assistant = Assistant(
        store=scene.store, model=ScriptedModel(lambda _: words("An answer.")), clock=clock, options=Options()
    )
    reply = await scene.ask()
    scene.assistant.catch_up(scene.platform)
    await until(lambda: not scene.assistant._reconciling._looks["fake"].goes_on)
    vote = Reaction(BEN, "👍")

    # While the clock is wrong, a vote is found: it is of a later time than it seems when the clock is right again.
    clock.ahead = timedelta(hours=1)
    scene.platform.votes[reply.parts[0]] = [vote]
    await scene.assistant.heed_clock()
    await until(lambda: not scene.assistant._reconciling._looks["fake"].goes_on)
    found = await scene.opinions(reply)
    scene.platform.votes[reply.parts[0]] = []
    await scene.assistant.heed_clock()
    not_set = await scene.opinions(reply)
    clock.ahead = timedelta()
    await scene.assistant.heed_clock()
    await until(lambda: not scene.assistant._reconciling._looks["fake"].goes_on)

    assert found == not_set == {(BEN.key, True)}
    assert await scene.opinions(reply) == set()


async def test_a_look_under_way_when_the_clock_is_set_is_followed_by_another(scene):
    clock = SetClock()
    scene.assistant = Assistant(
        store=scene.store, model=ScriptedModel(lambda _: words("An answer.")), clock=clock, options=Options()
    )
    await scene.ask()
    scene.platform.answering.clear()
    scene.assistant.catch_up(scene.platform)
    await until(lambda: scene.platform.asked_since)

    clock.ahead = timedelta(seconds=90)
    await scene.assistant.heed_clock()
    scene.platform.answering.set()
    await until(lambda: len(scene.platform.asked_since) == 2)
