"""Whatever comes over the gateway, the bot lives on and keeps nothing twice."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bots.discord.translate import EVENTS
from bots.pocket.discord_rules import DiscordRules
from tests.contract.discord_bot import bot
from tests.unit.test_discord_translate import JSON, mutilated

NAMES = st.sampled_from([*sorted(EVENTS), "GUILD_CREATE", "GUILD_DELETE", "CHANNEL_UPDATE", "THREAD_CREATE", "NEWS"])

votes = st.tuples(st.just("vote"), st.sampled_from(["Ben", "Chloe"]), st.sampled_from("👍👎"))
questions = st.just(("question",))
mutilated_frames = st.tuples(st.just("frame"), mutilated().map(lambda frame: (frame["t"], frame["d"])))
unknown_frames = st.tuples(st.just("frame"), st.tuples(NAMES, JSON))
acts = st.lists(st.tuples(votes | questions | mutilated_frames | unknown_frames, st.booleans()), max_size=10)


class Play:
    """What people do and what goes wrong on the wire, about one reply."""

    def __init__(self, here, reply):
        self.here = here
        self.reply = reply
        self.votes: Counter[str] = Counter()
        self.questions = []

    async def act(self, act, *, twice):
        self.here.discord.rules.deliver_twice = twice
        match act:
            case "vote", who, emoji:
                await self._vote(self.here.pocket.person(who), emoji)
            case ("question",):
                self.questions.append(await self.here.pocket.person("Ada").says("@plaudit hello", self.reply.room))
            case "frame", (name, data):
                for session in self.here.discord.gateway.sessions.values():
                    for _ in range(1 + twice):
                        session.tell(name, json.dumps(data).encode())
                await asyncio.sleep(0.005)

    async def _vote(self, person, emoji):
        stands = person in self.reply.reactions.get(emoji, ())
        self.votes["withdraw_assessment" if stands else "log_feedback"] += 1
        await (person.takes_back if stands else person.reacts)(emoji, self.reply)

    def is_kept(self):
        return self.here.agrees(self.reply) and all(map(self.here.pocket.house.replies_to, self.questions))

    def check(self):
        log, house = self.here.store._log, self.here.pocket.house
        kept = Counter(each.type for each in log if each.message_id == self.here.kept(self.reply))
        assert all(kept[kind] <= count for kind, count in self.votes.items())
        asked = Counter(part for each in log if each.type == "add_message" for part in each.data["parts"][:1])
        assert max(asked.values()) == 1
        assert sum(each.author.is_bot for each in self.reply.room.messages) == 1 + len(self.questions)
        assert house.assistants["discord"] not in [each.author for each in self.questions]


async def play(here, script, room):
    here.discord.rules.deliver_twice = False
    playing = Play(here, await here.ask(room=room))
    for act, twice in script:
        await playing.act(act, twice=twice)
    await here.eventually(playing.is_kept)
    playing.check()


def test_no_frame_ends_the_bot_and_nothing_is_kept_twice():
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    rooms = iter(range(10_000))
    here = loop.run_until_complete(stack.enter_async_context(bot(DiscordRules.unlimited())))

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),  # the bot lives on from one example to the next: nothing to shrink
        suppress_health_check=list(HealthCheck),
    )
    @given(script=acts)
    def run(script):
        loop.run_until_complete(play(here, script, f"room{next(rooms)}"))

    try:
        run()
    finally:
        loop.run_until_complete(stack.aclose())
        loop.close()
