"""How the bot comes to Discord, stays there and comes back, and that it misses nothing meanwhile."""

import asyncio
import logging

import pytest
from aiohttp import web

from bots.pocket.discord_gateway import Gateway
from bots.pocket.discord_rules import DiscordRules
from core.errors import PlatformError, PlatformRefusedTokenError
from core.language_models.scripted import ScriptedModel
from tests.contract.discord_bot import bot, says

MALFORMED = [
    '{"op":0,"t":"MESSAGE_CREATE","s":%d,"d":{}}',
    '{"op":0,"t":"GUILD_CREATE","s":%d,"d":[]}',
    '{"op":0,"t":"MESSAGE_REACTION_ADD","s":%d,"d":{"user_id":"x"}}',
    '{"op":10,"s":%d,"d":null}',
]


async def opcode_7(here):
    here.discord.gateway.reconnect()


async def opcode_9(here):
    here.discord.gateway.invalidate()


async def opcode_9_that_may_be_resumed(here):
    here.discord.gateway.invalidate(resumable=True)


async def aborted(here):
    here.discord.gateway.drop()


async def restarted(here):
    here.discord.restart()


async def closed(here):
    await here.discord.gateway.hang_up(4009)


async def malformed(here):
    for session in here.discord.gateway.sessions.values():
        session.seq += 1
        for connection in here.discord.gateway.connections:
            connection.send((MALFORMED[0] % session.seq).encode())


ACCIDENTS = [opcode_7, opcode_9, opcode_9_that_may_be_resumed, aborted, restarted, closed, malformed]


async def comes_back(here):
    await here.pocket.until(lambda: here.discord.connected == 1, timeout=10)


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda each: each.__name__)
async def test_after_an_accident_the_votes_are_those_that_people_see(accident):
    async with bot() as here:
        replies = [await here.ask(room=f"room{i}") for i in range(3)]
        people = [here.pocket.person(f"P{i}") for i in range(4)]
        await people[0].reacts("👍", replies[0])
        await here.eventually(lambda: here.agrees(*replies))

        await accident(here)
        for turn in range(30):
            person, reply = people[turn % 4], replies[turn % 3]
            emoji = ("👍", "👎", "3️⃣")[turn % 5 % 3]
            if person in reply.reactions.get(emoji, ()):
                await person.takes_back(emoji, reply)
            else:
                await person.reacts(emoji, reply)
            await asyncio.sleep(0.002)
        await here.discord.hands.clear_reactions(replies[2])
        await comes_back(here)

        await here.eventually(lambda: here.agrees(*replies))


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda each: each.__name__)
async def test_after_an_accident_what_people_wrote_is_answered_and_noted_once(accident):
    async with bot() as here:
        reply = await here.ask()
        room, ben = reply.room, here.pocket.person("Ben")

        await accident(here)
        question = await ben.says("@plaudit and you?", room)
        comment = await ben.says("fine", room, reply_to=reply, rings=False)
        await here.pocket.until(lambda: here.pocket.house.replies_to(question), timeout=10)
        await here.pocket.until(lambda: "📝" in comment.reactions, timeout=10)
        await comes_back(here)
        await asyncio.sleep(0.1)

        assert len(here.log("log_feedback")) == 1
        assert sum(each.data["role"] == "user" for each in here.log("add_message")) == 2
        assert sum(each.author.is_bot for each in room.messages) == 2


async def test_a_server_that_is_away_for_a_while_is_found_again_and_the_gap_is_told(caplog):
    caplog.set_level(logging.INFO)
    async with bot() as here:
        reply = await here.ask()

        with here.discord.away():
            await here.pocket.person("Ben").reacts("👍", reply)
            await asyncio.sleep(0.6)
        await here.eventually(lambda: here.agrees(reply))

    [back] = [each for each in caplog.records if each.message == "reconnected"]
    assert back.seconds >= 0.5
    assert any(each.message == "connection_lost" for each in caplog.records)


async def test_an_accident_in_the_middle_of_a_reply_leaves_it_whole_and_its_votes_found():
    text = " ".join(f"word{i}" for i in range(200))
    model = ScriptedModel(says(text, pause=0.003))
    async with bot(model=model) as here:
        question = await here.pocket.person("Ada").says("@plaudit go", here.pocket.room("general", on="discord"))
        reply = await here.pocket.reply_to(question)

        here.discord.restart()
        await here.pocket.person("Ben").reacts("👍", reply)
        await here.eventually(lambda: here.kept(reply))

        await here.eventually(lambda: here.agrees(reply))
        assert reply.text == text


@pytest.mark.parametrize("frame", [*MALFORMED, "no JSON at all", "[]", '{"op":99}', '{"op":0,"t":"NOVELTY","d":1}'])
async def test_no_payload_ends_the_bot(frame):
    async with bot() as here:
        reply = await here.ask()

        for _ in range(3):
            here.discord.gateway.send_raw(frame % 3 if "%d" in frame else frame)
            await asyncio.sleep(0.05)
        await here.eventually(lambda: here.discord.connected)
        await here.pocket.person("Ben").reacts("👍", reply)

        await here.eventually(lambda: here.agrees(reply))


async def test_a_connection_out_of_joint_is_given_up_and_what_it_swallowed_is_found():
    async with bot() as here:
        reply = await here.ask()

        for _ in range(10):
            here.discord.gateway.send_raw("no JSON at all")
        here.discord.gateway.sessions.clear()
        await here.pocket.person("Ben").reacts("👍", reply)

        await here.eventually(lambda: here.agrees(reply))
        assert here.discord.gateway.identified == 2


async def test_two_hundred_votes_on_one_reply_are_all_found():
    async with bot() as here:
        reply = await here.ask()
        here.discord.gateway.sessions.clear()
        for i in range(200):
            await here.pocket.person(f"P{i}").reacts("👍", reply)

        here.discord.gateway.drop()

        await here.eventually(lambda: here.agrees(reply))
        assert len(here.opinions(reply)) == 200


async def test_a_gateway_that_hangs_up_before_the_first_session_is_tried_again(monkeypatch):
    serve, connections = Gateway.serve, []

    async def reluctant(self, request):
        connections.append(request)
        if len(connections) > 2:
            return await serve(self, request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close(code=4000 + 7 * (len(connections) > 1))
        return socket

    monkeypatch.setattr(Gateway, "serve", reluctant)

    async with bot() as here:
        assert (await here.ask()).text == "An answer."


async def test_a_wrong_token_is_said_to_be_one():
    with pytest.raises(PlatformRefusedTokenError, match="DISCORD_TOKEN"):
        async with bot(token="wrong"):
            pass


@pytest.mark.parametrize(("name", "setting"), [("api_url", "DISCORD_API_URL"), ("gateway_url", "DISCORD_GATEWAY_URL")])
async def test_an_address_where_nobody_answers_is_named_with_its_setting(name, setting, monkeypatch):
    monkeypatch.setattr("bots.discord.gateway._START_SECONDS", 0.3)
    scheme = "ws" if name == "gateway_url" else "http"

    with pytest.raises(PlatformError, match=setting):
        async with bot(**{name: f"{scheme}://127.0.0.1:9/"}):
            pass


async def test_the_intent_that_is_switched_off_is_named_with_its_switch():
    rules = DiscordRules.unlimited(privileged=frozenset())

    with pytest.raises(PlatformError, match="Message Content Intent"):
        async with bot(rules):
            pass


async def test_the_gateways_own_refusal_of_the_intent_is_final(monkeypatch):
    monkeypatch.setattr("bots.discord.client.can_read_messages", lambda _: True)

    with pytest.raises(PlatformError, match="Message Content Intent"):
        async with bot(DiscordRules.unlimited(privileged=frozenset())):
            pass


async def test_where_it_can_write_nowhere_every_missing_permission_is_named():
    def furnish(pocket):
        for name in ("one", "two"):
            pocket.discord.deny(pocket.room(name, on="discord"), "send_messages", "add_reactions")

    with pytest.raises(PlatformError) as told:
        async with bot(furnish=furnish):
            pass

    for words in ("Send Messages is missing in #one", "Send Messages is missing in #two", "Add Reactions", "allow it"):
        assert words in str(told.value)


async def test_a_permission_that_is_missing_in_one_channel_is_a_warning(caplog):
    def furnish(pocket):
        pocket.room("general", on="discord")
        pocket.discord.deny(pocket.room("news", on="discord"), "send_messages")
        pocket.discord.deny(pocket.room("hidden", on="discord"), "view_channel")

    async with bot(furnish=furnish):
        pass

    warnings = [each.what for each in caplog.records if each.message == "permission_missing"]
    assert len(warnings) == 1
    assert "Send Messages is missing in #news" in warnings[0]


async def test_when_the_token_is_taken_back_the_operator_is_told(caplog):
    async with bot() as here:
        await here.discord.gateway.hang_up(4004)

        [told] = await here.eventually(lambda: [each for each in caplog.records if each.message == "connection_ended"])

    assert "DISCORD_TOKEN" in told.error
