"""What happens when something happens, told to a store in memory and a model that follows a script."""

from datetime import UTC, datetime, timedelta

import pytest

from core.assistant import Assistant, Options
from core.errors import DatabaseUnavailableError, ModelFailedError
from core.events import MessageDeleted, MessageReceived, ReactionAdded, ReactionRemoved, ReactionsCleared
from core.language_models.scripted import ScriptedModel, words
from core.messages import MessageRef, Person, PersonRef, PlaceRef
from core.ports import Chunk
from core.store.memory import MemoryStore
from tests.unit.fakes import CLOCK, FakePlatform, until

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
BEN = PersonRef("fake", "w", "ben")


class Scene:
    """An assistant, and short ways to tell it what people do. Every event is a second after the one before."""

    def __init__(self, script=lambda _: words("An answer."), *, platform=None, policies=None, store=None) -> None:
        self.store = store or MemoryStore()
        self.model = ScriptedModel(script)
        self.platform = platform or FakePlatform(length=2000)
        options = Options(grace_seconds=5)
        self.assistant = Assistant(store=self.store, model=self.model, clock=CLOCK, options=options, policies=policies)
        self.told = 0

    def _event(self, kind, **more):
        self.told += 1
        return kind(event_id=f"e{self.told}", at=START + timedelta(seconds=self.told), **more)

    def message(self, text, *, by="ada", addressed=True, parent=None, bot=False):
        person = Person(PersonRef("fake", "w", by), by.title(), is_bot=bot)
        return self._event(
            MessageReceived,
            message=MessageRef("fake", "w", "room", f"said{self.told + 1}"),
            place=PlaceRef("fake", "w", "room", "thread"),
            author=person,
            text=text,
            addressed=addressed,
            parent=parent,
        )

    def reaction(self, kind, emoji, ref, *, by=BEN, bot=False):
        return self._event(kind, message=ref, person=by, emoji=emoji, by_bot=bot)

    async def handle(self, event):
        await self.assistant.handle(event, self.platform)
        return event

    async def replies(self):
        return [
            each async for each in self.store.records() if each.type == "add_message" and each.data["role"] != "user"
        ]

    async def asks(self, text="hello"):
        before = len(await self.replies())
        event = await self.handle(self.message(text))
        await until(lambda: len(self.store.tables.messages) and self._count() > before)
        return event, (await self.replies())[-1]

    def _count(self):
        return sum(each["role"] == "assistant" for each in self.store.tables.messages.values())

    async def opinions(self, record):
        return {(each.source.id, each.name): each.value for each in await self.store.assessments(record.message_id)}


@pytest.fixture
async def scene():
    made = Scene()
    async with made.assistant:
        yield made


def part(record):
    return MessageRef.parse(record.data["parts"][0])


async def test_of_contrary_reactions_of_one_person_the_last_that_stands_counts(scene):
    _, reply = await scene.asks()

    await scene.handle(scene.reaction(ReactionAdded, "👍", part(reply)))
    await scene.handle(scene.reaction(ReactionAdded, "👎", part(reply)))
    both = await scene.opinions(reply)
    await scene.handle(scene.reaction(ReactionRemoved, "👎", part(reply)))
    one = await scene.opinions(reply)

    assert both == {(BEN.key, "user_feedback"): False}
    assert one == {(BEN.key, "user_feedback"): True}


async def test_reactions_of_bots_on_questions_and_on_unknown_messages_are_no_votes(scene):
    asked, reply = await scene.asks()

    await scene.handle(scene.reaction(ReactionAdded, "👍", part(reply), bot=True))
    await scene.handle(scene.reaction(ReactionAdded, "👍", asked.message))
    await scene.handle(scene.reaction(ReactionAdded, "👍", MessageRef("fake", "w", "room", "elsewhere")))
    await scene.handle(scene.reaction(ReactionAdded, "🎉", part(reply)))

    assert await scene.opinions(reply) == {}


async def test_a_moderator_who_clears_reactions_withdraws_the_votes_made_with_them(scene):
    _, reply = await scene.asks()
    for by in (BEN, PersonRef("fake", "w", "chloe")):
        await scene.handle(scene.reaction(ReactionAdded, "👍", part(reply), by=by))
        await scene.handle(scene.reaction(ReactionAdded, "5️⃣", part(reply), by=by))

    await scene.handle(scene._event(ReactionsCleared, message=part(reply), emoji="👍"))
    some = await scene.opinions(reply)
    await scene.handle(scene._event(ReactionsCleared, message=part(reply)))

    assert {name for _, name in some} == {"user_rating"}
    assert await scene.opinions(reply) == {}


async def test_a_late_delivery_does_not_undo_what_came_after_it(scene):
    _, reply = await scene.asks()
    added = scene.reaction(ReactionAdded, "👍", part(reply))
    removed = scene.reaction(ReactionRemoved, "👍", part(reply))

    await scene.handle(removed)
    await scene.handle(added)

    assert await scene.opinions(reply) == {}


async def test_a_comment_is_marked_as_noted_once(scene):
    asked, reply = await scene.asks()
    comment = scene.message("too long", by="ben", addressed=False, parent=asked.message)

    await scene.handle(comment)
    await scene.handle(comment)
    await scene.handle(scene.message("  ", by="ben", addressed=False, parent=asked.message))
    kept = await scene.opinions(reply)
    await until(lambda: scene.platform.reactions)
    await scene.handle(scene._event(MessageDeleted, message=comment.message))

    assert kept == {(BEN.key, "user_comment"): "too long"}
    assert scene.platform.reactions == [(comment.message, "📝")]
    assert await scene.opinions(reply) == {}


async def test_chatter_that_stands_under_nothing_is_not_kept(scene):
    await scene.asks()
    before = len(scene.store.tables.messages)

    await scene.handle(scene.message("nice weather", by="ben", addressed=False))

    assert len(scene.store.tables.messages) == before
    assert scene.platform.reactions == []


async def test_a_model_that_fails_is_told_to_the_person_and_to_the_log():
    def script(_):
        return [Chunk(text="Well, "), ModelFailedError("The model fell over.", reason="fell_over")]

    scene = Scene(script)
    async with scene.assistant:
        _, reply = await scene.asks()

    assert scene.platform.now == ["Well,\n\n⚠️ The model fell over."]
    assert (reply.data["content"], reply.data["status"], reply.data["reason"]) == ("Well, ", "failed", "fell_over")


async def test_a_mistake_of_ours_is_told_plainly_too():
    scene = Scene(lambda _: [Chunk(text="Well, "), ZeroDivisionError("oops")])
    async with scene.assistant:
        _, reply = await scene.asks()

    assert "Something went wrong on my side" in scene.platform.now[0]
    assert "oops" not in scene.platform.now[0]
    assert reply.data["reason"] == "internal_error"


async def test_leaving_gives_replies_their_grace_and_cuts_off_the_rest():
    scene = Scene(lambda _: [*words("quick")[:-1], 0.05, Chunk(finish_reason="stop")])
    async with scene.assistant:
        await scene.handle(scene.message("hello"))
    [reply] = await scene.replies()
    slow = Scene(lambda _: [Chunk(text="slow"), 60.0])
    slow.assistant = Assistant(store=slow.store, model=slow.model, clock=CLOCK, options=Options(grace_seconds=0.05))
    async with slow.assistant:
        await slow.handle(slow.message("one"))
        await slow.handle(slow.message("two"))
        await until(lambda: slow.platform.shown)

    assert reply.data["status"] == "complete"
    assert [each.data["reason"] for each in await slow.replies()] == ["stopped", "stopped"]
    assert all("stopped before the answer was complete" in text for text in slow.platform.now)


async def test_the_same_question_told_twice_is_answered_once(scene):
    event, _ = await scene.asks()

    await scene.handle(event)
    await scene.asks("another")

    assert len(scene.model.prompts) == 2
    assert len(await scene.replies()) == 2


async def test_an_empty_message_or_one_of_a_bot_starts_nothing(scene):
    await scene.handle(scene.message("   "))
    await scene.handle(scene.message("hello", bot=True))

    assert scene.store.tables.conversations == {}


async def test_a_reset_that_could_not_be_kept_is_heard_when_it_is_told_again(scene, monkeypatch):
    await scene.asks()
    reset = scene.message("reset")
    append = scene.store.append

    async def away(*_records):
        raise DatabaseUnavailableError("The database is away.")

    monkeypatch.setattr(scene.store, "append", away)
    with pytest.raises(DatabaseUnavailableError):
        await scene.handle(reset)
    monkeypatch.setattr(scene.store, "append", append)
    await scene.handle(reset)
    await scene.handle(reset)

    assert [each.type async for each in scene.store.records()].count("end_conversation") == 1
    await until(lambda: any("forgotten" in text for text in scene.platform.now))
    assert sum("forgotten" in text for text in scene.platform.now) == 1
