"""The table of `plaudit.toml` that says which checks there are, and whether a running bot makes them."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints


class Checks(BaseModel):
    """What code says of the replies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after_each_reply: Annotated[
        StrictBool,
        Field(
            title="true or false",
            description="Check each reply within seconds after it is complete. Else only `plaudit check` does.",
        ),
    ] = False
    modules: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*$")], ...],
        Field(
            title='a list of names of Python modules, such as "our_bot.checks"',
            description="Modules that are loaded for the checks of your own in them (docs/evaluating.md).",
        ),
    ] = ()
    leave_out: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], ...],
        Field(
            title="a list of names of checks, as `plaudit check --list` prints them",
            description="Checks that are not made.",
        ),
    ] = ()


EXAMPLE: Final = """\
# What code says of the replies: not empty, no refusal, JSON that can be read, … (docs/evaluating.md).

#[checks]
#after_each_reply = true
#modules = ["our_bot.checks"]
#leave_out = ["length"]
"""
TABLES: Final[Mapping[str, type[BaseModel]]] = {"[checks]": Checks}
