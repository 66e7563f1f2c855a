"""What people did while no bot was running is found when the next one starts; what is told again counts once."""

from contextlib import asynccontextmanager

import pytest

from bots.pocket.attached import SharedFile
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.running import running
from tests.scenarios.conftest import World, bot_settings


class House:
    """A pocket that bots come to and leave."""

    def __init__(self, pocket, platform, settings):
        self.pocket = pocket
        self.platform = platform
        self.settings = settings

    @asynccontextmanager
    async def bot(self):
        async with running(self.settings, [self.platform]) as store:
            yield World(self.pocket, self.pocket.model, store, self.platform, self.settings)


@pytest.fixture(params=[True, False], ids=["told later", "never told"])
async def house(request, platform, database_url):
    """Slack tells a bot that comes back what it had to hold back; both platforms forget it in the end."""
    model = Model(lambda messages: Answer(f"You said: {messages[-1]['content']}", tokens_per_second=None))
    rules = {
        "slack": SlackRules.unlimited(hold_while_away=request.param),
        "discord": DiscordRules.unlimited(deliver_twice=request.param),
    }
    async with Pocket(model=model, **{platform: rules[platform]}) as pocket:
        yield House(pocket, platform, bot_settings(pocket, database_url))


async def test_votes_comments_and_questions_of_the_meantime_are_found_once(house):
    async with house.bot() as world:
        question, reply = await world.ask("Ada", "hello")
        ben, chloe, dora = (world.person(name) for name in ("Ben", "Chloe", "Dora"))
        await ben.reacts("👍", reply)
        await chloe.reacts("👎", reply)
        await world.eventually(lambda: votes(world, {"Ben": True, "Chloe": False}))

    await ben.takes_back("👍", reply)
    await dora.reacts("👍", reply)
    comment = await world.comments("Ben", "too short", question)
    later = await world.asks("Ada", "and now?", after=question)

    async with house.bot() as world:
        await world.kept(later)
        await world.pocket.until(lambda: "📝" in comment.reactions)
        await world.eventually(lambda: votes(world, {"Chloe": False, "Dora": True}))

        assert [each.data["feedback"] for each in await world.log("log_feedback")].count("too short") == 1
        assert len(await world.log("start_conversation")) == 1
        assert len(await world.log("add_message")) == 4
        assert sum(each.author.is_bot for each in world.parts(later)) == 1

    before = await count(house)
    async with house.bot() as world:
        await world.ask("Ada", "still there?", world.room("elsewhere"))
        assert len(await world.log()) == before + 3


async def test_edits_deletions_and_corrections_of_the_meantime_are_found_once(house):
    async with house.bot() as world:
        question, reply = await world.ask("Ada", "hello")
        short, nice = [await world.comments("Ben", text, question) for text in ("too short", "nice")]
        crossed = await world.comments("Dora", "never mind", question)
        asked, answer = await world.ask("Eve", "who are you?", world.room("elsewhere"))
        await world.pocket.until(lambda: all("📝" in each.reactions for each in (short, nice, crossed)))

    ada, ben, dora = (world.person(name) for name in ("Ada", "Ben", "Dora"))
    await ada.edits(question, "@plaudit hello there")
    await ben.deletes(short)
    await ben.edits(nice, "better: Hello, Ada.")
    await dora.reacts("❌", crossed)
    await dora.reacts("4️⃣", reply)
    await ada.deletes(answer)
    await world.person("Eve").deletes(asked)

    async with house.bot() as world:
        first = await world.kept(question)
        expected = {("expected_response", "Hello, Ada."), ("user_rating", 4)}
        await world.eventually(lambda: opinions(world, first, expected))
        await world.eventually(lambda: texts(world, {"hello there": False, "who are you?": True}))
        await world.eventually(lambda: is_deleted(world, asked))

    before = await count(house)
    async with house.bot() as world:
        await world.ask("Ada", "still there?", world.room("third"))
        assert await grown(world, before) == ["start_conversation", "add_message", "add_message"]


async def test_a_first_question_where_nobody_was_ever_answered_is_found_once(house):
    async with house.bot() as world:
        await world.ask("Ada", "hello")

    first = await world.asks("Ben", "who are you?", world.room("elsewhere"))
    chatter = await world.person("Eve").says("nothing for you", world.room("elsewhere"))
    asked = [first]
    if house.platform == "slack":  # Discord tells no bot of a direct conversation that it never saw
        asked.append(await world.person("Cleo").says("hello, you", world.person("Cleo").dm("slack")))

    for _ in range(2):
        async with house.bot() as world:
            for each in asked:
                await world.kept(each)
                assert sum(other.author.is_bot for other in world.parts(each)) == 1
            assert len(await world.log("add_message")) == 2 + 2 * len(asked)
            assert not world.parts(chatter)


async def test_a_question_with_files_is_found_unchanged_and_its_files_are_known_by_name(house):
    async with house.bot() as world:
        ada, file = world.person("Ada"), SharedFile("notes.txt", b"under the mat")
        question = await ada.says("@plaudit where?", world.room(), files=[file])
        await world.kept(question)

    async with house.bot() as world:
        _, _ = await world.ask("Ada", "still there?", world.room("third"))
        again = await world.asks("Ada", "and now?", after=question)
        await world.kept(again)

        assert await world.log("update_message") == []
        told = world.model.requests[-1].body["messages"]
        assert told[-3]["content"] == "where?\n\n[attached and not read: notes.txt, 13 B]"


@pytest.mark.parametrize("loss", ["a dropped socket", "opcode 9"])
async def test_what_people_do_while_a_connection_is_lost_is_found(world, loss):
    if loss == "opcode 9" and world.platform == "slack":
        pytest.skip("Slack has sessions that never end")
    question, reply = await world.ask("Ada", "hello")
    ben, chloe = world.person("Ben"), world.person("Chloe")
    await ben.reacts("👍", reply)
    await world.eventually(lambda: votes(world, {"Ben": True}))
    comment = await world.comments("Ben", "nice", question)
    await world.pocket.until(lambda: "📝" in comment.reactions)

    if loss == "opcode 9":
        world.pocket.discord.gateway.invalidate()
    else:
        world.drop()
    await ben.takes_back("👍", reply)
    await chloe.reacts("👍", reply)
    await ben.edits(comment, "better: Hi!")
    await world.comments("Chloe", "well said", question)

    first = await world.kept(question)
    expected = {("user_feedback", True), ("expected_response", "Hi!"), ("user_comment", "well said")}
    await world.eventually(lambda: opinions(world, first, expected), patience=20)
    await world.eventually(lambda: votes(world, {"Chloe": True}))


async def opinions(world, record, expected):
    """Whether exactly this stands of a reply."""
    return {(each.name, each.value) for each in await world.store.assessments(record.message_id)} == expected


async def texts(world, expected):
    """Whether the questions say this, and are deleted or not."""
    questions = [each for each in await world.log("add_message") if each.data["role"] == "user"]
    found = [await world.store.message(each.message_id) for each in questions]
    return {each.content: each.deleted for each in found} == expected


async def is_deleted(world, question):
    return (await world.store.message((await world.kept(question)).message_id)).deleted


async def grown(world, before):
    return [each.type for each in (await world.log())[before:]]


async def votes(world, expected):
    """Whether the first reply has exactly these votes."""
    reply = next(each for each in await world.log("add_message") if each.data["role"] == "assistant")
    names = {world.wire_person(person): person.name for person in world.pocket.house.people.values()}
    standing = await world.store.assessments(reply.message_id)
    found = {names[each.source.id.split(":")[-1]]: each.value for each in standing if each.name == "user_feedback"}
    return found == expected


async def count(house):
    async with house.bot() as world:
        return len(await world.log())
