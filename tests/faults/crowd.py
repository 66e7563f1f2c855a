"""Some dozens of people who judge replies in every way there is, and tell the oracle what they did.

They act on pocket as people act on a platform; whether a bot is there to hear it they only know by what they see: a
press that is acknowledged, or not.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from bots.pocket.server import Pocket
from bots.pocket.slack_workspace import TEAM_ID, channel_id, ts_of, user_id
from bots.pocket.things import Message, Person, Platform, Room
from core.messages import MessageRef, PersonRef
from tests.faults.oracle import CATEGORY, COMMENT, EXPECTED, FEEDBACK, RATING, Oracle

NAMES: Final = tuple(
    f"{first}{last}" for last in ("", " B", " C") for first in ["Ada", "Ben", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal"]
)
MEANINGS: Final[dict[str, tuple[str, Any]]] = {
    "👍": (FEEDBACK, True),
    "👎": (FEEDBACK, False),
    "shipit": (FEEDBACK, True),
    **{f"{score}️⃣": (RATING, score) for score in range(1, 6)},
    "🌟": (RATING, 5),
    "🤥": (CATEGORY, "made up"),
    "bogus": (CATEGORY, "made up"),
    "🕰️": (CATEGORY, "out of date"),
    "🐌": (CATEGORY, "slow"),
}
MEANINGLESS: Final = ("🤔", "🎉", "❌")
CATEGORIES: Final = ("wrong", "made up", "unclear", "out of date", "too long", "rude", "slow")
DIMENSIONS: Final = ("accuracy", "helpfulness", "relevance")
POLICY: Final = """\
ask_pause = "1s"
unheard = {{ people = ["{unheard}"] }}
[emoji]
shipit = true
bogus = "made up"
"🌟" = 5
"🐌" = "slow"
"🤔" = ""
"""
_ALIASES: Final = {"👍": "thumbsup", "👎": "thumbsdown", "🤥": "lying_face", "🐌": "snail"}
_MENU: Final = {
    ("slack", "rate"): "plaudit_rate",
    ("slack", "correct"): "plaudit_correct",
    ("discord", "rate"): "Rate this reply",
    ("discord", "correct"): "Correct this reply",
}
_REPLY, _FORM = 4, 9
"""Types of Discord's answers that say something, or open a form."""

Act: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Reply:
    """A reply of the assistant, and how one writes about it."""

    id: str
    question: Message
    parts: list[Message]
    takes_comments: bool = True
    may_go: bool = False
    """It may be deleted."""
    is_gone: bool = False


@dataclass(eq=False, slots=True)
class Comment:
    """A message below a reply."""

    message: Message
    author: Person
    reply: Reply
    counts: bool = True


@dataclass
class Crowd:
    """Everyone who judges."""

    pocket: Pocket
    platform: Platform
    chance: random.Random
    oracle: Oracle
    replies: list[Reply] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """Every act, for whoever reads a difference."""

    def __post_init__(self) -> None:
        self.people = [self.pocket.person(name) for name in NAMES]
        for index, person in enumerate(self.people):
            person.skin_tone = (None, 2, 4, 6)[index % 4]
        self.unheard = self.pocket.person("Nobody")
        self.robot = self.pocket.person("robot", is_bot=True, platform=self.platform)
        self.custom = {
            name: self.pocket.discord.add_emoji(name) if self.platform == "discord" else name
            for name in ("shipit", "bogus")
        }

    # Who and where, as the platform names them

    def wire_id(self, person: Person) -> str:
        return user_id(person) if self.platform == "slack" else str(self.pocket.discord.id(person))

    def ref(self, message: Message) -> MessageRef:
        if self.platform == "slack":
            return MessageRef("slack", TEAM_ID, channel_id(message.room), ts_of(message.id))
        discord = self.pocket.discord
        return MessageRef("discord", self._guild(message.room), str(discord.id(message.room)), str(discord.id(message)))

    def key(self, person: Person, room: Room) -> str:
        workspace = TEAM_ID if self.platform == "slack" else self._guild(room)
        return PersonRef(self.platform, workspace, self.wire_id(person)).key

    def _guild(self, room: Room) -> str:
        return "dm" if room.kind == "dm" else str(self.pocket.discord.world.guild_id)

    # What they may do

    def choose(self) -> Act:
        """An act by someone; a few people and replies are chosen much more often than the others."""
        chance = self.chance
        reply = self._some([each for each in self.replies if not each.is_gone])
        person = self.unheard if chance.random() < 0.02 else self._some(self.people)
        if reply.question.room.kind == "dm":
            person = reply.question.author
        comment = self._some(self.comments) if self.comments else None
        acts: list[tuple[int, Act]] = [
            (30, lambda: self.reacts(person, reply)),
            (14, lambda: self.takes_off(person, reply)),
            (10, lambda: self.votes_by_button(person, reply)),
            (4, lambda: self.takes_back_by_button(person, reply)),
            (5, lambda: self.says_why(person, reply)),
            (3, lambda: self.rates(person, reply)),
            (3, lambda: self.corrects(person, reply)),
            (2, lambda: self.means_nothing(person, reply)),
            (1, lambda: self.rewords(reply)),
            (1, lambda: self.deletes_question(reply)),
            (1, lambda: self.deletes_reply(reply)),
        ]
        if reply.takes_comments:
            acts.append((10, lambda: self.comments_on(person, reply)))
        if comment is not None:
            acts += [
                (8, lambda: self.edits(comment)),
                (5, lambda: self.deletes(comment)),
                (3, lambda: self.crosses(comment)),
            ]
        if self.platform == "discord" and reply.question.room.kind != "dm":
            acts.append((2, lambda: self.moderates(reply)))
        weights = [weight for weight, _ in acts]
        return chance.choices([act for _, act in acts], weights)[0]

    def _some(self, among: list[Any]) -> Any:
        return among[min(int(self.chance.expovariate(3 / len(among))), len(among) - 1)]

    def tell(self, who: Person | str, what: str, reply: Reply | None = None) -> None:
        name = who if isinstance(who, str) else f"{who.name} ({self.wire_id(who)})"
        about = f" on reply {self.replies.index(reply)}" if reply else ""
        self.told.append(f"{self.oracle.now}: {name} {what}{about}")

    # Emoji

    async def reacts(self, person: Person, reply: Reply) -> None:
        part, emoji = self.chance.choice(reply.parts), self.chance.choice([*MEANINGS])
        if emoji in self._signs(person, part):
            return
        self.tell(person, f"reacts {emoji} on part {reply.parts.index(part)}", reply)
        await person.reacts(self._written(person, emoji), part)
        if person is not self.unheard:
            slot = ("emoji", part.id, emoji)
            self.oracle.says(self.key(person, part.room), reply.id, slot, *MEANINGS[emoji])

    async def takes_off(self, person: Person, reply: Reply) -> None:
        signs = [(part, emoji) for part in reply.parts for emoji in self._signs(person, part) if emoji in MEANINGS]
        if not signs:
            return
        part, emoji = self.chance.choice(signs)
        self.tell(person, f"takes {emoji} off part {reply.parts.index(part)}", reply)
        await person.takes_back(self._written(person, emoji), part)
        self.oracle.takes_back(self.key(person, part.room), reply.id, ("emoji", part.id, emoji))

    async def moderates(self, reply: Reply) -> None:
        part = self.chance.choice(reply.parts)
        given = self.chance.choice([None, *part.reactions])
        self.tell("a moderator", f"clears {given or 'all'} on part {reply.parts.index(part)}", reply)
        for shown, people in part.reactions.items():
            if given in (None, shown):
                for person in people:
                    slot = ("emoji", part.id, self._meant(shown))
                    self.oracle.takes_back(self.key(person, part.room), reply.id, slot)
        self.pocket.house.clear_reactions(part, given)

    async def means_nothing(self, person: Person, reply: Reply) -> None:
        """What is no judgement: other emoji, a robot's, those on other people's messages."""
        self.tell(person, "does what means nothing", reply)
        await person.reacts(self.chance.choice(MEANINGLESS), reply.parts[-1])
        if reply.question.room.kind != "dm":  # where nobody but the two of them is
            await self.robot.reacts(self.chance.choice(["👍", "👎", "2️⃣"]), reply.parts[-1])
        await person.reacts("👎", reply.question)
        if self.comments:
            await person.reacts("👎", self.comments[-1].message)

    def _signs(self, person: Person, part: Message) -> list[str]:
        return [self._meant(shown) for shown, people in part.reactions.items() if person in people]

    def _written(self, person: Person, emoji: str) -> str:
        if emoji in self.custom:
            return self.custom[emoji]
        writes_names = self.platform == "slack" and person.skin_tone == 4
        return _ALIASES.get(emoji, emoji) if writes_names else emoji

    def _meant(self, shown: str) -> str:
        bare = shown.partition(":")[0]
        if not bare.isascii():
            bare = "".join(each for each in bare if not "🏻" <= each <= "🏿")
        return next((emoji for emoji, name in _ALIASES.items() if name == bare), bare)

    # Buttons and forms

    async def votes_by_button(self, person: Person, reply: Reply) -> None:
        value = self.chance.random() < 0.5
        control = {"slack": ("dislike", "like"), "discord": ("👎", "👍")}[self.platform][value]
        self.tell(person, f"presses {control}", reply)
        kept = await self._was_kept(person.presses(control, reply.parts[-1]))
        self._pressed(person, reply, {("button",): (FEEDBACK, value)}, kept=kept)

    async def takes_back_by_button(self, person: Person, reply: Reply) -> None:
        if (whisper := self._whisper(person, reply, "withdraw")) is None:
            return
        self.tell(person, "presses Take it back", reply)
        kept = await self._was_kept(person.presses("Take it back", whisper))
        self._pressed(person, reply, {("button",): None}, kept=kept)

    async def says_why(self, person: Person, reply: Reply) -> None:
        if (whisper := self._whisper(person, reply, "why")) is None:
            return
        self.tell(person, "opens Say why", reply)
        if not await self._opens(person, person.presses("Say why", whisper)):
            return
        chosen = self.chance.sample(CATEGORIES, self.chance.randint(0, 4))
        comment, expected = self._words("form"), self._words("answer")
        told = {("form", each): (CATEGORY, each) if each in chosen else None for each in CATEGORIES}
        told |= {("form", "comment"): (COMMENT, comment) if comment else None}
        told |= {("form", "expected"): (EXPECTED, expected) if expected else None}
        await self._sends(person, reply, {"categories": chosen, "comment": comment, "expected": expected}, told)

    async def rates(self, person: Person, reply: Reply) -> None:
        self.tell(person, "opens Rate", reply)
        if not await self._opens(person, person.chooses(_MENU[self.platform, "rate"], reply.parts[-1])):
            return
        comment = self._words("rating")
        scores = {each: self.chance.choice([None, 1, 2, 3, 4, 5]) for each in DIMENSIONS}
        told: dict[Any, Any] = {
            ("form", each): (f"user_{each}", (score, comment if each == DIMENSIONS[0] else "")) if score else None
            for each, score in scores.items()
        }
        if comment and not scores[DIMENSIONS[0]]:
            told |= {("form", "comment"): (COMMENT, comment)}
        none = None if self.platform == "slack" else []
        values = {each: str(score) if score else none for each, score in scores.items()}
        await self._sends(person, reply, {**values, "comment": comment}, told)

    async def corrects(self, person: Person, reply: Reply) -> None:
        self.tell(person, "opens Correct", reply)
        if await self._opens(person, person.chooses(_MENU[self.platform, "correct"], reply.parts[0])):
            expected = self._words("better")
            told = {("form", "expected"): (EXPECTED, expected) if expected else None}
            await self._sends(person, reply, {"expected": expected}, told)

    async def _opens(self, person: Person, act: Awaitable[Any]) -> bool:
        try:
            answer = await act
        except (TimeoutError, LookupError):
            return False
        return bool(self.pocket.slack.views.dialog(person)) if self.platform == "slack" else answer["type"] == _FORM

    async def _sends(self, person: Person, reply: Reply, values: dict[str, Any], told: dict[Any, Any]) -> None:
        self.tell(person, f"sends {values}", reply)
        kept = await self._was_kept(person.submits(values, on=self.platform))
        self.pocket.slack.views.dialogs.pop(person.id, None)
        self._pressed(person, reply, told, kept=kept)

    async def _was_kept(self, act: Awaitable[Any]) -> bool | None:
        """Whether the app said that it took it; None: there was nothing to press."""
        try:
            answer = await act
        except TimeoutError:
            return False
        except LookupError:
            return None
        return self.platform == "slack" or answer["type"] == _REPLY

    def _pressed(self, person: Person, reply: Reply, told: dict[Any, Any], *, kept: bool | None) -> None:
        self.tell(person, {True: "was heard", False: "was not answered", None: "found nothing to press"}[kept])
        if kept is not None and person is not self.unheard:
            self.oracle.presses(self.key(person, reply.question.room), reply.id, told, kept=kept)

    def _whisper(self, person: Person, reply: Reply, verb: str) -> Message | None:
        """Something that only this person sees, with a button that does `verb`."""
        mine = [each for each in reply.parts[-1].room.history if each.only_for is person and not each.deleted]
        return next((each for each in reversed(mine) if f"{verb}:{reply.id}" in str(each.wire)), None)

    def _words(self, what: str) -> str:
        return "" if self.chance.random() < 0.3 else f"{what} {self.chance.randint(0, 9)}"

    # Words below a reply

    async def comments_on(self, person: Person, reply: Reply) -> None:
        text, meant = self._line()
        self.tell(person, f"writes {text!r}", reply)
        room = reply.question.room
        if self.platform == "slack":
            message = await person.says(text, room, thread=reply.question)
        elif reply.parts[0].room is not room or room.kind == "thread":
            message = await person.says(text, reply.parts[0].room)
        else:
            message = await person.says(text, room, reply_to=self.chance.choice(reply.parts), rings=False)
        if person is not self.unheard:
            self.comments.append(Comment(message, person, reply))
            self.oracle.says(self.key(person, room), reply.id, ("message", message.id), *meant)

    async def edits(self, comment: Comment) -> None:
        if comment.message.deleted or comment.reply.is_gone:
            return
        text, meant = self._line()
        if text == comment.message.text:
            return
        self.tell(comment.author, f"edits {comment.message.text!r} to {text!r}", comment.reply)
        await comment.author.edits(comment.message, text)
        if comment.counts:
            key = self.key(comment.author, comment.message.room)
            self.oracle.says(key, comment.reply.id, ("message", comment.message.id), *meant)

    async def deletes(self, comment: Comment) -> None:
        if not comment.message.deleted:
            self.tell(comment.author, f"deletes {comment.message.text!r}", comment.reply)
            await comment.author.deletes(comment.message)
            self._counts_no_more(comment)

    async def crosses(self, comment: Comment) -> None:
        """❌: the author's takes it back, another's does nothing."""
        if comment.message.deleted:
            return
        person = comment.author if self.chance.random() < 0.7 else self._some(self.people)
        self.tell(person, f"crosses {comment.message.text!r}", comment.reply)
        await person.reacts("❌", comment.message)
        if person is comment.author:
            self._counts_no_more(comment)

    def _counts_no_more(self, comment: Comment) -> None:
        if comment.counts:
            comment.counts = False
            key = self.key(comment.author, comment.message.room)
            self.oracle.takes_back(key, comment.reply.id, ("message", comment.message.id))

    def _line(self) -> tuple[str, tuple[str, str]]:
        words = f"words {self.chance.randint(0, 99)}"
        if self.chance.random() < 0.35:
            return f"{self.chance.choice(['better', 'Correction'])}: {words}", (EXPECTED, words)
        return words, (COMMENT, words)

    # The question and the reply themselves

    async def rewords(self, reply: Reply) -> None:
        if not reply.question.deleted:
            self.tell(reply.question.author, "edits the question", reply)
            text = f"@plaudit {reply.question.text.removeprefix('@plaudit ')} please"
            await reply.question.author.edits(reply.question, text)

    async def deletes_question(self, reply: Reply) -> None:
        if not reply.question.deleted and self.chance.random() < 0.5:
            self.tell(reply.question.author, "deletes the question", reply)
            await reply.question.author.deletes(reply.question)

    async def deletes_reply(self, reply: Reply) -> None:
        if reply.may_go:
            reply.is_gone = True
            self.tell("a moderator", "deletes", reply)
            for part in reply.parts:
                self.pocket.house.delete(part, by=self.people[0])
                await asyncio.sleep(0)
