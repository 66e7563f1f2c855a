"""A dataset on the Hub, as much as is needed of one; `core.outward.hub` has the real one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import PlauditError


class HubError(PlauditError):
    """The Hub refused a call or could not be reached; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """A dataset as it stands."""

    commit: str
    is_private: bool
    files: tuple[str, ...]


class Dataset(Protocol):
    """Its calls block, and raise HubError."""

    @property
    def repo(self) -> str:
        """`USER/REPO`."""
        ...

    @property
    def address(self) -> str:
        """Where people look at it."""
        ...

    def head(self) -> Head | None:
        """What stands in it; None where there is none."""
        ...

    def make(self, *, private: bool) -> None:
        """Make it."""
        ...

    def read(self, path: str, head: Head) -> bytes:
        """A file of it, as of `head`."""
        ...

    def commit(
        self, head: Head, message: str, files: Mapping[str, Path | bytes], *, delete: Collection[str] = ()
    ) -> None:
        """Put `files` in it and take `delete` out, all or none, where it is at `head` still."""
        ...

    def forget_history(self) -> None:
        """Let nothing of what was in it before be found any more."""
        ...
