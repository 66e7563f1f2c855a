"""Messages, reactions, threads and people of the box's Discord, as discord.py sees them."""

from collections.abc import AsyncIterator

import discord
import pytest

from bots.pocket.server import Pocket
from tests.contract.pocket_discord import Bot, box

Box = tuple[Pocket, Bot]


@pytest.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    async with box(monkeypatch) as boxed:
        yield boxed


def channel_of(opened: Box, name: str = "general") -> discord.TextChannel:
    pocket, bot = opened
    channel = bot.get_channel(pocket.discord.id(pocket.room(name, on="discord")))
    assert isinstance(channel, discord.TextChannel)
    return channel


async def general(opened: Box) -> discord.TextChannel:
    pocket, bot = opened
    pocket.room("general", on="discord")
    await bot.until("guild_channel_create")
    return channel_of(opened)


async def test_the_bot_sees_its_guild_and_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async with box(monkeypatch) as (pocket, bot):
        guild = bot.guilds[0]
        info = await bot.application_info()

    assert bot.user.name == "plaudit"
    assert bot.user.id == bot.application_id == info.id == pocket.discord.id(pocket.discord.world.me)
    assert guild.me.guild_permissions.manage_messages
    assert bot.application_flags.gateway_message_content_limited


async def test_a_message_arrives_with_its_author_its_mention_and_its_time(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")

    said = await ada.says("@plaudit what is WAL?", room)
    (message,) = await bot.until("message")

    assert message.content == f"<@{bot.user.id}> what is WAL?"
    assert message.mentions == [bot.user]
    assert (message.author.name, message.author.bot) == ("Ada", False)
    assert message.channel == channel
    assert abs((message.created_at - said.at).total_seconds()) < 0.002


async def test_what_the_bot_posts_stands_in_the_room(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada = pocket.person("Ada")

    sent = await channel.send(f"  Hello <@{pocket.discord.id(ada)}>!\n")
    (echo,) = await bot.until("message")

    (message,) = pocket.room("general", on="discord").messages
    assert message.text == "Hello @Ada!"
    assert message.author is pocket.discord.world.me
    assert pocket.discord.rung_by(message) == [ada]
    assert sent.id == echo.id == pocket.discord.id(message)


async def test_a_mention_that_is_not_allowed_does_not_ring(opened: Box) -> None:
    pocket, _ = opened
    channel = await general(opened)
    ada = pocket.person("Ada")

    sent = await channel.send(f"<@{pocket.discord.id(ada)}> @everyone", allowed_mentions=discord.AllowedMentions.none())

    message = pocket.room("general", on="discord").messages[0]
    assert pocket.discord.rung_by(message) == []
    assert sent.mention_everyone is False


async def test_an_edit_shows_the_new_text_and_tells_of_it(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    message = await channel.send("one")

    edited = await message.edit(content="one two")
    (told,) = await bot.until("raw_message_edit")

    stands = pocket.room("general", on="discord").messages[0]
    assert [state.text for state in stands.states] == ["one", "one two"]
    assert edited.edited_at is not None
    assert told.data["author"]["id"] == str(bot.user.id)


async def test_a_persons_edit_and_deletion_are_told(opened: Box) -> None:
    pocket, bot = opened
    await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    said = await ada.says("one", room)

    await ada.edits(said, "two")
    await ada.deletes(said)
    (edit,), (deletion,) = await bot.until("raw_message_edit"), await bot.until("raw_message_delete")

    assert edit.message.content == "two"
    assert deletion.message_id == edit.message_id == pocket.discord.id(said)


async def test_a_reply_refers_to_its_message_and_rings_its_author_or_not(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    answer = await channel.send("an answer")
    first = room.messages[0]

    await ada.says("thanks", room, reply_to=first)
    await ada.says("quietly", room, reply_to=first, rings=False)
    ringing, quiet = await bot.until("message", 2, where=lambda each: each.author.name == "Ada")

    assert ringing.type is discord.MessageType.reply
    assert ringing.reference.resolved.content == answer.content
    assert ringing.mentions == [bot.user]
    assert quiet.mentions == []


async def test_the_bot_replies_with_and_without_a_ping(opened: Box) -> None:
    pocket, bot = opened
    await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    said = await ada.says("question", room)
    (question,) = await bot.until("message")

    await question.reply("ping")
    await question.reply("no ping", mention_author=False)

    _, ping, quiet = room.messages
    assert ping.reply_to is quiet.reply_to is said
    assert pocket.discord.rung_by(ping) == [ada]
    assert pocket.discord.rung_by(quiet) == []


async def test_a_reply_to_a_deleted_message_fails_unless_it_need_not_exist(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    said = await ada.says("question", room)
    (question,) = await bot.until("message")
    await ada.deletes(said)

    with pytest.raises(discord.HTTPException, match="Unknown message") as refused:
        await question.reply("answer")
    sent = await channel.send("answer", reference=question.to_reference(fail_if_not_exists=False))

    assert refused.value.code == 50035
    assert sent.reference is None


async def test_a_repeated_nonce_shows_the_text_once(opened: Box) -> None:
    pocket, _ = opened
    channel = await general(opened)

    first = await channel.send("once", nonce="n1")
    again = await channel.send("once", nonce="n1")

    assert first.id == again.id
    assert len(pocket.room("general", on="discord").messages) == 1


async def test_a_lost_answer_is_made_good_by_the_nonce(opened: Box) -> None:
    pocket, _ = opened
    channel = await general(opened)
    pocket.discord.fail("post", status=0, done=True)

    with pytest.raises(Exception, match="disconnected"):
        await channel.send("once", nonce="n1")
    await channel.send("once", nonce="n1")

    assert [each.text for each in pocket.room("general", on="discord").messages] == ["once"]


@pytest.mark.parametrize(("content", "code"), [("x" * 2001, 50035), (" \n", 50006)])
async def test_a_text_that_does_not_fit_is_refused(opened: Box, content: str, code: int) -> None:
    channel = await general(opened)

    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(content)

    assert refused.value.code == code


async def test_embeds_and_files_are_kept(opened: Box, tmp_path: object) -> None:
    pocket, _ = opened
    channel = await general(opened)
    upload = discord.File(__file__, filename="answer.md")

    sent = await channel.send("see", embed=discord.Embed(title="T", description="D"), file=upload)

    assert sent.embeds[0].description == "D"
    assert sent.attachments[0].filename == "answer.md"
    assert pocket.room("general", on="discord").messages[0].text == "see\n\nT\n\nD"


async def test_what_is_missing_or_not_ours_is_refused_with_discords_codes(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    await ada.says("hers", room)
    (hers,) = await bot.until("message")

    with pytest.raises(discord.NotFound) as unknown_message:
        await channel.fetch_message(1234567890123456789)
    with pytest.raises(discord.NotFound) as unknown_channel:
        await bot.fetch_channel(1234567890123456789)
    with pytest.raises(discord.Forbidden) as not_ours:
        await hers.edit(content="mine")

    assert (unknown_message.value.code, unknown_channel.value.code, not_ours.value.code) == (10008, 10003, 50005)


async def test_a_missing_permission_is_refused_and_shown(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    pocket.discord.deny(pocket.room("general", on="discord"), "send_messages")

    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("x")
    await bot.until("guild_channel_update")

    assert refused.value.code == 50013
    assert not channel.permissions_for(channel.guild.me).send_messages


async def test_a_private_channel_is_not_there_for_the_bot(opened: Box) -> None:
    pocket, bot = opened
    ada = pocket.person("Ada")
    room = pocket.room("secret", on="discord", kind="private", members=[ada])

    await ada.says("psst", room)
    with pytest.raises(discord.Forbidden) as refused:
        await bot.fetch_channel(pocket.discord.id(room))

    assert refused.value.code == 50001
    assert bot.told("message") == []


async def test_history_comes_in_pages_from_either_end(opened: Box) -> None:
    pocket, _ = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    said = [await ada.says(f"{number}", room) for number in range(1, 131)]

    newest = [each.content async for each in channel.history(limit=3)]
    everything = [each.content async for each in channel.history(limit=None, oldest_first=True)]
    after = [each.content async for each in channel.history(after=discord.Object(pocket.discord.id(said[126])))]
    around = [
        each.content async for each in channel.history(around=discord.Object(pocket.discord.id(said[9])), limit=5)
    ]

    assert newest == ["130", "129", "128"]
    assert everything == [str(number) for number in range(1, 131)]
    assert after == ["128", "129", "130"]
    assert set(around) == {"8", "9", "10", "11", "12"}


async def test_reactions_are_told_with_who_gave_them(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    ada.skin_tone = 4
    await channel.send("an answer")
    answer = room.messages[0]

    await ada.reacts("👍", answer)
    await ada.takes_back("👍", answer)
    (added,), (removed,) = await bot.until("raw_reaction_add"), await bot.until("raw_reaction_remove")

    assert str(added.emoji) == str(removed.emoji) == "👍🏽"
    assert added.member.name == "Ada"
    assert added.message_author_id == bot.user.id
    assert removed.user_id == added.user_id == pocket.discord.id(ada)


async def test_custom_and_super_reactions_are_told_as_such(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    party = pocket.discord.add_emoji("party")
    message = await channel.send("an answer")
    answer = room.messages[0]

    await ada.reacts(party, answer)
    await pocket.discord.hands.burst(ada, "🔥", answer)
    custom, burst = await bot.until("raw_reaction_add", 2)
    fetched = await channel.fetch_message(message.id)

    assert (custom.emoji.name, custom.emoji.is_custom_emoji(), custom.burst) == ("party", True, False)
    assert (burst.burst, burst.type) == (True, discord.ReactionType.burst)
    assert [(each.normal_count, each.burst_count) for each in fetched.reactions] == [(1, 0), (0, 1)]


async def test_a_moderator_clears_reactions(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    await channel.send("an answer")
    answer = room.messages[0]
    for emoji in ("👍", "👎", "🔥"):
        await ada.reacts(emoji, answer)

    await pocket.discord.hands.clear_reactions(answer, "👍")
    await pocket.discord.hands.clear_reactions(answer)
    (one,), (rest,) = await bot.until("raw_reaction_clear_emoji"), await bot.until("raw_reaction_clear")

    assert str(one.emoji) == "👍"
    assert rest.message_id == pocket.discord.id(answer)
    assert answer.reactions == {}


async def test_the_bot_reacts_and_lists_who_reacted(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    room = pocket.room("general", on="discord")
    message = await channel.send("an answer")
    people = [pocket.person(name) for name in ("Ada", "Ben", "Cleo")]
    for person in people:
        await person.reacts("👍", room.messages[0])

    await message.add_reaction("👍")
    await message.add_reaction("1️⃣")
    fetched = await channel.fetch_message(message.id)
    users = [each.name async for each in fetched.reactions[0].users()]
    await message.remove_reaction("👍", bot.user)

    assert fetched.reactions[0].me
    assert fetched.reactions[0].count == 4
    assert set(users) == {"plaudit", "Ada", "Ben", "Cleo"}
    assert room.messages[0].reactions["👍"] == people


async def test_an_emoji_that_nobody_knows_is_refused(opened: Box) -> None:
    channel = await general(opened)
    message = await channel.send("an answer")

    with pytest.raises(discord.HTTPException) as word:
        await message.add_reaction("thumbsup")
    with pytest.raises(discord.HTTPException) as stranger:
        await message.add_reaction("<:nobody:1234567890123456789>")

    assert (word.value.code, stranger.value.code) == (10014, 10014)


async def test_a_thread_made_from_a_message_shares_its_id(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    said = await ada.says("question", room)
    (question,) = await bot.until("message")

    thread = await question.create_thread(name="About it")
    await thread.send("in the thread")
    history = [each async for each in thread.history()]
    with pytest.raises(discord.HTTPException) as twice:
        await question.create_thread(name="Again")

    assert thread.id == question.id
    assert thread.owner_id == bot.user.id
    assert [each.text for each in pocket.house.thread_room(said).messages] == ["in the thread"]
    assert [each.type.name for each in history] == ["default", "thread_starter_message"]
    assert history[1].reference.resolved.content == "question"
    assert twice.value.code == 160004
    assert (await channel.fetch_message(question.id)).thread == thread


async def test_what_people_write_in_a_thread_arrives_in_it(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")
    said = await ada.says("question", room)

    await ada.says("more of it", room, thread=said)
    (message,) = await bot.until("message", where=lambda each: each.content == "more of it")

    assert isinstance(message.channel, discord.Thread)
    assert message.channel.id == pocket.discord.id(said)
    assert message.channel.parent == channel


async def test_a_forum_post_shares_its_id_with_its_first_message(opened: Box) -> None:
    pocket, bot = opened
    forum = pocket.room("help", on="discord", kind="forum")
    ada = pocket.person("Ada")

    first = await pocket.discord.hands.post_in_forum(ada, forum, "It breaks", "@plaudit why?")
    (message,) = await bot.until("message")
    made = await bot.get_channel(pocket.discord.id(forum)).create_thread(name="News", content="hello")

    assert message.id == message.channel.id == pocket.discord.id(first)
    assert message.channel.name == "It breaks"
    assert message.channel.owner_id == pocket.discord.id(ada)
    assert made.thread.id == made.message.id


async def test_a_standalone_thread_is_opened_and_archived(opened: Box) -> None:
    _, bot = opened
    channel = await general(opened)

    thread = await channel.create_thread(name="Aside", type=discord.ChannelType.public_thread)
    message = await thread.send("one")
    await thread.edit(archived=True)
    with pytest.raises(discord.HTTPException) as refused:
        await message.edit(content="two")

    assert refused.value.code == 50083
    assert [each.id for each in await bot.until("thread_create")] == [thread.id]


async def test_a_direct_conversation_goes_both_ways(opened: Box) -> None:
    pocket, bot = opened
    ada = pocket.person("Ada")

    await ada.says("hi", ada.dm("discord"))
    (message,) = await bot.until("message")
    await message.channel.send("hello")
    user = await bot.fetch_user(pocket.discord.id(ada))
    await user.send("and again")

    assert message.guild is None
    assert isinstance(message.channel, discord.DMChannel)
    assert [each.text for each in ada.dm("discord").messages] == ["hi", "hello", "and again"]


async def test_typing_is_seen_on_both_sides(opened: Box) -> None:
    pocket, bot = opened
    channel = await general(opened)
    ada, room = pocket.person("Ada"), pocket.room("general", on="discord")

    await channel.typing()
    pocket.house.show_status(ada, room, "is typing…")
    told = await bot.until("raw_typing", 2)

    assert [each.person.name for _, each in pocket.house.statuses] == ["plaudit", "Ada"]
    assert told[1].user_id == pocket.discord.id(ada)


async def test_members_are_fetched_one_by_one(opened: Box) -> None:
    pocket, bot = opened
    ada = pocket.person("Ada")

    member = await bot.guilds[0].fetch_member(pocket.discord.id(ada))
    with pytest.raises(discord.NotFound) as nobody:
        await bot.guilds[0].fetch_member(1234567890123456789)

    assert member.name == "Ada"
    assert nobody.value.code == 10007


async def test_a_file_needs_a_permission_of_its_own(opened: Box) -> None:
    pocket, _ = opened
    channel = await general(opened)
    pocket.discord.deny(pocket.room("general", on="discord"), "attach_files")

    with pytest.raises(discord.Forbidden):
        await channel.send("see", file=discord.File(__file__, filename="answer.md"))
    await channel.send("read")
