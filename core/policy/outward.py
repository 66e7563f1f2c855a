"""The tables of `plaudit.toml` that say what leaves for other systems: webhooks, NATS, sets on the Hub.

Secrets are named here, never written: a key says which environment variable has them.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

from core.records import RECORD_TYPES

_PERIOD: Final = re.compile(r"(\d{1,4}) ?([hd])", re.ASCII)
_HOURS: Final = {"h": 1, "d": 24}
_YEAR: Final = timedelta(days=365)


def _period(text: Any) -> timedelta:
    match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
    found = timedelta(hours=int(match[1]) * _HOURS[match[2]]) if match else timedelta(0)
    if not timedelta(0) < found <= _YEAR:
        raise PydanticCustomError("refused", "")
    return found


def _not_ours(name: str) -> str:
    if name.upper().startswith("PLAUDIT_"):
        raise ValueError(f'cannot be "{name}": variables that begin with PLAUDIT_ are settings; choose another name')
    return name


def _known_types(types: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := [each for each in types if each not in RECORD_TYPES]:
        raise ValueError(f'has "{unknown[0]}", which is no type of record; there are {", ".join(RECORD_TYPES)}')
    return types


Types: TypeAlias = Annotated[
    Annotated[tuple[str, ...], AfterValidator(_known_types)],
    Field(
        title='a list of types of records, such as "log_feedback"',
        description="Which records are sent; empty: all. That someone was erased is always sent.",
    ),
]
Words: TypeAlias = Annotated[
    StrictBool,
    Field(
        title="true or false",
        description="Send what people and the assistant wrote, too. Else only numbers, choices, times and ids leave.",
    ),
]
Variable: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_not_ours)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Webhook(_Table):
    """Somebody who is told each record by HTTP."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
            title="a word of letters a–z, digits and -",
            description="What `plaudit webhooks` and `plaudit consumers` call it. How far it is, is kept under it.",
        ),
    ]
    url: Annotated[
        str, Field(pattern=r"^https?://[^\s/]+\S*$", title="an address, https://…", description="Where events go.")
    ]
    secret: Annotated[
        Variable,
        Field(
            title="the name of an environment variable",
            description="It holds the key of the signatures (whsec_…; `plaudit webhooks secret` makes one), or "
            "several with spaces between them while one takes over from another.",
        ),
    ]
    types: Types = ()
    text: Words = False


class Nats(_Table):
    """A stream of NATS JetStream that every record goes to. Needs the extra `nats`."""

    servers: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            title='a list of addresses, such as "nats://127.0.0.1:4222"',
            description="The servers of one cluster, without a user or a password.",
        ),
    ]
    stream: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            title="a word of letters, digits, - and _",
            description="The stream; it is made where there is none.",
        ),
    ] = "PLAUDIT"
    subject: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
            title='words with dots between them, such as "plaudit.log"',
            description="How the subject of every message begins; `.TOPIC.TYPE` of the record follows.",
        ),
    ] = "plaudit"
    credentials: Annotated[
        Variable | None,
        Field(
            title="the name of an environment variable",
            description="It holds a token, or the path of a .creds file. Not given: neither is needed.",
        ),
    ] = None
    types: Types = ()
    text: Words = False


class Push(_Table):
    """A set that is pushed to the Hugging Face Hub again and again."""

    repo: Annotated[
        str,
        Field(
            pattern=r"^[\w.-]+/[\w.-]+$",
            title="USER/REPO",
            description="The dataset on the Hub. It is made, and private, where there is none.",
        ),
    ]
    every: Annotated[
        Annotated[timedelta, PlainValidator(_period)],
        Field(title='a time from an hour to a year, such as "12h" or "7d"', description="How often."),
    ] = timedelta(days=1)
    format: Annotated[
        Literal["jsonl", "parquet"], Field(title='"jsonl" or "parquet"', description="How its rows are written.")
    ] = "jsonl"
    public: Annotated[
        StrictBool, Field(title="true or false", description="Everybody may read it. Else it has to be private.")
    ] = False


class Pushes(_Table):
    """The sets that are pushed."""

    sft: Push | None = None
    kto: Push | None = None
    dpo: Push | None = None
    eval: Push | None = None


EXAMPLE: Final = """\
# Each record as a signed CloudEvent by HTTP (docs/outward.md); more than one: more [[webhooks]].

#[[webhooks]]
#name = "warehouse"
#url = "https://example.org/plaudit"
#secret = "WAREHOUSE_SECRET"
#types = ["log_feedback", "withdraw_assessment"]
#text = false

# The same into a stream of NATS JetStream.

#[nats]
#servers = ["nats://127.0.0.1:4222"]
#stream = "PLAUDIT"
#subject = "plaudit"
#credentials = "NATS_TOKEN"
#types = []
#text = false

# Sets that are pushed to the Hub (docs/datasets.md): sft, kto, dpo, eval. HF_TOKEN has to be able to write.

#[push.kto]
#repo = "USER/REPO"
#every = "1d"
#format = "jsonl"
#public = false
"""
TABLES: Final[Mapping[str, type[BaseModel]]] = {"[[webhooks]]": Webhook, "[nats]": Nats, "[push.KIND]": Push}
