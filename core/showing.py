"""One platform message that shows a part of a reply: edited, or streamed by the platform's own means.

Each kind knows what it shows, whether that is what it should show, and which one call comes next.
"""

from dataclasses import dataclass
from typing import Protocol

from core.errors import (
    MessageGoneError,
    MessageTooLongError,
    PlatformError,
    PlatformRefusedTokenError,
    RateLimitedError,
    StreamRefusedError,
)
from core.gate import Gate
from core.messages import MessageRef
from core.ports import CanStream, ChatPlatform, Sent


@dataclass(frozen=True, slots=True)
class Target:
    """What a part should show."""

    text: str
    """As it should look now; what is open at its end is closed for the eye."""
    source: str
    """The piece of the reply that it stands for."""
    is_done: bool
    """It will not change any more."""


class Showing(Protocol):
    """A message that shows a part."""

    message: MessageRef
    gate: Gate

    def is_behind(self, target: Target) -> bool:
        """It does not show yet what it should."""
        ...

    async def catch_up(self, target: Target, now: float) -> Sent:
        """Make the next call. Raises a PlatformError."""
        ...

    def after(self, error: PlatformError | None) -> "Showing":
        """How the part is shown from now on, after a call that ended so. Raises what nothing can be done about."""
        ...


class EditedMessage:
    """Every call replaces the whole text."""

    def __init__(
        self,
        platform: ChatPlatform,
        message: MessageRef,
        gate: Gate,
        shows: str | None,
        *,
        before: "StreamedMessage | None" = None,
    ) -> None:
        """`shows` is None where nobody knows what it shows; `before`: the stream that it was until now."""
        self.message = message
        self.gate = gate
        self._platform = platform
        self._shows = shows
        self._before = before
        self._is_gone = False

    def is_behind(self, target: Target) -> bool:
        """It shows another text, and can still be changed."""
        return not self._is_gone and self._shows != target.text

    async def catch_up(self, target: Target, now: float) -> Sent:
        """Edit."""
        del now
        sent = await self._platform.edit(self.message, target.text)
        self._shows = target.text
        return sent

    def after(self, error: PlatformError | None) -> Showing:
        """Deleted, or refused for good: nothing can be shown there any more, the rest of the reply still can."""
        if isinstance(error, StreamRefusedError) and self._before is not None:
            # The platform takes it for a stream still.
            return self._before
        if isinstance(error, MessageGoneError | MessageTooLongError | PlatformRefusedTokenError):
            self._is_gone = True
        return self


class StreamedMessage:
    """Calls append, until the part is done, the stream is too old, or the platform does not want any more."""

    def __init__(
        self,
        platform: ChatPlatform,
        streams: CanStream,
        message: MessageRef,
        gates: tuple[Gate, Gate],
        shows: str | None,
    ) -> None:
        """`gates`: for appends, and for the edits that come after a stream was ended.

        `shows` is None where nobody knows what it shows: it is stopped then, and edited.
        """
        self.message = message
        self.gate, self._edit_gate = gates
        self._platform = platform
        self._streams = streams
        self._shows = shows
        self._started: float | None = None
        self._is_stopped = False
        self._is_broken = shows is None

    def is_behind(self, target: Target) -> bool:
        """It lacks text, or is to be stopped."""
        return self._is_broken or target.is_done or self._missing(target) != ""

    async def catch_up(self, target: Target, now: float) -> Sent:
        """Append; stop when the part is done, or where it cannot go on by appends."""
        self._started = self._started if self._started is not None else now
        missing = None if self._is_broken else self._missing(target)
        is_old = now - self._started > self._streams.stream_limits.seconds
        if not target.is_done and missing is not None and not is_old:
            sent = await self._streams.append(self.message, missing)
        else:
            sent = await self._streams.stop_stream(self.message, missing or "")
            self._is_stopped = True
        if missing is None:
            self._shows = None
        elif self._shows is not None:
            self._shows += missing
        return sent

    def after(self, error: PlatformError | None) -> "Showing":
        """Stopped, it goes on by edits. After a call that failed nobody knows what it shows: it is to be stopped."""
        if isinstance(error, RateLimitedError):
            return self
        if error is None and not self._is_stopped:
            return self
        if error is not None and not self._is_broken:
            self._is_broken, self._shows = True, None
            return self
        self._is_broken = True
        shows = self._shows.rstrip() if self._shows is not None else None
        return EditedMessage(self._platform, self.message, self._edit_gate, shows, before=self)

    def _missing(self, target: Target) -> str | None:
        """What to append; None where the text is no longer what was begun."""
        wanted = self._streams.harmless(target.text if target.is_done else target.source)
        shows = self._shows or ""
        if wanted.startswith(shows):
            return wanted[len(shows) :]
        return "" if shows.startswith(wanted) and not shows[len(wanted) :].strip() else None
