"""The tables of `plaudit.toml` that say what is told by itself: the digest, and the alert when people like less.

They know nothing of figures, nor of how something is posted.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

from core.messages import PlaceRef
from core.policy.cron import Cron

_PERIOD: Final = re.compile(r"(\d{1,4}) ?([mhd])", re.ASCII)
_MINUTES: Final = {"m": 1, "h": 60, "d": 1440}
_PARTS: Final = 3
_PLATFORMS: Final = ("slack", "discord")
_MOST_PLACES: Final = 20
_NEVER: Final = "never"


def _refused() -> PydanticCustomError:
    return PydanticCustomError("refused", "")


def _place(text: Any) -> PlaceRef:
    parts = text.split(":") if isinstance(text, str) else ()
    if len(parts) != _PARTS or parts[0] not in _PLATFORMS or not all(each.isalnum() for each in parts):
        raise _refused()
    return PlaceRef(*parts)


def _places(given: Any) -> tuple[PlaceRef, ...]:
    if not isinstance(given, list) or len(given) > _MOST_PLACES:
        raise _refused()
    return tuple(dict.fromkeys(map(_place, given)))


def _cron(text: Any) -> Cron | None:
    if not isinstance(text, str):
        raise _refused()
    return None if text == _NEVER else Cron.parse(text)


def _zone(name: Any) -> str:
    try:
        return ZoneInfo(name).key
    except (TypeError, ValueError, OSError, LookupError) as error:  # whatever a name that is none comes to
        raise _refused() from error


def _pause(text: Any) -> timedelta | None:
    if text == _NEVER:
        return None
    match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
    found = timedelta(minutes=int(match[1]) * _MINUTES[match[2]]) if match else timedelta(0)
    if not timedelta(minutes=1) <= found <= timedelta(days=30):
        raise _refused()
    return found


Places: TypeAlias = Annotated[tuple[PlaceRef, ...], PlainValidator(_places)]
_CHANNELS: Final = 'a list of channels, such as "slack:T0123ABCD:C0123ABCD" or "discord:SERVER:CHANNEL"'


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Digest(_Table):
    """The figures of some days, posted in a channel."""

    to: Annotated[Places, Field(title=_CHANNELS, description="Where the digest is posted.")] = ()
    at: Annotated[
        Annotated[Cron | None, PlainValidator(_cron)],
        Field(
            title='the five fields of a crontab line, such as "0 9 * * mon-fri" or "30 8 1 * *", or "never"',
            description="When. However many processes there are, it is posted once; where none ran at that time, up to "
            "six hours later.",
        ),
    ] = Cron.parse("0 9 * * mon")
    zone: Annotated[
        Annotated[str, PlainValidator(_zone)],
        Field(title='the name of a time zone, such as "Europe/Berlin"', description="The time zone of `at`."),
    ] = "UTC"
    days: Annotated[
        StrictInt,
        Field(
            ge=1,
            le=365,
            title="a whole number from 1 to 365",
            description="Of how many days the figures are; they are compared with as many days before.",
        ),
    ] = 7
    worst: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=10,
            title="a whole number from 0 to 10",
            description="How many of the replies that people like least are linked to.",
        ),
    ] = 3
    quotes: Annotated[
        StrictBool,
        Field(
            title="true or false",
            description="Quote what was asked, answered and said there, for whoever reads that channel; of direct "
            "messages nothing is quoted.",
        ),
    ] = False


class Alert(_Table):
    """What is posted when people like the replies less than they did."""

    to: Annotated[
        Places | None, Field(title=_CHANNELS, description="Where it is posted. Not given: where the digest is.")
    ] = None
    every: Annotated[
        Annotated[timedelta | None, PlainValidator(_pause)],
        Field(title='a time from a minute to 30 days, such as "1h", or "never"', description="How often it is looked."),
    ] = timedelta(hours=1)
    once_in_days: Annotated[
        StrictInt,
        Field(
            ge=20,
            le=1_000_000,
            title="a whole number from 20 to 1000000",
            description="An alert without a cause comes once in so many days at most. The more, the later one with a "
            "cause comes, too.",
        ),
    ] = 1000


EXAMPLE: Final = """\
# Figures that are posted by themselves, and an alert when people like the replies less than they did
# (docs/numbers.md). `plaudit digest --now --dry-run` prints the digest.

#[digest]
#to = ["slack:T0123ABCD:C0123ABCD"]
#at = "0 9 * * mon"
#zone = "UTC"
#days = 7
#worst = 3
#quotes = false

#[alert]
#to = ["discord:813000000000000000:813000000000000001"]
#every = "1h"
#once_in_days = 1000
"""
TABLES: Final[Mapping[str, type[BaseModel]]] = {"[digest]": Digest, "[alert]": Alert}
