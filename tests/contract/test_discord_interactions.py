"""What people press, send and command on Discord, and the answers that only they see."""

import asyncio

import pytest

from bots.pocket.discord_interactions import DEFER_REPLY, DEFER_UPDATE, MODAL, REPLY
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.discord_world import snowflake
from bots.pocket.server import Pocket
from core.controls import Attachment, Button, Choice, Field, Form, Notice
from core.errors import DatabaseUnavailableError, PlatformError
from core.events import ButtonPressed, CommandGiven, FormSubmitted, MessageReceived, ReactionAdded
from core.messages import PersonRef, PlaceRef
from core.ports import CanAnswer, CanOffer, CanReact, CanShowTyping, CanTellPrivately
from tests.contract.discord_ear import box, listening

LIKE, DISLIKE = Button("Good", "like", "👍"), Button("", "dislike", "👎")
WHY = Form(
    "why:01J9",
    "What was wrong?",
    (
        Field("reasons", "Reasons", (Choice("wrong", "It is wrong"), Choice("rude", "It is rude")), several=True),
        Field("accuracy", "Accuracy", tuple(Choice(str(i), f"{i} of 5") for i in range(1, 6)), value="3"),
        Field("comment", "In your words", hint="Nobody else sees it", value="so far"),
    ),
)


def whispers(text, **more):
    async def act(event, platform):
        await platform.whisper(event.ticket, Notice(text, **more))

    return act


async def opens_a_form(event, platform):
    if isinstance(event, FormSubmitted):
        await platform.whisper(event.ticket, Notice("Thank you."))
    else:
        await platform.open_form(event.ticket, WHY)


async def test_the_adapter_can_do_what_the_ports_say():
    async with box() as here:
        for port in (CanReact, CanOffer, CanAnswer, CanTellPrivately, CanShowTyping):
            assert isinstance(here.platform, port)
        assert not here.platform.tells_in_place


async def test_a_press_is_told_with_who_pressed_what_and_where():
    async with box() as here:
        ada = here.pocket.person("Ada")
        role = here.discord.give_role(ada, "moderators")
        message = await here.offers(LIKE, DISLIKE)

        await here.discord.hands.press(ada, message, "👎")

        [event] = await here.heard(ButtonPressed)
        assert (event.action, event.message, event.place) == ("dislike", here.ref(message), here.place(message.room))
        assert (event.person.name, event.person.ref.id) == ("Ada", str(here.discord.id(ada)))
        assert event.person.roles == (str(role), "moderators")
        assert event.at.tzinfo is not None


async def test_a_press_that_nobody_answers_is_acknowledged_without_a_word():
    async with box() as here:
        message = await here.offers(LIKE)

        pressed = await here.discord.hands.press(here.pocket.person("Ada"), message, "Good")

        assert pressed.answer == DEFER_UPDATE
        assert (message.text, message.room.messages) == ("An answer.", [message])


async def test_a_whisper_is_for_the_one_who_pressed():
    async with box() as here:
        ada = here.pocket.person("Ada")
        message = await here.offers(LIKE)
        here.act = whispers("Noted, @everyone.", buttons=(Button("Take it back", "withdraw:01J9"),))

        pressed = await here.discord.hands.press(ada, message, "Good")

        [whisper] = pressed.messages
        assert (pressed.answer, whisper.only_for, whisper.text) == (REPLY, ada, "Noted, @everyone.")
        assert not whisper.wire["mention_everyone"]
        assert message.room.messages == [message]


async def test_a_button_in_a_whisper_can_be_pressed():
    async with box() as here:
        ada, message = here.pocket.person("Ada"), await here.offers(LIKE)
        here.act = whispers("Noted.", buttons=(Button("Take it back", "withdraw:01J9"),))
        pressed = await here.discord.hands.press(ada, message, "Good")

        await here.discord.hands.press(ada, pressed.messages[0], "Take it back")

        assert [each.action for each in here.all(ButtonPressed)] == ["like", "withdraw:01J9"]


async def test_a_long_whisper_comes_in_parts_with_the_buttons_below_the_last():
    async with box() as here:
        text = "\n\n".join(f"Paragraph {i}: {'words ' * 30}" for i in range(25))
        here.act = whispers(text, buttons=(Button("Forget me", "forget"),))
        message = await here.offers(LIKE)

        pressed = await here.discord.hands.press(here.pocket.person("Ada"), message, "Good")
        await here.pocket.until(lambda: "Paragraph 24" in pressed.messages[-1].text, timeout=5)

        assert len(pressed.messages) == 3
        assert all(each.only_for for each in pressed.messages)
        assert [bool(each.wire["components"]) for each in pressed.messages] == [False, False, True]


async def test_a_file_comes_with_a_whisper_for_one_alone():
    async with box() as here:
        ada = here.pocket.person("Ada")
        here.act = whispers("Your data.", attachment=Attachment("data.jsonl", b'{"a": "\xc3\xa9"}\n' * 2000))

        typed = await here.discord.hands.typed(ada, here.room(), "/plaudit privacy export")

        [answer] = typed.messages
        assert (answer.only_for, answer.text) == (ada, "Your data.")
        assert here.discord.upload(answer, "data.jsonl") == b'{"a": "\xc3\xa9"}\n' * 2000


async def test_a_form_is_opened_filled_in_and_sent():
    async with box() as here:
        ada, message = here.pocket.person("Ada"), await here.offers(DISLIKE)
        here.act = opens_a_form

        pressed = await here.discord.hands.press(ada, message, "👎")
        sent = await here.discord.hands.submit(ada, {"reasons": ["rude"], "comment": "too short"})

        [event] = await here.heard(FormSubmitted)
        assert (pressed.answer, pressed.modal["title"]) == (MODAL, "What was wrong?")
        assert event.action == "why:01J9"
        assert event.values == {"reasons": ("rude",), "accuracy": "3", "comment": "too short"}
        assert (event.person.name, event.place) == ("Ada", here.place(message.room))
        assert (sent.messages[0].text, sent.messages[0].only_for) == ("Thank you.", ada)


async def test_what_was_left_empty_in_a_form_is_empty():
    async with box() as here:
        ada, message = here.pocket.person("Ada"), await here.offers(DISLIKE)
        here.act = opens_a_form

        await here.discord.hands.press(ada, message, "👎")
        await here.discord.hands.submit(ada, {"accuracy": [], "comment": ""})

        [event] = await here.heard(FormSubmitted)
        assert event.values == {"reasons": (), "accuracy": "", "comment": ""}


async def test_a_form_after_another_answer_or_after_a_form_is_refused_with_a_reason():
    async with box() as here:
        ada, message, refusals = here.pocket.person("Ada"), await here.offers(DISLIKE), []

        async def act(event, platform):
            if isinstance(event, ButtonPressed) and event.action == "like":
                await platform.whisper(event.ticket, Notice("Noted."))
            try:
                await platform.open_form(event.ticket, WHY)
            except PlatformError as error:
                refusals.append(str(error))

        here.act = act
        await here.discord.hands.press(ada, message, "👎")
        sent = await here.discord.hands.submit(ada, {})
        await here.discord.hands.press(ada, await here.offers(LIKE, text="More."), "Good")
        await here.pocket.until(lambda: len(refusals) == 2, timeout=5)

        assert "not after another" in refusals[0]
        assert sent.answer == DEFER_UPDATE


async def test_a_form_opened_from_a_menu_gets_a_word_when_it_is_sent():
    async with box() as here:
        ada, message = here.pocket.person("Ada"), await here.offers(DISLIKE)

        async def act(event, platform):
            if isinstance(event, ButtonPressed):
                await platform.open_form(event.ticket, WHY)

        here.act = act
        await here.discord.hands.shortcut(ada, message, "Rate this reply")
        sent = await here.discord.hands.submit(ada, {})

        assert (sent.answer, sent.messages[0].only_for) == (REPLY, ada)


@pytest.mark.parametrize(("entry", "action"), [("Rate this reply", "rate"), ("Correct this reply", "correct")])
async def test_an_entry_in_the_menu_of_a_message_is_a_press_on_it(entry, action):
    async with box() as here:
        ada, message = here.pocket.person("Ada"), await here.offers(LIKE)

        await here.pocket.person("Ada").chooses(entry, message)

        [event] = await here.heard(ButtonPressed)
        assert (event.action, event.message, event.person.ref.id) == (
            action,
            here.ref(message),
            str(here.discord.id(ada)),
        )


@pytest.mark.parametrize("text", ["help", "reset", "retry", "stats", "privacy", "privacy export", "privacy forget"])
async def test_a_command_is_told_as_it_would_be_typed(text):
    async with box() as here:
        ada = here.pocket.person("Ada")
        here.act = whispers("Here you are.")

        typed = await here.discord.hands.typed(ada, here.room(), f"/plaudit {text}")

        [event] = await here.heard(CommandGiven)
        assert (event.text, event.place, event.lasting) == (text, here.place(here.room()), False)
        assert [(each.text, each.only_for) for each in typed.messages] == [("Here you are.", ada)]


async def test_a_command_that_nobody_answers_gets_a_word():
    async with box() as here:
        typed = await here.discord.hands.typed(here.pocket.person("Ada"), here.room(), "/plaudit reset")

        assert typed.answer == REPLY
        assert typed.messages[0].only_for is not None


async def test_places_of_presses_and_commands_are_those_of_messages():
    async with box() as here:
        ada = here.pocket.person("Ada")
        thread = here.pocket.house.thread_room(await ada.says("hello", here.room()))
        await ada.says("hi", thread)
        await ada.says("hi", ada.dm("discord"))

        for room in (thread, ada.dm("discord")):
            message = await here.offers(LIKE, room=room, text=f"In {room.kind}.")
            await here.discord.hands.press(ada, message, "Good")
            await here.discord.hands.typed(ada, room, "/plaudit help")

        written = await here.heard(MessageReceived, 3)
        presses, commands = here.all(ButtonPressed), here.all(CommandGiven)
        assert [each.place for each in presses] == [each.place for each in written[1:]]
        assert [each.place for each in commands] == [each.place for each in written[1:]]
        assert [each.person.ref for each in presses] == [each.author.ref for each in written[1:]]
        assert all(each.lasting for each in commands)


async def test_a_button_from_before_a_restart_works():
    async with box() as here:
        message = await here.offers(LIKE)
        here.discord.hands.dialogs.clear()

        async with listening(here.pocket) as again:
            again.act = here.act = whispers("Noted.")
            pressed = await here.discord.hands.press(here.pocket.person("Ada"), message, "Good")

            assert [each.action for each in await again.heard(ButtonPressed)] == ["like"]
            assert pressed.answer == REPLY


async def test_buttons_stay_when_the_text_is_edited_later_and_go_when_none_are_offered():
    async with box() as here:
        message = await here.offers(LIKE, DISLIKE)

        await here.platform.edit(here.ref(message), "Another answer.")
        buttons = message.wire["components"][0]["components"]
        await here.platform.offer(here.ref(message), "Another answer.", ())

        assert [each["custom_id"] for each in buttons] == ["plaudit:like", "plaudit:dislike"]
        assert message.wire["components"] == []
        assert message.text == "Another answer."


async def test_commands_are_registered_once_and_again_only_when_they_changed():
    async with box() as here:
        pocket = here.pocket

        async with listening(pocket):
            pass
        next(iter(pocket.discord.commands.registered.values()))["description"] = "Another"
        async with listening(pocket):
            pass

        puts = [each for each in pocket.discord.calls if each.method == "PUT" and each.path.endswith("/commands")]
        names = {each["name"] for each in pocket.discord.commands.registered.values()}
        assert len(puts) == 2
        assert names == {"plaudit", "Rate this reply", "Correct this reply"}


async def test_where_commands_cannot_be_registered_the_rest_works(caplog):
    async with Pocket(discord=DiscordRules.unlimited()) as pocket:
        pocket.discord.fail("commands", status=403)

        async with listening(pocket) as here:
            message = await here.offers(LIKE)

        assert message.text == "An answer."
        assert pocket.discord.commands.registered == {}
        assert "commands_not_registered" in [each.message for each in caplog.records]


async def test_what_takes_long_is_promised_in_time_and_whispered_when_it_is_ready():
    async with box(DiscordRules.unlimited(interaction_seconds=0.4)) as here:
        ada, message = here.pocket.person("Ada"), await here.offers(LIKE)
        here.platform.answers._patience = 0.1

        async def act(event, platform):
            await asyncio.sleep(0.6)
            await platform.whisper(event.ticket, Notice("At last."))

        here.act = act
        pressed = await here.discord.hands.press(ada, message, "Good")
        typed = await here.discord.hands.typed(ada, here.room(), "/plaudit stats")
        await here.pocket.until(lambda: pressed.messages and typed.messages, timeout=5)

        assert (pressed.answer, typed.answer) == (DEFER_UPDATE, DEFER_REPLY)
        assert [(each.text, each.only_for) for each in (*pressed.messages, *typed.messages)] == [("At last.", ada)] * 2


async def test_a_promise_that_nobody_keeps_is_ended_with_a_word():
    async with box() as here:
        here.platform.answers._patience = 0.05

        async def act(event, platform):
            await asyncio.sleep(0.2)

        here.act = act
        typed = await here.discord.hands.typed(here.pocket.person("Ada"), here.room(), "/plaudit reset")
        await here.pocket.until(lambda: typed.messages, timeout=5)

        assert typed.answer == DEFER_REPLY


async def test_a_form_that_comes_too_late_is_excused():
    async with box() as here:
        here.platform.answers._patience = 0.05
        message = await here.offers(DISLIKE)

        async def act(event, platform):
            await asyncio.sleep(0.2)
            with pytest.raises(PlatformError):
                await platform.open_form(event.ticket, WHY)

        here.act = act
        pressed = await here.discord.hands.press(here.pocket.person("Ada"), message, "👎")
        await here.pocket.until(lambda: pressed.messages, timeout=5)

        assert "try again" in pressed.messages[0].text


async def test_what_could_not_be_kept_is_handed_on_once_and_acknowledged(caplog):
    async with box() as here:
        message, tries = await here.offers(LIKE), []

        async def act(event, platform):
            tries.append(event)
            await platform.whisper(event.ticket, Notice("It could not be kept. Please press again."))
            raise DatabaseUnavailableError("down")

        here.act = act
        pressed = await here.discord.hands.press(here.pocket.person("Ada"), message, "Good")
        await asyncio.sleep(0.6)

        assert (pressed.answer, len(tries)) == (REPLY, 1)


async def test_a_press_that_is_told_twice_is_handled_once():
    async with box(DiscordRules.unlimited(deliver_twice=True)) as here:
        message = await here.offers(LIKE)
        here.act = whispers("Noted.")

        pressed = await here.discord.hands.press(here.pocket.person("Ada"), message, "Good")
        await asyncio.sleep(0.1)

        assert len(here.all(ButtonPressed)) == len(pressed.messages) == 1


async def test_an_answer_whose_arrival_was_not_heard_of_is_given_once():
    async with box() as here:
        ada, message = here.pocket.person("Ada"), await here.offers(LIKE)
        here.act = whispers("Noted.")
        here.discord.fail("interaction", status=0, done=True)

        pressed = await here.discord.hands.press(ada, message, "Good")
        await asyncio.sleep(0.1)

        assert [each.text for each in pressed.messages] == ["Noted."]


async def test_an_answer_that_comes_too_late_is_an_error_of_the_platform_and_no_more():
    async with box(DiscordRules.unlimited(interaction_seconds=0.1)) as here:
        message, errors = await here.offers(LIKE), []

        async def act(event, platform):
            await asyncio.sleep(0.3)
            try:
                await platform.whisper(event.ticket, Notice("Late."))
            except PlatformError as error:
                errors.append(error)

        here.act = act
        with pytest.raises(TimeoutError):
            await here.discord.hands.press(here.pocket.person("Ada"), message, "Good")
        await here.pocket.until(lambda: errors, timeout=5)

        assert len(errors) == 1


async def test_a_ticket_whose_time_is_over_does_not_speak_of_the_bots_token():
    async with box(DiscordRules.unlimited(interaction_token_seconds=0.0)) as here:
        message = await here.offers(LIKE)
        await here.discord.hands.press(here.pocket.person("Ada"), message, "Good")
        [event] = await here.heard(ButtonPressed)

        with pytest.raises(PlatformError, match="so long ago"):
            await here.platform.whisper(event.ticket, Notice("Late."))


async def test_someone_is_told_something_in_a_direct_message():
    async with box() as here:
        ada = here.pocket.person("Ada")
        await ada.says("hello", here.room())
        [event] = await here.heard(MessageReceived)

        for text in ("Why?", "Thanks."):
            await here.platform.tell(event.author.ref, event.place, Notice(text, (Button("Forget me", "forget"),)))
        await here.discord.hands.press(ada, ada.dm("discord").messages[0], "Forget me")

        assert [each.text for each in ada.dm("discord").messages] == ["Why?", "Thanks."]
        [pressed] = await here.heard(ButtonPressed)
        assert pressed.place == PlaceRef("discord", "dm", str(here.discord.id(ada.dm("discord"))))


async def test_what_is_asked_in_a_direct_message_is_answered_as_a_member_of_the_guild():
    async with box() as here:
        ada = here.pocket.person("Ada")
        await ada.says("hello", here.room())
        [event] = await here.heard(MessageReceived)
        here.act = opens_a_form

        notice = Notice("Why?", (Button("Say why", "why:01J9"),))
        await here.platform.tell(event.author.ref, event.place, notice)
        await here.discord.hands.press(ada, ada.dm("discord").messages[0], "Say why")
        await here.discord.hands.submit(ada, {})

        [pressed], [sent] = here.all(ButtonPressed), await here.heard(FormSubmitted)
        assert pressed.person.ref == sent.person.ref == event.author.ref
        assert pressed.action == sent.action == "why:01J9"


async def test_someone_who_takes_no_direct_messages_is_an_error_that_says_so():
    async with box() as here:
        ada = here.pocket.person("Ada")
        here.discord.refuse_direct_messages(ada)
        await ada.says("hello", here.room())
        [event] = await here.heard(MessageReceived)

        with pytest.raises(PlatformError, match="write to this person"):
            await here.platform.tell(event.author.ref, event.place, Notice("Why?"))


async def test_an_emoji_of_ours_is_taken_off_and_twice_is_once():
    async with box() as here:
        message = await here.pocket.person("Ada").says("fine", here.room())
        ref = here.ref(message)
        await here.platform.react(ref, "📝")

        for _ in range(2):
            await here.platform.unreact(ref, "📝")
        await here.pocket.person("Ada").deletes(message)
        await here.platform.unreact(ref, "📝")

        assert message.reactions == {}


async def test_messages_and_reactions_say_which_roles_people_have():
    async with box() as here:
        ada, ben = here.pocket.person("Ada"), here.pocket.person("Ben")
        role = here.discord.give_role(ada, "moderators")

        message = await ada.says("hello", here.room())
        await ada.reacts("👍", message)
        await ben.reacts("👍", message)

        [written] = await here.heard(MessageReceived)
        reacted = await here.heard(ReactionAdded, 2)
        assert written.author.roles == (str(role), "moderators")
        assert [each.roles for each in reacted] == [(str(role), "moderators"), ()]


async def test_the_roles_of_a_member_can_be_asked_for_and_who_left_has_none():
    async def in_turn(call):
        return await call()

    async with box() as here:
        ada = here.pocket.person("Ada")
        role = here.discord.give_role(ada, "moderators")
        guild = str(here.discord.world.guild_id)
        there, gone, direct = (
            PersonRef("discord", where, who)
            for where, who in ((guild, str(snowflake(ada.id))), (guild, "1"), ("dm", str(snowflake(ada.id))))
        )

        roles = [await here.platform.roles_of(each, in_turn) for each in (there, gone, direct)]

        assert roles == [(str(role), "moderators"), (), ()]
