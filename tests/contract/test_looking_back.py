"""What both adapters say of the past when they are asked: the same questions, the same answers."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bots.discord import adapter as discord
from bots.pocket.attached import SharedFile
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.server import Pocket
from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_workspace import TEAM_ID, channel_id, ts_of, user_id
from bots.slack import adapter as slack
from core.errors import MessageGoneError, PlaceGoneError
from core.feedback import canonical_emoji
from core.messages import MessageRef, PlaceRef
from core.ports import CanFetch, CanFindOwn, CanLookBack, CanReact, ChatPlatform


async def now(call):
    return await call()


def counts(tallies):
    found = Counter()
    for each in tallies:
        found[canonical_emoji(each.emoji)] += each.count
    return found


class Wing:
    """A pocket, an adapter that looks at it, and how the two call the things in it."""

    def __init__(self, name, pocket, adapter):
        self.name = name
        self.pocket = pocket
        self.adapter = adapter
        self.room = pocket.room("general", on=name)

    def ref(self, message):
        if self.name == "slack":
            return MessageRef("slack", TEAM_ID, channel_id(message.room), ts_of(message.id))
        wire = self.pocket.discord
        return MessageRef("discord", str(wire.world.guild_id), str(wire.id(message.room)), str(wire.id(message)))

    def place(self, message):
        """The thread under `message` in Slack, its channel on Discord."""
        ref = self.ref(message)
        return PlaceRef(ref.platform, ref.workspace, ref.channel, ref.id if self.name == "slack" else "")

    def under(self, message):
        return {"thread": message} if self.name == "slack" else {}

    async def shown(self, message, since, until=None, in_turn=now):
        pages = self.adapter.shown_in(self.place(message), since, until, in_turn)
        return [each async for page in pages for each in page]

    def person(self, person):
        return user_id(person) if self.name == "slack" else str(self.pocket.discord.id(person))


async def deaf(event, platform):
    """Hear nothing: here the past is asked for."""


@asynccontextmanager
async def adapters(name, pocket):
    if name == "slack":
        wire = pocket.slack
        connecting = slack.connected(
            bot_token=wire.bot_token, app_token=wire.app_token, api_url=wire.base_url, handle=deaf
        )
        async with connecting as adapter:
            yield adapter
        return
    wire = pocket.discord
    async with (
        aiohttp.ClientSession() as session,
        discord.connected(
            token=wire.token,
            api_url=wire.base_url,
            gateway_url=wire.gateway_url,
            handle=deaf,
            session=session,
        ) as adapter,
    ):
        yield adapter


@pytest.fixture(params=["slack", "discord"])
async def wing(request):
    async with (
        Pocket(slack=SlackRules.unlimited(), discord=DiscordRules.unlimited()) as pocket,
        adapters(request.param, pocket) as adapter,
    ):
        yield Wing(request.param, pocket, adapter)
        await pocket.until(lambda: pocket.slack.undelivered == 0, timeout=20)


def test_both_have_the_abilities(wing):
    for ability in (CanLookBack, CanReact, CanFindOwn, CanFetch):
        assert isinstance(wing.adapter, ability)
    adapter: ChatPlatform = wing.adapter
    assert adapter.name == wing.name


async def test_messages_come_oldest_first_from_the_moment_on_that_is_asked_for(wing):
    ada, robot = wing.pocket.person("Ada"), wing.pocket.person("robot", is_bot=True)
    root = await ada.says("root", wing.room)
    said = []
    for i in range(5):
        said.append(await ada.says(f"@plaudit number {i}", wing.room, **wing.under(root)))
        await asyncio.sleep(0.002)  # a snowflake counts milliseconds
    await robot.says("beep", wing.room, **wing.under(root))
    await ada.deletes(said[3])

    found = await wing.adapter.messages_since(wing.place(root), said[1].at, limit=100)
    two = await wing.adapter.messages_since(wing.place(root), said[1].at, limit=2)

    spoken = [each for each in found if not each.author.is_bot and each.message != wing.ref(root)]
    assert [each.text for each in spoken] == ["number 1", "number 2", "number 4"]
    assert all(each.addressed and each.found_later for each in spoken)
    assert [each.message for each in spoken] == [wing.ref(said[i]) for i in (1, 2, 4)]
    assert spoken[0].author.name == "Ada"
    assert len(two) == 2


async def test_what_stands_beside_a_message_is_told_for_as_long_as_it_stands_there(wing):
    ada, file = wing.pocket.person("Ada"), SharedFile("notes.txt", b"The key is under the mat.")
    root = await ada.says("@plaudit root", wing.room, files=[file])
    plain = await ada.says("@plaudit plain", wing.room, **wing.under(root))
    inside = await ada.says("@plaudit inside", wing.room, files=[file, file], **wing.under(root))
    place = wing.place(root)

    told = [await wing.adapter.files_beside(wing.ref(each), place) for each in (root, plain, inside)]
    await ada.deletes(inside)

    assert [[(each.name, each.size) for each in beside] for beside in told] == [
        [("notes.txt", 25)],
        [],
        [("notes.txt", 25)] * 2,
    ]
    assert await wing.adapter.fetch(told[0][0], 100) == file.content
    try:
        assert await wing.adapter.files_beside(wing.ref(inside), place) == ()
    except MessageGoneError:
        assert wing.name == "discord"


async def test_more_messages_than_a_page_holds_are_all_found(wing):
    ada = wing.pocket.person("Ada")
    root = await ada.says("root", wing.room)
    for i in range(450):
        await ada.says(f"number {i}", wing.room, **wing.under(root))

    found = await wing.adapter.messages_since(wing.place(root), root.at, limit=1000)

    assert [each.text for each in found] == ["root", *(f"number {i}" for i in range(450))]


async def test_a_direct_conversation_has_its_past_too(wing):
    ada = wing.pocket.person("Ada")
    direct = ada.dm(wing.name)
    first = await ada.says("first", direct)
    await ada.says("second", direct)
    ref = wing.ref(first)
    workspace = ref.workspace if wing.name == "slack" else "dm"

    found = await wing.adapter.messages_since(PlaceRef(wing.name, workspace, ref.channel), first.at, limit=10)

    assert [(each.text, each.addressed, each.place.thread) for each in found] == [
        ("first", True, ""),
        ("second", True, ""),
    ]


async def test_what_stands_in_a_place_is_shown_with_who_put_what_on_it(wing):
    ada, ben, chloe = (wing.pocket.person(name) for name in ("Ada", "Ben", "Chloe"))
    root = await ada.says("root", wing.room)
    gone, kept = [await ada.says(f"@plaudit {text}", wing.room, **wing.under(root)) for text in ("gone", "kept")]
    await ada.deletes(gone)
    for person, emoji in ((ben, "👍🏽"), (chloe, "👍"), (chloe, "👎")):
        await person.reacts(emoji, kept)
    await wing.adapter.react(wing.ref(kept), "📝")

    shown = {each.message: each for each in await wing.shown(root, root.at)}

    assert set(shown) == {wing.ref(root), wing.ref(kept)}
    assert shown[wing.ref(kept)].told.text == "kept"
    tallies = shown[wing.ref(kept)].tallies
    assert counts(tallies) == {"👍": 2, "👎": 1, "📝": 0}
    asked_for = [each for each in tallies if canonical_emoji(each.emoji) == "👍"]
    people = await wing.adapter.reactions_on(wing.ref(kept), now, asked_for)
    assert {each.person.id for each in people if canonical_emoji(each.emoji) == "👍"} == {
        wing.person(ben),
        wing.person(chloe),
    }


async def test_only_what_lies_in_the_span_is_shown(wing):
    ada = wing.pocket.person("Ada")
    root = await ada.says("root", wing.room)
    said = []
    for i in range(4):
        await asyncio.sleep(0.002)  # a snowflake counts milliseconds
        said.append(await ada.says(f"number {i}", wing.room, **wing.under(root)))

    shown = await wing.shown(root, said[1].at, said[3].at)

    assert [each.message for each in shown] == [wing.ref(said[1]), wing.ref(said[2])]


async def test_each_call_waits_for_its_turn(wing):
    ada = wing.pocket.person("Ada")
    root = await ada.says("root", wing.room)
    for i in range(250):
        await ada.says(f"number {i}", wing.room, **wing.under(root))
    calls = []

    async def in_turn(call):
        calls.append(call)
        return await call()

    shown = await wing.shown(root, root.at, in_turn=in_turn)

    assert len(shown) == 251
    assert len(calls) == {"slack": 2, "discord": 3}[wing.name]


async def test_of_many_people_the_number_is_told(wing):
    message = await wing.pocket.person("Ada").says("hello", wing.room)
    for i in range(120):
        await wing.pocket.person(f"P{i}").reacts("👍", message)

    [shown] = await wing.shown(message, message.at)
    found = await wing.adapter.reactions_on(shown.message, now, shown.tallies)

    assert [(each.count, each.people) for each in shown.tallies] == [(120, None)]
    assert len({each.person for each in found}) == 120


async def test_every_person_behind_every_emoji_is_found(wing):
    message = await wing.pocket.person("Ada").says("hello", wing.room)
    people = [wing.pocket.person(f"P{i}") for i in range(230)]
    robot = wing.pocket.person("robot", is_bot=True)
    for person in (*people, robot):
        await person.reacts("👍", message)
    await people[0].reacts("👎", message)
    if wing.name == "discord":
        await wing.pocket.discord.hands.burst(people[1], "👎", message)
    else:
        await people[1].reacts("👎", message)

    found = await wing.adapter.reactions_on(wing.ref(message), now)

    ups = {each.person.id for each in found if each.emoji in ("👍", "+1", "thumbsup")}
    downs = {each.person.id for each in found if each.emoji in ("👎", "-1", "thumbsdown")}
    assert ups == {wing.person(each) for each in (*people, robot)}
    assert downs == {wing.person(each) for each in people[:2]}
    assert len(found) == 233


async def test_what_is_gone_is_said_to_be(wing):
    ada = wing.pocket.person("Ada")
    message = await ada.says("hello", wing.room)
    nowhere = PlaceRef(wing.name, wing.ref(message).workspace, "404", "1.0" if wing.name == "slack" else "")
    await ada.deletes(message)

    with pytest.raises(MessageGoneError) as message_gone:
        await wing.adapter.reactions_on(wing.ref(message), now)
    with pytest.raises(PlaceGoneError):
        await wing.adapter.messages_since(nowhere, datetime.now(UTC) - timedelta(days=1), limit=10)
    with pytest.raises(PlaceGoneError):
        await wing.adapter.reactions_on(MessageRef(wing.name, nowhere.workspace, "404", "1"), now)
    assert not isinstance(message_gone.value, PlaceGoneError)


async def test_of_a_question_deleted_above_an_answer_nothing_stands(wing):
    ada, ben = wing.pocket.person("Ada"), wing.pocket.person("Ben")
    root = await ada.says("root", wing.room)
    answer = await ben.says("answer", wing.room, **wing.under(root))
    await ada.deletes(root)

    shown = await wing.shown(root, root.at)

    assert [each.message for each in shown] == [wing.ref(answer)]
    with pytest.raises(MessageGoneError):
        await wing.adapter.reactions_on(wing.ref(root), now)


async def test_of_an_answer_all_that_we_posted_is_found_and_nothing_else_is(wing):
    ada = wing.pocket.person("Ada")
    first, second = [await ada.says(f"@plaudit {each}", wing.room) for each in ("one", "two")]

    async def post(text, question, *, is_answer):
        place = wing.place(question)
        reply_to = wing.ref(question) if is_answer else None
        return (await wing.adapter.post(place, text, reply_to=reply_to, nonce=f"{question.text[-3:]}-{text}")).message

    await post("before", second, is_answer=True)
    begun = await post("begun", first, is_answer=True)
    await ada.says("go on", wing.room, **wing.under(first))
    more = await post("more", first, is_answer=False)
    await post("after", second, is_answer=True)

    found = await wing.adapter.own_since(wing.place(first), wing.ref(first))

    assert [each.message for each in found] == [begun, more]
    assert [each.answers or bool(each.nonce) for each in found] == [True, wing.name == "slack"]
