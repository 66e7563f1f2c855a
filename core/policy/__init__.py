"""What an operator chose for a place: what the emoji mean, who is heard, what is offered, and how a thread is read.

Plain values; the file that they come from is `core.policy.file`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from core.budgets import Budget
from core.feedback import USER_CATEGORY, USER_FEEDBACK, USER_RATING, Meaning
from core.messages import MessageRef, PlaceRef

DIMENSIONS: Final = ("accuracy", "helpfulness", "relevance")


class ThreadPolicy(StrEnum):
    """What a message below a reply is that does not speak to the assistant."""

    FEEDBACK = "feedback"
    """A comment on the reply."""
    CHAT = "chat"
    """The next question, while one person alone is in the thread; with more, nothing."""
    MENTION = "mention"
    """Nothing: only what speaks to the assistant is read."""


class Seeds(StrEnum):
    """What appears on a reply when it is complete, for people to judge it with."""

    BUTTONS = "buttons"
    REACTIONS = "reactions"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Audience:
    """Some people: everyone where all is empty, else whoever is named in any of the three."""

    channels: frozenset[str] = frozenset()
    """Ids."""
    roles: frozenset[str] = frozenset()
    """Ids or names, as in `Person.roles`."""
    people: frozenset[str] = frozenset()
    """Ids."""

    @property
    def is_everyone(self) -> bool:
        """Nobody is named."""
        return not (self.channels or self.roles or self.people)

    def names(self, person_id: str, roles: tuple[str, ...] = (), channel: str = "") -> bool:
        """Whether one of the three names this person, one of their roles, or the channel."""
        return person_id in self.people or not self.roles.isdisjoint(roles) or channel in self.channels


_EMOJI: Final[Mapping[str, Meaning]] = {
    "👍": Meaning(USER_FEEDBACK, value=True),
    "👎": Meaning(USER_FEEDBACK, value=False),
    **{f"{score}⃣": Meaning(USER_RATING, score) for score in range(1, 6)},
    "🤥": Meaning(USER_CATEGORY, "made up"),
    "🤔": Meaning(USER_CATEGORY, "unclear"),
    "🕰": Meaning(USER_CATEGORY, "out of date"),
    "🙉": Meaning(USER_CATEGORY, "not what I asked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How feedback is taken in one place."""

    emoji: Mapping[str, Meaning] = field(default_factory=lambda: _EMOJI)
    """What a canonical emoji on a reply says."""
    categories: tuple[str, ...] = ("wrong", "made up", "unclear", "out of date", "not what I asked", "too long", "rude")
    """What the private question offers for a reason; those of the emoji belong to them."""
    dimensions: tuple[str, ...] = DIMENSIONS
    """Up to three, each scored 1–5."""
    comment_dimension: str = DIMENSIONS[0]
    """The one whose rationale the comment is."""
    thread: ThreadPolicy = ThreadPolicy.FEEDBACK
    seeds: Seeds = Seeds.BUTTONS
    ask_why: bool = True
    """Ask a person in private why, after their 👎."""
    ask_pause: timedelta = timedelta(hours=1)
    """How long a person is then not asked again."""
    heard: Audience = Audience()
    """Whose judgement is kept; everyone's where nobody is named."""
    unheard: Audience = Audience()
    """Whose is not, even where they are among the former; nobody's where nobody is named."""
    segments: Mapping[str, Audience] = field(default_factory=dict)
    """What a rater is called in reports: the first whose audience names them; `user` where none does."""

    answered: Audience = Audience()
    """Whose questions are answered; everyone's where nobody is named."""
    unanswered: Audience = Audience()
    """Whose are not, even where they are among the former."""
    model: str = ""
    """Which model answers; empty: the setting's."""
    models: tuple[str, ...] = ()
    """What may be chosen in its place with `/plaudit model`."""
    choose_model: Audience = Audience()
    """Who may; nobody where nobody is named."""
    system_prompt: str = ""
    """What it is told before every conversation; empty: the setting's."""
    show_system_prompt: bool = False
    """`/plaudit model` tells its words to everyone."""
    max_tokens: int = 0
    """The longest answer; 0: the setting's."""
    temperature: float | None = None
    """None: the setting's."""
    turns_per_person: int = 0
    """Questions in a day (UTC), as the next three; 0: no limit."""
    tokens_per_person: int = 0
    turns_per_channel: int = 0
    tokens_per_channel: int = 0

    @property
    def budget(self) -> Budget:
        """What may be spent there in a day."""
        return Budget(
            self.turns_per_person or None,
            self.tokens_per_person or None,
            self.turns_per_channel or None,
            self.tokens_per_channel or None,
        )

    @property
    def parameters(self) -> dict[str, int | float]:
        """What differs from the settings in what the model is asked with."""
        chosen = {"max_tokens": self.max_tokens or None, "temperature": self.temperature}
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def asks_for_roles(self) -> bool:
        """Whether what holds for someone depends on their roles."""
        audiences = (self.heard, self.unheard, self.answered, self.unanswered, *self.segments.values())
        return any(each.roles for each in audiences)

    def answers(self, person_id: str, roles: tuple[str, ...], channel: str) -> bool:
        """Whether the questions of this person are answered there."""
        if self.unanswered.names(person_id, roles, channel):
            return False
        return self.answered.is_everyone or self.answered.names(person_id, roles, channel)

    def hears(self, person_id: str, roles: tuple[str, ...], channel: str) -> bool:
        """Whether the judgement of this person is kept there."""
        if self.unheard.names(person_id, roles, channel):
            return False
        return self.heard.is_everyone or self.heard.names(person_id, roles, channel)

    def segment(self, person_id: str, roles: tuple[str, ...]) -> str:
        """What the person is called in reports."""
        return next((name for name, them in self.segments.items() if them.names(person_id, roles)), "user")


DEFAULT: Final = Policy()


class Policies(Protocol):
    """Says which policy holds where."""

    def at(self, where: PlaceRef | MessageRef) -> Policy:
        """The policy of a channel, or of its workspace, its platform, or all."""
        ...


@dataclass(frozen=True, slots=True)
class OnePolicy:
    """The same policy everywhere."""

    policy: Policy = DEFAULT

    def at(self, where: PlaceRef | MessageRef) -> Policy:
        """That policy."""
        del where
        return self.policy
