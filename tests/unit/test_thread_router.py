"""The table of the design: what a person does around a reply, and what becomes of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.controls import Form, Notice
from core.errors import DatabaseUnavailableError
from core.events import (
    ButtonPressed,
    CommandGiven,
    FormSubmitted,
    MessageDeleted,
    MessageEdited,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)
from core.feedback import Meaning
from core.language_models.scripted import words
from core.messages import MessageRef, Person, PersonRef, PlaceRef
from core.policy import Audience, OnePolicy, Policy, Seeds, ThreadPolicy
from core.ports import Sent
from tests.unit.fakes import FakePlatform, until
from tests.unit.test_assistant import BEN, Scene, part

ADA = PersonRef("fake", "w", "ada")


class PrivatePlatform(FakePlatform):
    """Also buttons, forms and what only one person sees."""

    tells_in_place = True

    def __init__(self, **more) -> None:
        super().__init__(**more)
        self.offered: list[tuple[MessageRef, str, tuple[str, ...]]] = []
        self.whispers: list[tuple[str, Notice]] = []
        self.forms: list[tuple[str, Form]] = []
        self.told: list[tuple[PersonRef, Notice]] = []
        self.said: list = []

    async def offer(self, message, text, buttons):
        self.offered.append((message, text, tuple(each.action for each in buttons)))
        return Sent(message)

    async def whisper(self, ticket, notice):
        self.whispers.append((ticket, notice))

    async def open_form(self, ticket, form):
        self.forms.append((ticket, form))

    async def tell(self, person, place, notice):
        self.told.append((person, notice))

    async def messages_since(self, place, since, limit):
        return self.said

    async def shown_in(self, place, since, until, in_turn):
        yield ()

    async def reactions_on(self, message, in_turn, tallies=None):
        return ()


class Private(Scene):
    def __init__(self, policy=None, **more) -> None:
        policies = OnePolicy(policy) if policy else None
        super().__init__(platform=PrivatePlatform(length=2000), policies=policies, **more)

    def press(self, action, message, *, by=BEN, ticket="t"):
        return self._event(
            ButtonPressed,
            person=Person(by, by.id.title()),
            place=PlaceRef("fake", "w", "room", "thread"),
            message=message,
            action=action,
            ticket=ticket,
        )

    def submit(self, action, values, *, by=BEN):
        place = PlaceRef("fake", "w", "room", "thread")
        person = Person(by, by.id.title())
        return self._event(FormSubmitted, person=person, place=place, action=action, values=values, ticket="f")

    def command(self, text, *, by=BEN, lasting=True):
        place = PlaceRef("fake", "w", "room", "thread")
        person = Person(by, by.id.title())
        return self._event(CommandGiven, person=person, place=place, lasting=lasting, text=text, ticket="c")

    async def comments(self, text, asked, by="ben"):
        return await self.handle(self.message(text, by=by, addressed=False, parent=asked.message))

    async def whispered(self, event):
        before = len(self.platform.whispers)
        await self.handle(event)
        return [notice.text for _, notice in self.platform.whispers[before:]]

    async def types(self):
        return [each.type async for each in self.store.records()]


@pytest.fixture
async def scene():
    made = Private()
    async with made.assistant:
        yield made


async def test_better_in_the_thread_is_a_correction_that_its_author_can_edit_and_withdraw(scene):
    asked, reply = await scene.asks()

    said = await scene.comments("Better: there are three.", asked)
    first = await scene.opinions(reply)
    await scene.handle(scene._event(MessageEdited, message=said.message, text="better: there are 3."))
    second = await scene.opinions(reply)
    await scene.handle(scene.reaction(ReactionAdded, "❌", said.message))

    assert first == {(BEN.key, "expected_response"): "there are three."}
    assert second == {(BEN.key, "expected_response"): "there are 3."}
    assert await scene.opinions(reply) == {}
    await until(lambda: (said.message, "✏️") in scene.platform.taken_off)
    assert scene.platform.reactions[0] == (said.message, "✏️")


async def test_only_its_author_can_take_a_comment_back(scene):
    asked, reply = await scene.asks()
    said = await scene.comments("too long", asked)

    await scene.handle(scene.reaction(ReactionAdded, "❌", said.message, by=ADA))

    assert await scene.opinions(reply) == {(BEN.key, "user_comment"): "too long"}


async def test_what_was_taken_back_stays_so_though_it_was_edited_later(scene):
    asked, reply = await scene.asks()
    said = await scene.comments("too long", asked)
    cross = scene.reaction(ReactionAdded, "❌", said.message)

    await scene.handle(scene._event(MessageEdited, message=said.message, text="too short"))
    await scene.handle(cross)
    await scene.handle(scene._event(MessageEdited, message=said.message, text="too broad"))

    assert await scene.opinions(reply) == {}


async def test_what_is_taken_back_and_edited_at_once_does_not_count(scene, monkeypatch):
    asked, reply = await scene.asks()
    said = await scene.comments("too long", asked)
    store, read = scene.store, scene.store.assessment_from

    async def slowly(origin):
        found = await read(origin)
        await asyncio.sleep(0.01)
        return found

    monkeypatch.setattr(store, "assessment_from", slowly)
    cross = scene.reaction(ReactionAdded, "❌", said.message)
    edit = scene._event(MessageEdited, message=said.message, text="too short")
    await asyncio.gather(scene.handle(cross), scene.handle(edit))

    assert await scene.opinions(reply) == {}


@pytest.mark.parametrize("gone", ["deleted", "taken back"])
async def test_a_comment_told_only_after_it_was_gone_is_not_kept(scene, gone):
    asked, reply = await scene.asks()
    late = scene.message("too long", by="ben", addressed=False, parent=asked.message)
    end = scene._event(MessageDeleted, message=late.message)
    if gone == "taken back":
        end = scene.reaction(ReactionAdded, "❌", late.message)

    await scene.handle(end)
    await scene.handle(late)

    assert await scene.opinions(reply) == {}


async def test_a_comment_told_only_after_it_was_edited_reads_as_it_does_now(scene):
    asked, reply = await scene.asks()
    late = scene.message("too long", by="ben", addressed=False, parent=asked.message)
    edits = [scene._event(MessageEdited, message=late.message, text=text) for text in ("better: yes", "better: no")]

    for event in (*reversed(edits), late, edits[0]):
        await scene.handle(event)

    assert await scene.opinions(reply) == {(BEN.key, "expected_response"): "no"}


async def test_a_comment_told_late_makes_the_assistant_look_how_it_stands(scene):
    asked, reply = await scene.asks()
    looked_at = []
    scene.assistant._hearing._look_at = lambda _, reply_id: looked_at.append(reply_id)
    late = scene.message("too long", by="ben", addressed=False, parent=asked.message)
    scene.told = 1_000_000_000
    on_time = scene.message("too short", by="ben", addressed=False, parent=asked.message)

    await scene.handle(late)
    await scene.handle(on_time)

    assert looked_at == [reply.message_id]


async def test_a_moderator_who_clears_one_tone_of_an_emoji_leaves_the_others(scene):
    _, reply = await scene.asks()
    for by, emoji in ((BEN, "👍🏽"), (ADA, "👍")):
        await scene.handle(scene.reaction(ReactionAdded, emoji, part(reply), by=by))

    await scene.handle(scene._event(ReactionsCleared, message=part(reply), emoji="👍🏽"))

    assert await scene.opinions(reply) == {(ADA.key, "user_feedback"): True}


async def test_who_takes_one_tone_of_an_emoji_away_and_leaves_another_still_votes(scene):
    _, reply = await scene.asks()
    for emoji in ("👍🏽", "👍"):
        await scene.handle(scene.reaction(ReactionAdded, emoji, part(reply)))

    await scene.handle(scene.reaction(ReactionRemoved, "👍", part(reply)))

    assert await scene.opinions(reply) == {(BEN.key, "user_feedback"): True}


async def test_a_comment_edited_into_a_correction_is_one(scene):
    asked, reply = await scene.asks()
    said = await scene.comments("there are three", asked)

    await scene.handle(scene._event(MessageEdited, message=said.message, text="correction: there are three"))

    assert await scene.opinions(reply) == {(BEN.key, "expected_response"): "there are three"}


async def test_a_speech_balloon_makes_a_comment_of_ones_own_a_question(scene):
    asked, reply = await scene.asks()
    said = await scene.comments("and why?", asked)

    await scene.handle(scene.reaction(ReactionAdded, "💬", said.message))
    await until(lambda: len(scene.model.prompts) == 2)

    assert [each.content for each in scene.model.prompts[-1]] == ["hello", "An answer.", "and why?"]
    assert await scene.opinions(reply) == {}


async def test_a_second_answer_stands_beside_the_first_and_the_talk_goes_on_from_it():
    answers = iter(["First.", "Second.", "Third."])
    scene = Private(script=lambda _: words(next(answers)))
    async with scene.assistant:
        _, first = await scene.asks()

        await scene.handle(scene.reaction(ReactionAdded, "🔁", part(first), by=BEN))
        await scene.handle(scene.reaction(ReactionAdded, "🔁", part(first), by=ADA))
        await until(lambda: scene._count() == 2)
        await scene.asks("and then?")
        replies = await scene.replies()

    assert [each.data["content"] for each in replies] == ["First.", "Second.", "Third."]
    assert replies[1].data["question_id"] == first.data["question_id"]
    assert replies[1].data["retry_of"] == first.message_id
    assert [each.content for each in scene.model.prompts[-1]] == ["hello", "Second.", "and then?"]


async def test_the_button_and_the_reaction_are_one_vote_and_the_last_counts(scene):
    _, reply = await scene.asks()

    await scene.handle(scene.reaction(ReactionAdded, "👎", part(reply)))
    await scene.handle(scene.press("like", part(reply)))
    both = await scene.opinions(reply)
    told = await scene.whispered(scene.press(f"withdraw:{reply.message_id}", part(reply)))

    assert both == {(BEN.key, "user_feedback"): True}
    assert await scene.opinions(reply) == {(BEN.key, "user_feedback"): False}
    assert told == ["Taken back. Your reaction 👎 still counts; take that off, too, if you like."]


async def test_a_press_is_acknowledged_once(scene):
    _, reply = await scene.asks()
    press = scene.press("dislike", part(reply))

    first = await scene.whispered(press)
    again = await scene.whispered(press)

    assert first == ["Noted: 👎. Thank you!"]
    assert again == []


async def test_the_private_form_says_why_and_is_filled_in_when_it_is_opened_again(scene):
    _, reply = await scene.asks()
    action = f"why:{reply.message_id}"

    await scene.handle(scene.press(action, part(reply)))
    told = await scene.whispered(
        scene.submit(action, {"categories": ("wrong", "too long"), "comment": " no ", "expected": "Yes."})
    )
    first = {(each.name, each.value) for each in await scene.store.assessments(reply.message_id)}
    await scene.handle(scene.press(action, part(reply)))
    await scene.handle(scene.submit(action, {"categories": ("wrong",), "comment": "", "expected": "Yes."}))
    second = {(each.name, each.value) for each in await scene.store.assessments(reply.message_id)}

    assert first == {
        ("user_category", "wrong"),
        ("user_category", "too long"),
        ("user_comment", "no"),
        ("expected_response", "Yes."),
    }
    assert told == ["Noted: wrong, too long, your comment, the better answer. Thank you!"]
    [_, (_, form)] = scene.platform.forms
    assert {each.name: each.value for each in form.fields} == {
        "categories": ("wrong", "too long"),
        "comment": "no",
        "expected": "Yes.",
    }
    assert second == {("user_category", "wrong"), ("expected_response", "Yes.")}


async def test_scores_in_every_dimension_are_assessments_of_their_own_and_one_has_the_comment(scene):
    _, reply = await scene.asks()

    await scene.handle(
        scene.submit(
            f"rate:{reply.message_id}", {"accuracy": "2", "relevance": "5", "helpfulness": "9", "comment": "meh"}
        )
    )

    kept = {each.name: each for each in await scene.store.assessments(reply.message_id)}
    assert {name: each.value for name, each in kept.items()} == {"user_accuracy": 2, "user_relevance": 5}
    assert (kept["user_accuracy"].rationale, kept["user_relevance"].rationale) == ("meh", "")
    assert kept["user_relevance"].metadata["normalised"] == 1.0


async def test_after_a_thumb_down_the_person_alone_is_asked_why_and_not_again_at_once(scene):
    _, reply = await scene.asks()

    await scene.handle(scene.reaction(ReactionAdded, "👎", part(reply)))
    await scene.handle(scene.reaction(ReactionRemoved, "👎", part(reply)))
    await scene.handle(scene.reaction(ReactionAdded, "👎", part(reply)))
    await until(lambda: scene.platform.told)

    [(person, notice)] = scene.platform.told
    assert person == BEN
    assert [each.action for each in notice.buttons] == [f"why:{reply.message_id}"]


async def test_a_pencil_on_a_reply_asks_for_the_better_answer(scene):
    _, reply = await scene.asks()

    await scene.handle(scene.reaction(ReactionAdded, "✏️", part(reply)))
    await until(lambda: scene.platform.told)

    assert [each.action for each in scene.platform.told[0][1].buttons] == [f"correct:{reply.message_id}"]


async def test_buttons_appear_when_the_reply_is_complete(scene):
    _, reply = await scene.asks()

    await until(lambda: scene.platform.offered)

    assert scene.platform.offered == [(part(reply), "An answer.", ("like", "dislike"))]


async def test_seeded_reactions_appear_where_the_policy_wants_them():
    scene = Private(Policy(seeds=Seeds.REACTIONS))
    async with scene.assistant:
        _, reply = await scene.asks()
        await until(lambda: len(scene.platform.reactions) == 2)

    assert scene.platform.reactions == [(part(reply), "👍"), (part(reply), "👎")]
    assert scene.platform.offered == []


async def test_where_the_policy_is_chat_the_talk_goes_on_without_a_mention_while_one_is_alone():
    scene = Private(Policy(thread=ThreadPolicy.CHAT))
    async with scene.assistant:
        asked, _ = await scene.asks()

        await scene.handle(scene.message("and now?", addressed=False, parent=asked.message))
        await until(lambda: scene._count() == 2)
        await scene.handle(scene.message("hi, Ada", by="ben", addressed=False, parent=asked.message))
        await scene.handle(scene.message("hi, Ben", addressed=False, parent=asked.message))
        await scene.handle(scene.message("better: no", by="ben", addressed=False, parent=asked.message))
        types = await scene.types()

    assert len(scene.model.prompts) == 2
    assert types.count("log_feedback") == 0
    assert types.count("log_expectation") == 1


async def test_where_the_policy_is_chat_those_who_wrote_before_our_time_are_company():
    scene = Private(Policy(thread=ThreadPolicy.CHAT))
    async with scene.assistant:
        asked, _ = await scene.asks()
        scene.platform.said = [asked, scene.message("me, too", by="ben", addressed=False)]

        await scene.handle(scene.message("and now?", addressed=False, parent=asked.message))

    assert len(scene.model.prompts) == 1


async def test_where_the_policy_is_mention_nothing_else_is_read():
    scene = Private(Policy(thread=ThreadPolicy.MENTION))
    async with scene.assistant:
        asked, reply = await scene.asks()

        await scene.comments("too long", asked)

        assert await scene.opinions(reply) == {}


async def test_categories_stand_side_by_side_and_custom_emoji_mean_what_the_policy_says():
    emoji = {"🐌": Meaning("user_category", "slow"), "shipit": Meaning("user_feedback", value=True)}
    scene = Private(Policy(emoji={**Policy().emoji, **emoji}))
    async with scene.assistant:
        _, reply = await scene.asks()

        for each in ("🐌", ":lying_face:", ":shipit:"):
            await scene.handle(scene.reaction(ReactionAdded, each, part(reply)))
        kept = {(each.name, each.value) for each in await scene.store.assessments(reply.message_id)}

    assert kept == {("user_category", "slow"), ("user_category", "made up"), ("user_feedback", True)}


async def test_who_is_not_heard_is_told_so_when_they_press_and_nothing_is_kept():
    policy = Policy(
        heard=Audience(roles=frozenset({"staff"})), segments={"staff": Audience(roles=frozenset({"staff"}))}
    )
    scene = Private(policy)
    async with scene.assistant:
        _, reply = await scene.asks()

        told = await scene.whispered(scene.press("like", part(reply)))
        await scene.handle(scene.reaction(ReactionAdded, "👍", part(reply)))
        nothing = await scene.opinions(reply)
        heard = scene.reaction(ReactionAdded, "👍", part(reply))
        await scene.handle(type(heard)(**{**_fields(heard), "roles": ("staff",)}))
        [kept] = await scene.store.assessments(reply.message_id)

    assert told == ["Votes are not taken from everyone here; yours was not kept."]
    assert nothing == {}
    assert kept.metadata["segment"] == "staff"


async def test_who_wants_nothing_kept_is_answered_and_leaves_no_words(scene):
    await scene.handle(scene.command("privacy stop", by=ADA))

    asked, reply = await scene.asks("my secret")
    await scene.asks("and my second")
    await scene.comments("a comment", asked, by="ada")
    told = await scene.whispered(scene.press("like", part(reply), by=ADA))
    everything = str([each async for each in scene.store.records()])

    assert [each.content for each in scene.model.prompts[-1]] == ["my secret", "An answer.", "and my second"]
    assert "secret" not in everything
    assert "An answer" not in everything
    assert "comment" not in everything
    assert "keep nothing of yours" in told[0]


async def test_privacy_shows_exports_and_forgets(scene):
    await scene.asks("my secret")

    shown = await scene.whispered(scene.command("privacy", by=ADA))
    await scene.handle(scene.command("privacy export", by=ADA))
    file = scene.platform.whispers[-1][1].attachment
    await scene.handle(scene.command("privacy forget", by=ADA))
    [button] = scene.platform.whispers[-1][1].buttons
    done = await scene.whispered(scene.press(button.action, MessageRef("fake", "w", "room", "x"), by=ADA))
    everything = str([each async for each in scene.store.records()])

    assert "1 messages" in shown[0]
    assert b"my secret" in file.content
    assert "erased" in done[0]
    assert "secret" not in everything


async def test_stats_are_those_of_the_channel_and_an_unknown_command_is_answered_by_help(scene):
    _, reply = await scene.asks()
    await scene.handle(scene.reaction(ReactionAdded, "👍", part(reply)))

    [stats] = await scene.whispered(scene.command("stats"))
    [other] = await scene.whispered(scene.command("dance"))

    assert "**1** answers" in stats
    assert "**1 👍**" in stats
    assert other.startswith("I do not know the command “dance”.")


async def test_help_by_mention_is_answered_once_in_the_thread(scene):
    event = await scene.handle(scene.message("help"))
    await scene.handle(event)
    await until(lambda: scene.platform.shown)

    assert len(scene.platform.shown) == 1
    assert "better:" in scene.platform.now[0]
    assert scene.model.prompts == []


async def test_reset_by_command_ends_the_conversation_where_there_is_one(scene):
    await scene.asks()

    [done] = await scene.whispered(scene.command("reset"))
    [nothing] = await scene.whispered(scene.command("reset"))
    [elsewhere] = await scene.whispered(scene.command("reset", lasting=False))

    assert done.startswith("Done")
    assert nothing.startswith("There is no conversation")
    assert "in the one that you mean" in elsewhere


async def test_a_press_while_the_database_is_away_is_told_so(scene, monkeypatch):
    _, reply = await scene.asks()

    async def away(*_records):
        raise DatabaseUnavailableError("The database is away.")

    monkeypatch.setattr(scene.store, "append", away)
    told = await scene.whispered(scene.press("like", part(reply)))

    assert told == ["I could not keep that just now. Please try again in a minute."]


async def test_a_comment_deleted_while_we_were_away_is_withdrawn_once(scene):
    asked, reply = await scene.asks()
    said = await scene.comments("too long", asked)
    gone = scene._event(MessageDeleted, message=said.message, found_later=True)

    await scene.handle(gone)
    await scene.handle(gone)

    assert await scene.opinions(reply) == {}
    assert (await scene.types()).count("withdraw_assessment") == 1


async def test_what_was_edited_while_we_were_away_is_read_anew(scene):
    asked, reply = await scene.asks("helo")
    said = await scene.comments("to long", asked)

    for event, text in ((asked, "hello"), (said, "too long")):
        found = type(event)(**{**_fields(event), "found_later": True, "text": text})
        await scene.handle(found)
        await scene.handle(found)

    [question] = [each for each in scene.store.tables.messages.values() if each["role"] == "user"]
    assert question["content"] == "hello"
    assert await scene.opinions(reply) == {(BEN.key, "user_comment"): "too long"}
    assert (await scene.types()).count("update_message") == 1


async def test_an_edit_told_only_after_a_newer_one_changes_nothing(scene):
    asked, reply = await scene.asks()
    said = await scene.comments("too long", asked)
    older = scene._event(MessageEdited, message=said.message, text="better: shorter")
    newer = scene._event(MessageEdited, message=said.message, text="much too long")

    for event in (newer, older):
        await scene.handle(event)

    assert await scene.opinions(reply) == {(BEN.key, "user_comment"): "much too long"}


async def test_an_edit_that_what_was_found_shows_already_changes_nothing(scene):
    asked, reply = await scene.asks()
    missed = scene.message("much too long", by="ben", addressed=False, parent=asked.message)
    older = scene._event(MessageEdited, message=missed.message, text="better: shorter")
    seen_at = older.at + timedelta(seconds=1)

    await scene.handle(replace(missed, found_later=True, edited=True, seen_at=seen_at))
    await scene.handle(older)

    assert await scene.opinions(reply) == {(BEN.key, "user_comment"): "much too long"}


async def test_what_was_seen_before_an_edit_does_not_undo_it(scene):
    asked, reply = await scene.asks()
    said = await scene.comments("to long", asked)
    await scene.handle(scene._event(MessageEdited, message=said.message, text="too long"))

    await scene.handle(replace(said, found_later=True, edited=True, seen_at=said.at))

    assert await scene.opinions(reply) == {(BEN.key, "user_comment"): "too long"}


def _fields(event):
    return {name: getattr(event, name) for name in event.__slots__}
