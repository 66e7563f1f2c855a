"""Each row of the table "how a chat becomes feedback", as people do it on both platforms, over real sockets."""

import pytest

from bots.pocket.model_answers import Answer

LIKE = {"slack": "like", "discord": "👍"}
DISLIKE = {"slack": "dislike", "discord": "👎"}


async def opinions(world, record) -> dict[tuple[str, str], list]:
    """What people think of a reply: (name of the person's account, name of the assessment) → values."""
    found: dict[tuple[str, str], list] = {}
    for each in await world.store.assessments(record.message_id):
        found.setdefault((each.source.id.split(":")[-1], each.name), []).append(each.value)
    return found


async def has(world, record, person, name, *values):
    """Wait until a person's opinion under `name` is exactly `values`."""
    key = (world.wire_person(person), name)

    async def is_so():
        return sorted((await opinions(world, record)).get(key, [])) == sorted(values)

    assert await world.eventually(is_so)


async def buttons(world, question):
    """The last part of the reply to `question`, once its buttons are there."""

    def shown():
        last = world.parts(question)[-1]
        return last if "dislike" in str(last.wire) else None

    return await world.pocket.until(shown)


def whispers(world, person):
    return [each for room in world.pocket.house.rooms.values() for each in room.history if each.only_for is person]


async def whisper(world, person, text, *, nth=0):
    """Wait until the person is told privately what has `text` in it."""
    return await world.pocket.until(
        lambda: next(
            iter([each for each in whispers(world, person) if text in each.text and not each.deleted][nth:]), None
        )
    )


async def test_a_category_emoji_and_a_custom_one_are_what_the_file_says(make_world, tmp_path):
    config = tmp_path / "plaudit.toml"
    config.write_text('[emoji]\n"🐌" = "slow"\n":shipit:" = true\n', encoding="utf-8")
    async with make_world(config=str(config)) as world:
        question, reply = await world.ask("Ada", "hello")
        record, ben = await world.kept(question), world.person("Ben")

        for emoji in ("🐌", "🤥", "shipit"):
            await ben.reacts(emoji, reply)
        await has(world, record, ben, "user_category", "slow", "made up")
        await has(world, record, ben, "user_feedback", 1)
        await ben.takes_back("🐌", reply)

        await has(world, record, ben, "user_category", "made up")


async def test_the_button_is_the_same_vote_as_the_reaction(world):
    question, reply = await world.ask("Ada", "hello")
    record, ben = await world.kept(question), world.person("Ben")
    last = await buttons(world, question)

    await ben.reacts("👎", reply)
    await has(world, record, ben, "user_feedback", 0)
    await ben.presses(LIKE[world.platform], last)
    await has(world, record, ben, "user_feedback", 1)
    told = await whisper(world, ben, "Noted: 👍")
    await ben.presses("Take it back", told)

    await has(world, record, ben, "user_feedback", 0)
    await whisper(world, ben, "still counts")
    assert whispers(world, world.person("Ada")) == []


async def test_after_a_thumb_down_by_button_one_says_why_in_private(world):
    question, _ = await world.ask("Ada", "hello")
    record, ben = await world.kept(question), world.person("Ben")

    await ben.presses(DISLIKE[world.platform], await buttons(world, question))
    await ben.presses("Say why", await whisper(world, ben, "Noted: 👎"))
    await ben.submits({"categories": ["wrong", "too long"], "comment": "No.", "expected": "Hi!"}, on=world.platform)

    await has(world, record, ben, "user_category", "wrong", "too long")
    await has(world, record, ben, "user_comment", "No.")
    await has(world, record, ben, "expected_response", "Hi!")
    await whisper(world, ben, "the better answer")


async def test_a_comment_becomes_a_question_by_a_speech_balloon_and_is_taken_back_by_a_cross(world):
    question, _ = await world.ask("Ada", "hello")
    record, ben = await world.kept(question), world.person("Ben")

    asked = await world.comments("Ben", "and in French?", question)
    await world.pocket.until(lambda: "📝" in asked.reactions)
    await ben.reacts("💬", asked)
    answer = await world.pocket.until(
        lambda: next((m for m in asked.room.messages if m.author.is_bot and "and in French?" in m.text), None),
        timeout=20,
    )
    await has(world, record, ben, "user_comment")
    other = await world.comments("Ben", "never mind", question)
    await world.pocket.until(lambda: "📝" in other.reactions)
    await ben.reacts("❌", other)

    await world.pocket.until(lambda: "📝" not in other.reactions)
    assert answer.text == "You said: and in French?"


async def test_better_is_a_correction_which_its_author_can_edit(world):
    question, _ = await world.ask("Ada", "hello")
    record, ben = await world.kept(question), world.person("Ben")

    said = await world.comments("Ben", "better: Hello!", question)
    await world.pocket.until(lambda: any(emoji.startswith("✏") for emoji in said.reactions))
    await has(world, record, ben, "expected_response", "Hello!")
    await ben.edits(said, "better: Hello, Ada!")
    await has(world, record, ben, "expected_response", "Hello, Ada!")
    await ben.edits(said, "I liked it, after all")
    await has(world, record, ben, "expected_response")
    await has(world, record, ben, "user_comment", "I liked it, after all")
    await ben.deletes(said)

    await has(world, record, ben, "user_comment")


async def test_a_second_answer_stands_beside_the_first(make_world):
    answers = iter(["First.", "Second."])
    async with make_world(answers=lambda _: Answer(next(answers), tokens_per_second=None)) as world:
        question, reply = await world.ask("Ada", "hello")
        await world.person("Ben").reacts("🔁", reply)
        await world.person("Ada").reacts("🔁", reply)

        async def both():
            kept = [each for each in await world.log("add_message") if each.data["role"] == "assistant"]
            return kept if len(kept) == 2 else None

        first, second = await world.eventually(both, patience=20)

    assert [first.data["content"], second.data["content"]] == ["First.", "Second."]
    assert second.data["retry_of"] == first.message_id
    assert [each.text for each in world.parts(question)] == ["First.", "Second."]


async def test_where_the_file_says_chat_one_who_is_alone_goes_on_without_a_mention(make_world, tmp_path):
    config = tmp_path / "plaudit.toml"
    config.write_text('thread = "chat"\n', encoding="utf-8")
    async with make_world(config=str(config)) as world:
        if world.platform == "slack":
            question, _ = await world.ask("Ada", "hello")
            room, below = question.room, {"thread": question}
        else:
            room = await world.face.hands.open_thread(world.person("Ada"), "a thread", world.room())
            question = await world.person("Ada").says("@plaudit hello", room)
            await world.pocket.reply_to(question, timeout=20)
            await world.kept(question)
            below = {}
        ada, ben = world.person("Ada"), world.person("Ben")

        await ada.says("go on", room, **below)
        await world.pocket.until(lambda: any(m.text == "You said: go on" for m in room.messages), timeout=20)
        await ben.says("may I?", room, **below)
        await world.quiet()
        await ada.says("of course", room, **below)
        await world.quiet()
        told = [m.text for m in room.messages if m.author.is_bot]

    assert [text for text in told if "may I" in text or "of course" in text] == []
    assert [each.body["messages"][-1]["content"] for each in world.model.requests] == ["hello", "go on"]


@pytest.mark.parametrize("word", ["help", "stats"])
async def test_a_command_is_answered_privately_and_a_mention_in_the_thread(world, word):
    question, _ = await world.ask("Ada", "hello")
    await world.kept(question)
    ada = world.person("Ada")

    await ada.commands("/plaudit", word, world.room())
    private = await world.pocket.until(lambda: [each for each in whispers(world, ada) if each.text])
    asked = await world.asks("Ben", word)
    public = await world.pocket.reply_to(asked, timeout=20)

    expected = {"help": "better:", "stats": "answers here"}[word]
    assert expected in private[-1].text
    assert expected in public.text


async def test_who_wants_nothing_kept_leaves_no_words_in_the_log(world):
    ada = world.person("Ada")
    await ada.commands("/plaudit", "privacy stop", world.room())
    await whisper(world, ada, "not kept")

    _, reply = await world.ask("Ada", "my secret")
    everything = str(await world.log())

    assert reply.text == "You said: my secret"
    assert "secret" not in everything
    assert world.wire_person(ada) not in str(await world.log("add_message", "start_conversation"))
