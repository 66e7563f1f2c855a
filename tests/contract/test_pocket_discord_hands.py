"""Buttons, menus, forms and commands of the box's Discord, answered by discord.py."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest

from bots.pocket.discord_interactions import DEFER_REPLY, DEFER_UPDATE, MODAL, REPLY, UPDATE
from bots.pocket.server import Pocket
from bots.pocket.things import Message
from tests.contract.pocket_discord import Bot, box

Box = tuple[Pocket, Bot]


@pytest.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    async with box(monkeypatch) as boxed:
        boxed[0].room("general", on="discord")
        await boxed[1].until("guild_channel_create")
        yield boxed


class Controls(discord.ui.View):
    """A button and a menu that do what the test says."""

    def __init__(self, act: Any) -> None:
        super().__init__(timeout=None)
        self._act = act

    @discord.ui.button(label="Good", emoji="👍", custom_id="vote:up")
    async def up(self, interaction: discord.Interaction, _: Any) -> None:
        await self._act(interaction)

    @discord.ui.select(placeholder="Why?", custom_id="why", options=[discord.SelectOption(label="wrong")])
    async def why(self, interaction: discord.Interaction, menu: Any) -> None:
        await interaction.response.send_message(f"chose {menu.values[0]}", ephemeral=True)


class Correction(discord.ui.Modal, title="Better?"):
    """A form with one field."""

    answer = discord.ui.TextInput(label="The answer", custom_id="answer", style=discord.TextStyle.paragraph)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Thanks: {self.answer.value}", ephemeral=True)


async def message_with_controls(opened: Box, act: Any) -> Message:
    pocket, bot = opened
    room = pocket.room("general", on="discord")
    await bot.get_channel(pocket.discord.id(room)).send("an answer", view=Controls(act))
    return room.messages[-1]


async def test_a_press_is_answered_with_a_whisper(opened: Box) -> None:
    pocket, _ = opened
    ada = pocket.person("Ada")

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("noted", ephemeral=True)

    message = await message_with_controls(opened, act)
    pressed = await pocket.discord.hands.press(ada, message, "Good")

    assert (pressed.answer, pressed.person) == (REPLY, ada)
    assert pressed.messages[0].only_for is ada
    assert pressed.messages[0].text == "noted"
    assert message.room.messages == [message]


async def test_a_press_may_change_the_message(opened: Box) -> None:
    pocket, _ = opened

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content="changed", view=None)

    message = await message_with_controls(opened, act)
    pressed = await pocket.discord.hands.press(pocket.person("Ada"), message, "vote:up")

    assert pressed.answer == UPDATE
    assert message.text == "changed"
    assert message.wire["components"] == []


async def test_a_press_may_be_taken_in_silence_and_followed_up(opened: Box) -> None:
    pocket, _ = opened

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        await interaction.followup.send("later", ephemeral=True)
        await interaction.edit_original_response(content="edited")

    message = await message_with_controls(opened, act)
    pressed = await pocket.discord.hands.press(pocket.person("Ada"), message, "👍")
    await pocket.until(lambda: message.text == "edited")

    assert pressed.answer == DEFER_UPDATE
    assert [each.text for each in pressed.messages] == ["later"]


async def test_a_choice_carries_its_values(opened: Box) -> None:
    pocket, _ = opened
    message = await message_with_controls(opened, None)

    chosen = await pocket.discord.hands.choose(pocket.person("Ada"), message, "Why?", "wrong")

    assert chosen.messages[0].text == "chose wrong"


async def test_a_form_is_opened_filled_in_and_sent(opened: Box) -> None:
    pocket, _ = opened
    ada = pocket.person("Ada")

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Correction())

    message = await message_with_controls(opened, act)
    pressed = await pocket.discord.hands.press(ada, message, "Good")
    sent = await pocket.discord.hands.submit(ada, {"answer": "three r's"})

    assert pressed.answer == MODAL
    assert pressed.modal["title"] == "Better?"
    assert sent.messages[0].text == "Thanks: three r's"
    assert sent.messages[0].only_for is ada
    with pytest.raises(LookupError):
        await pocket.discord.hands.submit(ada, {})


async def test_a_bot_that_does_not_answer_in_time_is_too_late(opened: Box) -> None:
    pocket, bot = opened
    pocket.discord.rules.interaction_seconds = 0.2
    answers: list[discord.HTTPException] = []

    async def act(interaction: discord.Interaction) -> None:
        await asyncio.sleep(0.3)
        try:
            await interaction.response.send_message("late")
        except discord.HTTPException as error:
            answers.append(error)
        pocket.house.stir()

    message = await message_with_controls(opened, act)
    with pytest.raises(TimeoutError):
        await pocket.discord.hands.press(pocket.person("Ada"), message, "Good")
    await pocket.until(lambda: answers)

    assert answers[0].code == 10062
    assert bot.is_ready()


async def test_a_second_first_answer_is_refused(opened: Box) -> None:
    pocket, _ = opened
    answers: list[int] = []

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("two")
        except discord.HTTPException as error:
            answers.append(error.code)
        pocket.house.stir()

    message = await message_with_controls(opened, act)
    await pocket.discord.hands.press(pocket.person("Ada"), message, "Good")
    await pocket.until(lambda: answers)

    assert answers == [40060]
    assert [each.text for each in message.room.messages] == ["an answer", "one"]


async def test_a_control_that_is_not_there_cannot_be_pressed(opened: Box) -> None:
    pocket, _ = opened
    message = await message_with_controls(opened, None)

    with pytest.raises(LookupError, match="Bad"):
        await pocket.discord.hands.press(pocket.person("Ada"), message, "Bad")


async def test_a_command_is_registered_typed_and_answered(opened: Box) -> None:
    pocket, bot = opened
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")

    @bot.tree.command(name="report", description="Numbers")
    async def report(interaction: discord.Interaction, days: int, share: float = 1.0) -> None:
        await interaction.response.send_message(f"{interaction.user.name}: {days + 1} {share}")

    registered = await bot.tree.sync()
    typed = await pocket.discord.hands.command(ada, room, "/report", days=7, share=0.5)

    assert [each.name for each in registered] == ["report"]
    assert [each.name for each in await bot.tree.fetch_commands()] == ["report"]
    assert typed.messages[0].text == "Ada: 8 0.5"
    assert room.messages == typed.messages


async def test_a_deferred_command_is_answered_when_it_is_ready(opened: Box) -> None:
    pocket, bot = opened
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    group = discord.app_commands.Group(name="plaudit", description="All of it")

    @group.command(name="reset", description="Start anew")
    async def reset(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send("done")
        await interaction.edit_original_response(content="done, really")

    bot.tree.add_command(group)
    await bot.tree.sync(guild=None)
    typed = await pocket.discord.hands.command(ada, room, "plaudit reset")
    await pocket.until(lambda: typed.messages and typed.messages[0].text == "done, really")

    assert typed.answer == DEFER_REPLY
    assert typed.messages[0].only_for is ada
    assert room.messages == []


async def test_an_entry_in_a_messages_menu_is_given_the_message(opened: Box) -> None:
    pocket, bot = opened
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    said = await ada.says("what I said", room)

    @bot.tree.context_menu(name="Correct this")
    async def correct(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.content}?", ephemeral=True)

    await bot.tree.sync()
    chosen = await pocket.discord.hands.shortcut(ada, said, "Correct this")

    assert chosen.messages[0].text == "what I said?"


async def test_commands_and_buttons_work_in_direct_conversations(opened: Box) -> None:
    pocket, bot = opened
    ada = pocket.person("Ada")
    await ada.says("hi", ada.dm("discord"))
    (message,) = await bot.until("message")

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"hello {interaction.user.name}")

    await message.channel.send("press", view=Controls(act))
    pressed = await pocket.discord.hands.press(ada, ada.dm("discord").messages[-1], "Good")

    assert pressed.messages[0].text == "hello Ada"


async def test_a_form_does_not_follow_a_form(opened: Box) -> None:
    pocket, _ = opened
    ada = pocket.person("Ada")
    refusals: list[int] = []

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Twice())

    class Twice(Correction, title="Again?"):
        async def on_submit(self, interaction: discord.Interaction) -> None:
            try:
                await interaction.response.send_modal(Correction())
            except discord.HTTPException as error:
                refusals.append(error.code)
            await interaction.response.send_message("no", ephemeral=True)

    message = await message_with_controls(opened, act)
    await pocket.discord.hands.press(ada, message, "Good")
    sent = await pocket.discord.hands.submit(ada, {"answer": "once"})

    assert (refusals, sent.answer) == ([50035], REPLY)


async def test_a_form_that_does_not_fit_is_refused(opened: Box) -> None:
    pocket, _ = opened
    refusals: list[str] = []

    async def act(interaction: discord.Interaction) -> None:
        try:
            await interaction.response.send_modal(Correction(title="T" * 46))
        except discord.HTTPException as error:
            refusals.append(error.text)
        await interaction.response.defer()

    message = await message_with_controls(opened, act)
    await pocket.discord.hands.press(pocket.person("Ada"), message, "Good")

    assert "45 or fewer" in refusals[0]


async def test_two_controls_of_one_name_are_refused(opened: Box) -> None:
    pocket, bot = opened
    view = discord.ui.View(timeout=None)
    for label in ("one", "two"):
        view.add_item(discord.ui.Button(label=label, custom_id="same"))

    with pytest.raises(discord.HTTPException, match="duplicated"):
        await bot.get_channel(pocket.discord.id(pocket.room("general", on="discord"))).send("x", view=view)


async def test_a_command_is_typed_as_a_line_on_every_platform(opened: Box) -> None:
    pocket, bot = opened
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    group = discord.app_commands.Group(name="plaudit", description="All of it")

    @group.command(name="privacy", description="What is kept")
    @discord.app_commands.choices(what=[discord.app_commands.Choice(name="Export", value="export")])
    async def privacy(interaction: discord.Interaction, what: str = "show") -> None:
        file = discord.File(io.BytesIO(b"data"), "data.txt")
        await interaction.response.send_message(f"You chose {what}.", file=file, ephemeral=True)

    bot.tree.add_command(group)
    await bot.tree.sync()
    answer = await ada.commands("/plaudit", "privacy export", room)
    await ada.commands("/plaudit", "privacy", room)

    assert answer["data"]["content"] == "You chose export."
    [first, second] = [each.messages[0] for each in pocket.discord.interactions.all]
    assert (pocket.discord.upload(first, "data.txt"), second.text) == (b"data", "You chose show.")
    for wrong in ("privacy export now", "privacy sell", "nothing"):
        with pytest.raises(LookupError):
            await ada.commands("/plaudit", wrong, room)


async def test_people_press_and_fill_in_as_they_do_on_slack(opened: Box) -> None:
    pocket, _ = opened
    ada = pocket.person("Ada")

    async def act(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Correction())

    message = await message_with_controls(opened, act)
    pressed = await ada.presses("Good", message)
    sent = await ada.submits({"answer": "three"}, on="discord")

    assert (pressed["type"], sent["data"]["content"]) == (MODAL, "Thanks: three")


async def test_a_role_that_is_given_is_told_with_what_the_person_does(opened: Box) -> None:
    pocket, bot = opened
    ada = pocket.person("Ada")

    role = pocket.discord.give_role(ada, "moderators")
    await bot.until("guild_role_create")
    message = await ada.says("hello", pocket.room("general", on="discord"))
    [told] = await bot.until("message")

    assert [each.name for each in told.author.roles] == ["@everyone", "moderators"]
    assert told.author.get_role(role) is not None
    assert pocket.discord.give_role(ada, "moderators") == role
    with pytest.raises(LookupError):
        pocket.discord.upload(message, "nothing")


async def test_someone_may_take_no_direct_messages(opened: Box) -> None:
    pocket, bot = opened
    ada = pocket.person("Ada")
    pocket.discord.refuse_direct_messages(ada)

    user = await bot.fetch_user(pocket.discord.id(ada))
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("hello")

    assert refused.value.code == 50007
