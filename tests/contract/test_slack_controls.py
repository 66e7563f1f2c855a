"""Slack's buttons, forms, whispers, commands and home tab: the real adapter over sockets, a scripted clerk behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bots.pocket.server import Pocket
from bots.pocket.slack import Fault
from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_workspace import TEAM_ID, channel_id, ts_of, user_id
from bots.pocket.things import Message, Person, Room
from bots.slack.adapter import SlackPlatform, connected
from core.controls import Attachment, Button, Choice, Field, Form, Notice
from core.errors import DatabaseUnavailableError, PlatformError
from core.events import ButtonPressed, CommandGiven, Event, FormSubmitted, HomeOpened, ReactionAdded
from core.messages import MessageRef, PersonRef, PlaceRef
from core.ports import CanAnswer, CanOffer, CanReact, CanShowHome, CanTellPrivately

LIKE, DISLIKE = Button("", "like", "👍"), Button("", "dislike", "👎")
WHY = Form(
    "why:01J",
    "Why is it no good?",
    (
        Field("wrong", "What is wrong?", (Choice("rude", "Rude"), Choice("unclear", "Unclear")), several=True),
        Field("score", "Score", (Choice("1", "1"), Choice("2", "2")), value="2"),
        Field("text", "In your words", value="as before"),
    ),
)

Answer = Callable[[SlackPlatform, Any], Awaitable[None]]


@dataclass
class Clerk:
    """Notes every event, and answers each kind as it was told to."""

    events: list[Event] = field(default_factory=list)
    answers: dict[type[Event], Answer] = field(default_factory=dict)

    async def handle(self, event: Event, platform: Any) -> None:
        self.events.append(event)
        if answer := self.answers.get(type(event)):
            await answer(platform, event)

    def of(self, kind: type[Event]) -> list[Any]:
        return [each for each in self.events if isinstance(each, kind)]


@dataclass
class Office:
    """A pocket, the adapter connected to it, and the clerk behind it."""

    pocket: Pocket
    platform: SlackPlatform
    clerk: Clerk
    ada: Person
    room: Room

    def place(self, message: Message) -> PlaceRef:
        return PlaceRef("slack", TEAM_ID, channel_id(message.room), ts_of((message.thread or message).id))

    def ref(self, message: Message) -> MessageRef:
        return MessageRef("slack", TEAM_ID, channel_id(message.room), ts_of(message.id))

    async def reply(self) -> Message:
        """A reply with buttons, in the thread below a question of Ada's."""
        question = await self.ada.says("why?", self.room)
        sent = await self.platform.post(self.place(question), "Because.", reply_to=None, nonce="n")
        await self.platform.offer(sent.message, "Because.", [LIKE, DISLIKE, Button("Rate", "rate")])
        return self.room.thread(question)[-1]

    def on(self, kind: type[Event], answer: Answer) -> None:
        self.clerk.answers[kind] = answer

    def whispers(self, room: Room | None = None) -> list[Message]:
        return [each for each in (room or self.room).history if each.only_for and not each.deleted]


@asynccontextmanager
async def open_office(**rules: Any) -> AsyncIterator[Office]:
    clerk = Clerk()
    async with Pocket(slack=SlackRules.unlimited(**rules)) as pocket:
        slack = pocket.slack
        ada = pocket.person("Ada")
        slack.workspace.standing[ada.id] = frozenset({"is_admin", "is_restricted"})
        async with connected(
            bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.base_url, handle=clerk.handle
        ) as platform:
            await pocket.until(lambda: slack.connected)
            yield Office(pocket, platform, clerk, ada, pocket.room("general", on="slack"))


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office() as made:
        yield made


def whispering(text: str, *buttons: Button, attachment: Attachment | None = None) -> Answer:
    return lambda platform, event: platform.whisper(event.ticket, Notice(text, buttons, attachment))


def opening(form: Form) -> Answer:
    return lambda platform, event: platform.open_form(event.ticket, form)


def test_it_has_every_ability(office):
    for ability in (CanReact, CanOffer, CanAnswer, CanTellPrivately, CanShowHome):
        assert isinstance(office.platform, ability)
    assert office.platform.tells_in_place


@pytest.mark.parametrize(("control", "action"), [("like", "like"), ("Bad answer", "dislike"), ("Rate", "rate")])
async def test_a_button_below_a_reply_says_what_is_pressed_and_by_whom(office, control, action):
    reply = await office.reply()

    await office.ada.presses(control, reply)

    [event] = office.clerk.of(ButtonPressed)
    assert (event.action, event.message, event.place) == (action, office.ref(reply), office.place(reply))
    assert (event.person.name, event.person.roles) == ("Ada", ("admin", "guest"))
    assert office.whispers() == []
    assert reply.text == "Because."


async def test_an_edit_takes_the_buttons_away_again(office):
    reply = await office.reply()

    await office.platform.edit(office.ref(reply), "Because it is.")

    with pytest.raises(LookupError, match="no control"):
        await office.ada.presses("like", reply)


async def test_what_is_whispered_stands_in_the_thread_for_one_alone(office):
    reply = await office.reply()
    office.on(ButtonPressed, whispering("Noted.", Button("Say why", "why:01J")))

    await office.ada.presses("dislike", reply)

    [whisper] = office.whispers()
    assert (whisper.text, whisper.only_for, whisper.thread) == ("Noted.", office.ada, reply.thread)
    with pytest.raises(LookupError, match="does not see"):
        await office.pocket.person("Ben").presses("Say why", whisper)


async def test_from_a_whisper_comes_a_form_and_what_follows_takes_its_place(office):
    reply = await office.reply()
    await office.platform.tell(
        PersonRef("slack", TEAM_ID, user_id(office.ada)),
        office.place(reply),
        Notice("Why?", (Button("Say why", "why:01J"),)),
    )
    [whisper] = office.whispers()
    office.on(ButtonPressed, opening(WHY))
    office.on(FormSubmitted, whispering("Thank you!"))

    await office.ada.presses("Say why", whisper)
    await office.ada.submits({"wrong": ["rude", "unclear"]}, on="slack")

    [event] = office.clerk.of(FormSubmitted)
    assert (event.action, event.place) == ("why:01J", office.place(reply))
    assert event.values == {"wrong": ("rude", "unclear"), "score": "2", "text": "as before"}
    assert [each.text for each in office.whispers()] == ["Thank you!"]
    assert office.pocket.slack.views.dialog(office.ada) is None


async def test_no_form_follows_a_form(office):
    reply = await office.reply()
    refused = list[str]()

    async def another(platform: SlackPlatform, event: FormSubmitted) -> None:
        with pytest.raises(PlatformError) as told:
            await platform.open_form(event.ticket, WHY)
        refused.append(str(told.value))

    office.on(ButtonPressed, opening(WHY))
    office.on(FormSubmitted, another)

    await office.ada.presses("dislike", reply)
    await office.ada.submits({}, on="slack")

    assert refused == ["Slack lets no form follow a form."]


async def test_an_entry_in_a_messages_menu_opens_a_form_whose_answer_finds_the_thread(office):
    reply = await office.reply()
    office.on(ButtonPressed, opening(WHY))
    office.on(FormSubmitted, whispering("Thank you!"))

    await office.ada.chooses("plaudit_correct", reply)
    await office.ada.submits({"text": "42"}, on="slack")

    [event] = office.clerk.of(ButtonPressed)
    assert (event.action, event.message) == ("correct", office.ref(reply))
    assert [(each.text, each.thread) for each in office.whispers()] == [("Thank you!", reply.thread)]


async def test_where_we_are_not_a_member_the_address_of_the_act_is_answered(office):
    message = await office.ada.says("hello", office.room)
    office.room.members.remove(office.pocket.slack.workspace.assistant)
    office.on(ButtonPressed, whispering("I do not know this message."))

    await office.ada.chooses("plaudit_rate", message)

    assert [each.text for each in office.whispers()] == ["I do not know this message."]


async def test_an_address_that_is_used_up_is_not_the_end(office):
    reply = await office.reply()
    office.on(ButtonPressed, whispering("Noted.", Button("Again", "dislike:01J")))
    await office.ada.presses("dislike", reply)
    [whisper] = office.whispers()
    office.pocket.slack.rules.responses = 0

    await office.ada.presses("Again", whisper)

    assert [each.text for each in office.whispers()] == ["Noted.", "Noted."]


async def test_a_whisper_that_reaches_nobody_is_an_error(office):
    reply = await office.reply()
    told = list[PlatformError]()

    async def try_it(platform: SlackPlatform, event: ButtonPressed) -> None:
        try:
            await platform.whisper(event.ticket, Notice("Noted."))
        except PlatformError as error:
            told.append(error)

    office.on(ButtonPressed, try_it)
    office.pocket.slack.rules.responses = 0
    office.pocket.slack.fail("chat.postEphemeral", Fault("user_not_in_channel"))

    await office.ada.presses("dislike", reply)

    assert "used_url" in str(told[0])


@pytest.mark.parametrize("direct", [False, True])
async def test_a_command_is_answered_where_it_was_given(office, direct):
    room = office.ada.dm("slack") if direct else office.room
    office.on(CommandGiven, whispering("**Help**"))

    await office.ada.commands("/plaudit", " privacy  export ", room)

    [event] = office.clerk.of(CommandGiven)
    assert (event.text, event.lasting) == ("privacy  export", direct)
    assert event.place == PlaceRef("slack", TEAM_ID, channel_id(room))
    assert [each.text for each in office.whispers(room)] == ["**Help**"]


async def test_a_file_comes_as_a_direct_message_and_the_whisper_says_so(office):
    attachment = Attachment("plaudit.jsonl", '{"a": "ä"}\n'.encode())
    office.on(CommandGiven, whispering("Everything.", attachment=attachment))

    await office.ada.commands("/plaudit", "privacy export", office.room)

    [file] = office.pocket.slack.files.files.values()
    [message] = office.ada.dm("slack").messages
    [whisper] = office.whispers()
    assert (file.name, file.content) == (attachment.name, attachment.content)
    assert message.wire["files"][0]["id"] == file.id
    assert whisper.text.startswith("Everything.")
    assert "direct messages" in whisper.text


async def test_the_home_tab_is_shown_and_its_buttons_are_answered_directly(office):
    office.on(
        HomeOpened, lambda platform, event: platform.show_home(event.person.ref, "**Hello**", [Button("X", "forget")])
    )
    office.on(ButtonPressed, whispering("Done."))
    views, ada = office.pocket.slack.views, office.ada

    office.pocket.slack.open_home(ada)
    await office.pocket.until(lambda: views.homes.get(ada.id))
    await office.pocket.slack.hands.press_at_home(ada, "X")

    [opened], [pressed] = office.clerk.of(HomeOpened), office.clerk.of(ButtonPressed)
    assert (opened.person.name, pressed.action) == ("Ada", "forget")
    assert views.homes[ada.id].given["blocks"][0]["text"]["text"] == "*Hello*"
    assert [each.text for each in ada.dm("slack").messages] == ["Done."]


async def test_our_own_reaction_comes_and_goes_and_twice_is_once(office):
    reply = await office.reply()
    ref = office.ref(reply)

    for _ in range(2):
        await office.platform.react(ref, "✏")
    standing = dict(reply.reactions)
    for _ in range(2):
        await office.platform.unreact(ref, "✏️")
    await office.platform.unreact(MessageRef("slack", TEAM_ID, ref.channel, "1.000000"), "📝")

    assert list(standing) == ["✏️"]
    assert reply.reactions == {}


async def test_a_reaction_says_what_its_person_is_there(office):
    reply = await office.reply()

    await office.ada.reacts("👍", reply)
    await office.pocket.until(lambda: office.pocket.slack.undelivered == 0)

    assert office.clerk.of(ReactionAdded)[0].roles == ("admin", "guest")


async def test_what_was_not_kept_is_not_acknowledged(caplog):
    async with open_office(ack_timeout=0.2, redelivery=()) as office:
        reply = await office.reply()

        async def fail(platform: SlackPlatform, event: ButtonPressed) -> None:
            raise DatabaseUnavailableError("gone")

        office.on(ButtonPressed, fail)

        with pytest.raises(TimeoutError, match="did not acknowledge"):
            await office.ada.presses("like", reply)

    assert any(each.message == "event_not_kept" for each in caplog.records)


async def test_it_is_acknowledged_only_when_it_is_handled(office):
    reply = await office.reply()
    kept = asyncio.Event()

    async def slowly(platform: SlackPlatform, event: ButtonPressed) -> None:
        await kept.wait()

    office.on(ButtonPressed, slowly)
    press = asyncio.create_task(office.ada.presses("like", reply))
    await office.pocket.until(lambda: office.clerk.of(ButtonPressed))
    early = press.done()
    kept.set()
    await press

    assert not early


async def test_a_trigger_that_has_expired_is_said_to_be(office):
    reply = await office.reply()
    office.pocket.slack.rules.trigger_seconds = 0
    told = list[str]()

    async def try_it(platform: SlackPlatform, event: ButtonPressed) -> None:
        with pytest.raises(PlatformError) as refused:
            await platform.open_form(event.ticket, WHY)
        told.append(str(refused.value))

    office.on(ButtonPressed, try_it)
    await office.ada.presses("dislike", reply)

    assert "expired_trigger_id" in told[0]
