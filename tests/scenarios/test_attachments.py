"""Files beside a question, on both platforms: what reaches the model, what is said of the rest, and what is kept."""

import base64
from typing import Any

from bots.pocket.attached import SharedFile
from bots.pocket.things import Message
from core.messages import PersonRef
from tests.scenarios.conftest import MakeWorld, World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
NOTES = b"The key is under the mat.\n"


async def attaches(world: World, text: str, *files: SharedFile, direct: bool = False) -> Message:
    """Ask with files, and wait until the answer is complete."""
    ada = world.person("Ada")
    room = ada.dm(world.platform) if direct else world.room()
    question = await ada.says(text if direct else f"@plaudit {text}", room, files=files)
    await world.pocket.reply_to(question, timeout=20)
    await world.kept(question)
    return question


def read(world: World) -> Any:
    """The content of the last message of the last request to the model."""
    return world.model.requests[-1].body["messages"][-1]["content"]


async def questions(world: World) -> list[str]:
    """What the log's tables hold of the questions."""
    records = [each for each in await world.log("add_message") if each.data["role"] == "user"]
    messages = [await world.store.message(each.message_id) for each in records]
    return [each.content for each in messages if each is not None]


async def test_a_text_file_is_read_and_remembered_and_only_its_name_is_kept(world: World):
    file = SharedFile("notes.txt", NOTES)

    question = await attaches(world, "where is it?", file)
    first = read(world)
    _, _ = await world.ask("Ada", "and now?", after=question)

    assert first == "where is it?\n\n[attached: notes.txt, 26 B]\n```\nThe key is under the mat.\n```"
    assert world.model.requests[-1].body["messages"][-3]["content"] == first
    assert file.fetched == 1
    assert await questions(world) == ["where is it?\n\n[attached: notes.txt, 26 B]", "and now?"]
    assert "under the mat" not in repr([each.data for each in await world.log() if each.data.get("role") == "user"])


async def test_a_picture_reaches_a_model_that_sees(make_world: MakeWorld):
    async with make_world(images=True) as world:
        await attaches(world, "what is this?", SharedFile("photo.png", PNG, "image/png"))

        text, picture = read(world)
        assert text == {"type": "text", "text": "what is this?\n\n[attached: photo.png, 208 B]"}
        assert picture["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(PNG).decode()


async def test_what_is_not_read_is_named_to_the_model_and_to_whoever_asked(world: World):
    large = SharedFile("all.log", b"x" * 300_000)
    others = SharedFile("x.zip", b"PK\x03\x04" * 4_000, "application/zip"), SharedFile("photo.png", PNG, "image/png")
    broken = SharedFile("broken.md", NOTES, status=500)

    question = await attaches(world, "look", large, *others, broken)

    assert read(world) == (
        "look\n\n[attached and not read: all.log, 300 kB: more than 200 kB is not read]"
        "\n\n[attached and not read: x.zip, 16 kB: only text and pictures are read]"
        "\n\n[attached and not read: photo.png, 208 B: pictures are not read here]"
        "\n\n[attached and not read: broken.md, 26 B: it could not be fetched]"
    )
    assert (large.fetched, *(each.fetched for each in others)) == (0, 0, 0)
    shown = await world.pocket.until(lambda: "Not read" in world.parts(question)[-1].text and world.parts(question)[-1])
    assert "x.zip, 16 kB (only text and pictures are read)" in shown.text
    assert "broken.md, 26 B (it could not be fetched)" in shown.text


async def test_a_file_that_is_longer_than_was_said_is_not_read_to_its_end(world: World):
    file = SharedFile("small.txt", b"x" * 1_000_000)
    file.size = 10

    await attaches(world, "look", file)

    assert read(world) == "look\n\n[attached and not read: small.txt, 10 B: it could not be fetched]"


async def test_no_other_host_is_ever_asked(world: World):
    elsewhere = world.pocket.origin.replace("127.0.0.1", "localhost")
    file = SharedFile("notes.txt", NOTES)
    where = "slack/files-pri" if world.platform == "slack" else "discord/attachments/1"
    file.address = f"{elsewhere}/{where}/{file.id}/notes.txt"

    await attaches(world, "look", file)

    assert "[attached and not read: notes.txt, 26 B: it could not be fetched]" in read(world)
    assert file.fetched == 0


async def test_a_file_without_words_is_a_question_in_a_direct_message(world: World):
    await attaches(world, "", SharedFile("notes.txt", NOTES), direct=True)

    assert read(world) == "[attached: notes.txt, 26 B]\n```\nThe key is under the mat.\n```"
    assert await questions(world) == ["[attached: notes.txt, 26 B]"]


async def test_an_edited_question_keeps_its_files(world: World):
    question = await attaches(world, "where?", SharedFile("notes.txt", NOTES))

    await world.person("Ada").edits(question, "@plaudit where is it?")
    await world.eventually(lambda: world.log("update_message"))
    _, _ = await world.ask("Ada", "and now?", after=question)

    assert [each.data["content"] for each in await world.log("update_message")] == [
        "where is it?\n\n[attached: notes.txt, 26 B]"
    ]
    turns = world.model.requests[-1].body["messages"]
    assert turns[-3]["content"] == "where is it?\n\n[attached: notes.txt, 26 B]\n```\nThe key is under the mat.\n```"


async def test_what_was_read_is_kept_where_the_operator_says_so_and_erased_with_the_words(make_world: MakeWorld):
    async with make_world(keep_attachments=True) as world:
        question = await attaches(world, "where?", SharedFile("notes.txt", NOTES))
        await world.person("Ada").edits(question, "@plaudit where is it?")
        await world.eventually(lambda: _updates(world, 2))

        kept = "where is it?\n\n[attached: notes.txt, 26 B]\n```\nThe key is under the mat.\n```"
        assert await questions(world) == [kept]

        [added, *_] = [each for each in await world.log("add_message") if each.subject]
        await world.store.erase(PersonRef.parse(added.subject or ""))
        assert "under the mat" not in repr([each.data for each in await world.log()])


async def _updates(world: World, count: int) -> bool:
    return len(await world.log("update_message")) == count


async def test_nothing_is_kept_of_the_files_of_who_opted_out(make_world: MakeWorld):
    async with make_world(keep_attachments=True) as world:
        ada = world.person("Ada")
        await ada.commands("/plaudit", "privacy stop", world.room())

        await attaches(world, "where?", SharedFile("secret-notes.txt", NOTES))

        assert "under the mat" in read(world)
        everything = repr([each.data for each in await world.log()])
        assert "secret-notes" not in everything
        assert await world.log("update_message") == []
