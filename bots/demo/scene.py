"""The scene: what three people ask, and what they think of the answers. It knows the house and nothing of the bot."""

from dataclasses import dataclass

from bots.demo.acts import COMMENTED, CORRECTED, Acts
from bots.pocket.things import Message


@dataclass(slots=True)
class Scene:
    """Ada, Ben and Chloe in a room."""

    acts: Acts
    guide: Message | None = None
    """The last message of the long answer."""

    async def play(self) -> None:
        """From the first question to the last word."""
        await self._a_change_of_mind()
        await self._scores_and_a_comment()
        await self._a_wrong_answer()

    async def vote_while_nobody_listens(self) -> None:
        """What happens while the bot is stopped: a vote on an answer from before."""
        if self.guide is not None:
            await self.acts.react(self.acts.person("Ada"), "👍", self.guide)

    async def _a_change_of_mind(self) -> None:
        acts, chloe = self.acts, self.acts.person("Chloe")
        _, reply = await acts.ask(acts.person("Ada"), "what is SQLite's WAL?")
        await acts.react(acts.person("Ben"), "👍", reply)
        # Discord lets a bot speak to one person alone only where they pressed something.
        await acts.react(chloe, "👎", reply, is_asked_why=acts.room.platform == "slack")
        await chloe.takes_back("👎", reply)
        await acts.react(chloe, "👍", reply)

    async def _scores_and_a_comment(self) -> None:
        acts, ben = self.acts, self.acts.person("Ben")
        question, self.guide = await acts.ask(ben, "write me a guide to rate limits")
        await acts.react(acts.person("Ada"), "4️⃣", self.guide)
        scores = {"accuracy": "5", "helpfulness": "4", "relevance": "4", "comment": "All of it works."}
        await acts.rate(ben, self.guide, scores)
        comment = await acts.write_below(acts.person("Chloe"), "Good, but half as long would do.", self.guide, question)
        await acts.marked(comment, COMMENTED)

    async def _a_wrong_answer(self) -> None:
        acts, chloe = self.acts, self.acts.person("Chloe")
        question, reply = await acts.ask(chloe, "how many r's are there in strawberry?")
        await acts.react(acts.person("Ben"), "🤥", reply)
        await acts.say_why(acts.person("Ada"), reply, {"categories": ("wrong",), "comment": "I count three."})
        better = "better: There are three r's in strawberry."
        await acts.marked(await acts.write_below(acts.person("Ben"), better, reply, question), CORRECTED)
        await chloe.reacts("🔁", reply)
        again = await acts.answer_to(question)
        await acts.react(acts.person("Ada"), "👍", again)
        await acts.answer_to(await acts.write_below(chloe, "@plaudit reset", again, question), judged=False)
