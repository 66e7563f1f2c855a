"""From a button on Discord to the log: the whole assistant behind the real adapter."""

from core.feedback import EXPECTED_RESPONSE, USER_CATEGORY, USER_FEEDBACK
from tests.contract.discord_bot import bot


async def buttons_on(here, reply):
    await here.pocket.until(lambda: reply.wire.get("components"), timeout=5)


def names(here, reply):
    rows = here.store.tables.assessments[here.kept(reply)].values()
    return {(row["name"], row["source_id"].split(":")[-1]) for row in rows if row["standing"]}


async def test_a_press_is_a_vote_and_its_whisper_takes_a_reason_and_takes_it_back():
    async with bot() as here:
        reply, ben = await here.ask(), here.pocket.person("Ben")
        await buttons_on(here, reply)
        me = str(here.discord.id(ben))

        pressed = await here.discord.hands.press(ben, reply, "👎")
        whisper = pressed.messages[0]
        assert (whisper.only_for, names(here, reply)) == (ben, {(USER_FEEDBACK, me)})

        await here.discord.hands.press(ben, whisper, "Say why")
        sent = await here.discord.hands.submit(ben, {"categories": ["rude", "wrong"], "expected": "Three."})
        assert sent.messages[0].only_for is ben
        assert names(here, reply) == {(USER_FEEDBACK, me), (USER_CATEGORY, me), (EXPECTED_RESPONSE, me)}

        await here.discord.hands.press(ben, whisper, "Take it back")
        assert (USER_FEEDBACK, me) not in names(here, reply)
        assert [each.author.name for each in reply.room.messages] == ["Ada", "plaudit"]


async def test_a_correction_asked_for_by_a_reaction_is_the_members():
    async with bot() as here:
        reply, ben = await here.ask(), here.pocket.person("Ben")

        await ben.reacts("✏️", reply)
        await here.pocket.until(lambda: ben.dm("discord").messages, timeout=5)
        await here.discord.hands.press(ben, ben.dm("discord").messages[0], "Correct it")
        await here.discord.hands.submit(ben, {"expected": "Three."})

        [record] = here.log("log_expectation")
        assert record.subject == f"discord:{here.discord.world.guild_id}:{here.discord.id(ben)}"


async def test_the_entry_in_the_menu_scores_a_reply():
    async with bot() as here:
        reply, ben = await here.ask(), here.pocket.person("Ben")

        await ben.chooses("Rate this reply", reply)
        await ben.submits({"accuracy": "4", "comment": "nearly"}, on="discord")

        [record] = here.log("log_feedback")
        assert (record.data["name"], record.data["value"], record.data["rationale"]) == ("user_accuracy", 4, "nearly")


async def test_what_is_kept_of_someone_is_a_file_for_them_alone():
    async with bot() as here:
        await here.ask(text="what is WAL?")
        ada, room = here.pocket.person("Ada"), here.pocket.room("general", on="discord")

        typed = await here.discord.hands.typed(ada, room, "/plaudit privacy export")

        [answer] = typed.messages
        [attached] = answer.wire["attachments"]
        assert answer.only_for is ada
        assert b"what is WAL?" in here.discord.upload(answer, attached["filename"])
