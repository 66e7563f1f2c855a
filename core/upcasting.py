"""How the data of records of earlier versions is read today: step by step, each from one version to the next.

A field that is only new needs no step: its default stands for it (`core.records`). A step is for what was renamed, or
means something else since. The log itself is not rewritten; what is read from it is brought forward.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from core.messages import Json

Upcast: TypeAlias = Callable[[Json], Json]


class Step(NamedTuple):
    """What makes the data of one version that of the next."""

    to: str
    upcast: Upcast


STEPS: Final[dict[tuple[str, str], Step]] = {}
"""By the record's type and the version that it was written in. No released version needs one."""


def upcast(type_: str, version: str, data: Json) -> tuple[str, Json]:
    """The version that the data of a record is brought to, and the data; as they are where there is no step."""
    while step := STEPS.get((type_, version)):
        version, data = step.to, step.upcast(data)
    return version, data
