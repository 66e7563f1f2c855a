"""The table of `plaudit.toml` that says how replies and what people think of them get into MLflow by themselves."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictBool
from pydantic_core import PydanticCustomError

_PERIOD: Final = re.compile(r"(\d{1,6}) ?([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHORTEST: Final = timedelta(seconds=15)
_LONGEST: Final = timedelta(days=7)


def _period(text: Any) -> timedelta:
    match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
    found = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta(0)
    if not _SHORTEST <= found <= _LONGEST:
        raise PydanticCustomError("refused", "")
    return found


class Mlflow(BaseModel):
    """What is sent to the server that MLFLOW_TRACKING_URI names, and how often."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: Annotated[
        Annotated[timedelta, PlainValidator(_period)] | None,
        Field(
            title='a time from 15 seconds to a week, such as "1m" or "12h"',
            description="How often a running bot sends what is new. Not given: only `plaudit mlflow sync` does.",
        ),
    ] = None
    people: Annotated[
        Literal["pseudonym", "id"],
        Field(
            title='"pseudonym" or "id"',
            description="What people are called there: person-… as in reports, or as the platform knows them.",
        ),
    ] = "pseudonym"
    text: Annotated[
        StrictBool,
        Field(
            title="true or false",
            description="Send what people and the assistant wrote, too. Else only numbers, choices, times and ids.",
        ),
    ] = True


EXAMPLE: Final = """\
# Replies and what people think of them as traces and assessments in MLflow (docs/mlflow.md); the server is
# MLFLOW_TRACKING_URI's.

#[mlflow]
#every = "5m"
#people = "pseudonym"
#text = true
"""
TABLES: Final[Mapping[str, type[BaseModel]]] = {"[mlflow]": Mlflow}
