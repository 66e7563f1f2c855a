"""Every key of `plaudit.toml`, written once: what it may be, its bounds, its meaning. The docs are printed from it.

It knows nothing of files, nor of which layer goes before which. A key that is None was not given.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from core.feedback import (
    BEST_SCORE,
    USER_CATEGORY,
    USER_COMMENT,
    USER_FEEDBACK,
    USER_RATING,
    Meaning,
    dimension,
)
from core.policy import Audience, Seeds, ThreadPolicy
from core.policy.checking import Checks
from core.policy.outward import Nats, Pushes, Webhook
from core.policy.telling import Alert, Digest
from core.policy.tracking import Mlflow

MAX_CATEGORIES: Final = 25
"""Discord's limit for the choices of a select menu; Slack takes 100."""
MAX_CATEGORY: Final = 75
"""Characters; Slack's limit for the text of an option, Discord takes 100."""
LOOK_BACK: Final = timedelta(days=3)
LOOK_BACK_EVERY: Final = timedelta(hours=1)

_TAKEN: Final = frozenset({USER_FEEDBACK, USER_RATING, USER_CATEGORY, USER_COMMENT})
_DURATION: Final = re.compile(r"(\d{1,8}) ?([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NEVER: Final = timedelta(0)
_NO_NAMES: Final = "names change, ids do not"


def _refused() -> PydanticCustomError:
    """What the key may be (its `title`) says what is wrong; errors that need more words are a ValueError."""
    return PydanticCustomError("refused", "")


def _duration(text: Any) -> timedelta:
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or (found := timedelta(seconds=int(match[1]) * _SECONDS[match[2]])) > timedelta(days=365):
        raise _refused()
    return found


def _look_every(text: Any) -> timedelta:
    if text == "never":
        return _NEVER
    if (found := _duration(text)) < timedelta(minutes=1):
        raise _refused()
    return found


def _meaning(value: Any) -> Meaning | None:
    match value:
        case bool():
            return Meaning(USER_FEEDBACK, value)
        case int() if 1 <= value <= BEST_SCORE:
            return Meaning(USER_RATING, value)
        case "":
            return None
        case str() if len(value) <= MAX_CATEGORY and value.strip() == value:
            return Meaning(USER_CATEGORY, value)
    raise _refused()


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := [each for index, each in enumerate(names) if each in names[:index]]:
        raise ValueError(f'has "{twice[0]}" twice; take one away')
    return names


def _can_be_chosen(names: tuple[str, ...]) -> tuple[str, ...]:
    lowered = [each.lower() for each in names]
    if "default" in lowered:
        raise ValueError('cannot have "default", which takes a choice back; take it away')
    if twice := [each for index, each in enumerate(names) if lowered[index] in lowered[:index]]:
        raise ValueError(f'has "{twice[0]}" twice, but for capitals, which commands do not tell apart; take one away')
    return names


def _names_once(webhooks: tuple[Webhook, ...]) -> tuple[Webhook, ...]:
    names = [each.name for each in webhooks]
    if twice := [each for index, each in enumerate(names) if each in names[:index]]:
        raise ValueError(f'has two called "{twice[0]}"; call one of them something else')
    return webhooks


def _not_taken(name: str) -> str:
    if dimension(name) in _TAKEN:
        raise ValueError(f'cannot be "{name}": there is an assessment `{dimension(name)}` already; choose another word')
    return name


Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+$")]
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Dimension: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}$"), AfterValidator(_not_taken)]
Model: TypeAlias = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=200)]
Category: TypeAlias = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=MAX_CATEGORY)]
Duration: TypeAlias = Annotated[timedelta, PlainValidator(_duration)]


class Keys(BaseModel):
    """A table of the file: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Some(Keys):
    """Some people, wherever they are."""

    roles: Annotated[tuple[Name, ...], Field(title='a list of ids or names, such as "admin"')] = ()
    people: Annotated[tuple[Id, ...], Field(title=f'a list of ids, such as "U0123ABCD"; {_NO_NAMES}')] = ()

    def audience(self) -> Audience:
        """The same as a value."""
        return Audience(roles=frozenset(self.roles), people=frozenset(self.people))


class SomeThere(Some):
    """Some people, or whoever is in some channels."""

    channels: Annotated[tuple[Id, ...], Field(title=f'a list of ids, such as "C0123ABCD"; {_NO_NAMES}')] = ()

    def audience(self) -> Audience:
        """The same as a value."""
        return replace(super().audience(), channels=frozenset(self.channels))


_COUNT = "a whole number; 0: as many as they like"
_AUDIENCE = "a table with lists of `channels`, `roles` and `people`: ids as the platform shows them, roles also by name"


class Layer(Keys):
    """What can be chosen for all, per platform, per workspace or guild, and per channel."""

    thread: Annotated[
        ThreadPolicy | None,
        Field(
            title='"feedback", "chat" or "mention"',
            description="What a message below a reply is that does not speak to the assistant: a comment on the reply; "
            "the next question, while one person alone is in the thread; or nothing.",
        ),
    ] = None
    seeds: Annotated[
        Seeds | None,
        Field(
            title='"buttons", "reactions" or "nothing"',
            description="What appears on a reply when it is complete, to judge it with.",
        ),
    ] = None
    ask_why: Annotated[
        StrictBool | None,
        Field(title="true or false", description="Ask a person in private why, after their 👎."),
    ] = None
    ask_pause: Annotated[
        Duration | None,
        Field(
            title='a time up to a year, such as "90s", "15m", "1h" or "2d"',
            description="How long a person who was asked is not asked again.",
        ),
    ] = None
    dimensions: Annotated[
        Annotated[tuple[Dimension, ...], AfterValidator(_each_once)] | None,
        Field(
            min_length=1,
            max_length=3,
            title="a list of one to three words of at most 30 letters a–z and _",
            description="What a reply can be scored in, from 1 to 5.",
        ),
    ] = None
    comment_dimension: Annotated[
        str | None,
        Field(
            title="one of `dimensions`",
            description="The dimension whose rationale a comment is. Not given: the first.",
        ),
    ] = None
    categories: Annotated[
        Annotated[tuple[Category, ...], AfterValidator(_each_once)] | None,
        Field(
            max_length=MAX_CATEGORIES,
            title=f"a list of at most {MAX_CATEGORIES} texts of at most {MAX_CATEGORY} characters",
            description="What the private question offers as reasons. The categories of `emoji` are added to them; the "
            "emoji that come with Plaudit say only what is among them.",
        ),
    ] = None
    heard: Annotated[
        SomeThere | None,
        Field(title=_AUDIENCE, description="Whose judgement is kept; everyone's where nobody is named."),
    ] = None
    unheard: Annotated[
        SomeThere | None,
        Field(title=_AUDIENCE, description="Whose judgement is not kept, even where `heard` names them."),
    ] = None
    answered: Annotated[
        SomeThere | None,
        Field(title=_AUDIENCE, description="Whose questions are answered; everyone's where nobody is named."),
    ] = None
    unanswered: Annotated[
        SomeThere | None,
        Field(title=_AUDIENCE, description="Whose questions are not, even where `answered` names them."),
    ] = None
    model: Annotated[
        Annotated[str, StringConstraints(max_length=200)] | None,
        Field(
            title="the id of a model at the same endpoint or on the Hub",
            description="Which model answers. Empty: the one of MODEL_ENDPOINT and MODEL_NAME.",
        ),
    ] = None
    models: Annotated[
        Annotated[tuple[Model, ...], AfterValidator(_can_be_chosen)] | None,
        Field(
            max_length=25,
            title="a list of at most 25 ids of models, as for `model`, without spaces",
            description="Which models may be chosen for a channel in place of `model`, with `/plaudit model`.",
        ),
    ] = None
    choose_model: Annotated[
        SomeThere | None,
        Field(
            title=_AUDIENCE,
            description="Who may choose among `models`; nobody where nobody is named.",
        ),
    ] = None
    system_prompt: Annotated[
        Annotated[str, StringConstraints(max_length=20_000)] | None,
        Field(
            title="a text of at most 20,000 characters",
            description="What the model is told before every conversation. Empty: PLAUDIT_SYSTEM_PROMPT.",
        ),
    ] = None
    show_system_prompt: Annotated[
        StrictBool | None,
        Field(
            title="true or false",
            description="`/plaudit model` tells the words of the system prompt, too; else only that there is one.",
        ),
    ] = None
    max_tokens: Annotated[
        StrictInt | None,
        Field(ge=0, title="a whole number", description="The longest answer, in tokens. 0: PLAUDIT_MAX_TOKENS."),
    ] = None
    temperature: Annotated[
        Annotated[float, Field(ge=0, le=5)] | Literal[""] | None,
        Field(title='a number from 0 to 5, or ""', description='Sampling temperature. "": PLAUDIT_TEMPERATURE.'),
    ] = None
    turns_per_person: Annotated[
        StrictInt | None,
        Field(
            ge=0,
            title=_COUNT,
            description="How many questions a person may ask in a day (UTC). When that is spent, they are told so.",
        ),
    ] = None
    tokens_per_person: Annotated[
        StrictInt | None,
        Field(ge=0, title=_COUNT, description="How many tokens may be read and written for a person in a day."),
    ] = None
    turns_per_channel: Annotated[
        StrictInt | None,
        Field(ge=0, title=_COUNT, description="How many questions may be asked in a channel in a day."),
    ] = None
    tokens_per_channel: Annotated[
        StrictInt | None,
        Field(ge=0, title=_COUNT, description="How many tokens may be read and written in a channel in a day."),
    ] = None
    emoji: Annotated[
        Mapping[str, Annotated[Meaning | None, PlainValidator(_meaning)]] | None,
        Field(
            title=f"true or false (a vote), 1 to {BEST_SCORE} (a score), a category of at most {MAX_CATEGORY} "
            'characters, or "" (nothing)',
            description="What an emoji on a reply says: the emoji itself or its name, custom ones too, whatever the "
            "skin tone. Layers are merged emoji by emoji.",
        ),
    ] = None
    segments: Annotated[
        Mapping[Name, Some] | None,
        Field(
            title="a table for each name, with lists of `roles` and `people`",
            description="What a rater is called in reports: the first that names them, the nearest layer's before the "
            "others'; `user` where none does.",
        ),
    ] = None


class Workspace(Layer):
    """A workspace of Slack, or a guild of Discord."""

    channel: Mapping[str, Layer] = Field(default_factory=dict)


class Slack(Layer):
    """What holds on Slack."""

    workspace: Mapping[str, Workspace] = Field(default_factory=dict)


class Discord(Layer):
    """What holds on Discord."""

    guild: Mapping[str, Workspace] = Field(default_factory=dict)


class File(Layer):
    """All of the file."""

    look_back_days: Annotated[
        StrictInt,
        Field(
            ge=1,
            le=365,
            title="a whole number from 1 to 365",
            description="How many days back replies are compared with the reactions that the platform shows.",
        ),
    ] = LOOK_BACK.days
    look_back_every: Annotated[
        Annotated[timedelta, PlainValidator(_look_every)],
        Field(
            title='a time of at least a minute, such as "15m", "1h" or "2d", or "never"',
            description='How often, besides each start and reconnect. With "never" only then.',
        ),
    ] = LOOK_BACK_EVERY
    slack: Slack = Slack()
    discord: Discord = Discord()
    digest: Digest = Digest()
    alert: Alert = Alert()
    mlflow: Mlflow = Mlflow()
    checks: Checks = Checks()
    webhooks: Annotated[tuple[Webhook, ...], AfterValidator(_names_once)] = ()
    nats: Nats | None = None
    push: Pushes = Pushes()
