"""A reply that grows, and the messages that show it: what has been read, what is finished, what the last one shows.

It knows neither platform nor network: only a limit and a way to measure a text against it.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from core.splitting.blocks import Line, State, read
from core.splitting.continuation import beginning, part
from core.splitting.cutting import PLAIN, choose
from core.splitting.places import Cut
from core.splitting.unfinished import show

SMALLEST_LIMIT: Final = 100
"""Below this, what closes and reopens a code block or a table leaves no room for what is in it."""
_HIGH_SURROGATE: Final = re.compile("[\ud800-\udbff]\\Z")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a reply."""

    text: str
    """What it shows: Markdown that stands alone."""
    source: str
    """The piece of the reply that it stands for."""


class Splitter:
    """Cuts a reply that grows into parts of at most `limit` units of `measure`, each of which stands alone.

    Once a part has been cut off it never changes, and however the text was fed, the cuts are the same. Only the last
    part changes: it grows, and when it is too long for one message it shrinks, once, to where it is cut. Markdown that
    is only half there at its end is shown mended until more of it comes, or until `finish` says that this is all.

    Raises:
        ValueError: `limit` is below 100.
    """

    def __init__(self, limit: int, measure: Callable[[str], int] = len) -> None:
        """`measure` must not fall when text is added."""
        if limit < SMALLEST_LIMIT:
            raise ValueError(f"A message must be allowed {SMALLEST_LIMIT} characters or more, not {limit}.")
        self._limit = limit
        self._measure = measure
        self._unread: list[str] = []
        self._held = ""
        self._finished: list[Part] = []
        self._hidden = ""
        self._tail = ""
        self._state = State()
        self._lines: list[Line] = []
        self._ended = False
        self._shown: tuple[Part, ...] | None = None

    def feed(self, text: str) -> None:
        """More of the reply. Costs next to nothing: it is read when `parts` or `pieces` are asked for.

        Raises:
            ValueError: `finish` was called before.
        """
        if self._ended:
            raise ValueError("This reply is finished; a new one needs a new Splitter.")
        if text:
            self._unread.append(text)
            self._shown = None

    def finish(self) -> None:
        """Nothing more will come: the end of the text is shown as it is."""
        if not self._ended:
            self._ended = True
            self._shown = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The messages as they should look now; none is empty."""
        return tuple(each.text for each in self.pieces if each.text)

    @property
    def pieces(self) -> tuple[Part, ...]:
        """The parts with what they stand for. Put together, their sources are the text.

        A last piece without text holds what cannot be shown yet.
        """
        if self._shown is None:
            self._read()
            self._cut_off()
            self._shown = (*self._finished, *self._last())
        return self._shown

    @property
    def text(self) -> str:
        """All that was fed, every line end a line feed, and surrogates that came apart joined (or U+FFFD)."""
        return join(self.pieces)

    def _read(self) -> None:
        text = self._held + "".join(self._unread)
        self._unread.clear()
        self._held = ""
        if not self._ended and (text.endswith("\r") or _HIGH_SURROGATE.search(text)):
            text, self._held = text[:-1], text[-1]
        if _SURROGATE.search(text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._tail += text

    def _cut_off(self) -> None:
        """Finish parts for as long as there is more than the last one can hold."""
        while known := self._overflow():
            text = self._tail[:known]
            lines = self._lines_of(text)

            def fits(cut: Cut, text: str = text, lines: list[Line] = lines) -> bool:
                shown = part(text, lines, cut.position, cut.state)
                return bool(shown) and self._measure(shown) <= self._limit

            cut = choose(text, lines, fits)
            self._add(part(text, lines, cut.position, cut.state), self._tail[: cut.position])
            self._tail = self._tail[cut.position :]
            self._state = self._bearable(cut.state)
            self._lines.clear()

    def _overflow(self) -> int:
        """How much of the tail tells that it is too long: up to its first visible character that has no room, or 0.

        Room is counted with what puts the part into its state, but without what would close it: a text whose code
        block is about to end must not be cut for want of the room to end it.
        """
        room = self._limit - self._measure(beginning(self._state, self._state.marks))
        size = self._fitting(room)
        if size < len(self._tail):
            rest = self._tail[size:]
            if visible := len(rest.lstrip()):
                return len(self._tail) - visible + 1
        if self._ended and self._measure(self._whole()) > self._limit:
            return len(self._tail.rstrip())
        return 0

    def _fitting(self, room: int) -> int:
        """How many characters of the tail measure at most `room`."""
        bound = room + 1
        while bound < len(self._tail) and self._measure(self._tail[:bound]) <= room:
            bound *= 2
        bound = min(bound, len(self._tail))
        if self._measure(self._tail[:bound]) <= room:
            return bound
        return bisect_left(range(bound + 1), room + 1, key=lambda size: self._measure(self._tail[:size])) - 1

    def _bearable(self, state: State) -> State:
        """`state`, or so much of it that opening it again does not take half of every part."""
        plain = PLAIN if state.mid_line else State()
        for bearable in (state, replace(plain, containers=state.containers)):
            if self._measure(beginning(bearable, bearable.marks)) * 2 <= self._limit:
                return bearable
        return plain

    def _lines_of(self, text: str) -> list[Line]:
        """The lines of `text`, a beginning of the tail; each whole line is read once."""
        lines = self._lines
        while lines and lines[-1].stop >= len(text):
            del lines[-1]
        start = lines[-1].stop + 1 if lines else 0
        state = lines[-1].after if lines else self._state
        while (stop := text.find("\n", start)) >= 0:
            lines.append(read(state, text[start:stop], start))
            start, state = stop + 1, lines[-1].after
        return [*lines, read(state, text[start:], start)] if start < len(text) or not lines else lines

    def _last(self) -> tuple[Part, ...]:
        """The last part, as it looks now."""
        if not (self._hidden or self._tail):
            return ()
        shown = self._whole() if self._ended else self._growing()
        return (Part(shown, self._hidden + self._tail),)

    def _whole(self) -> str:
        lines = self._lines_of(self._tail)
        return part(self._tail, lines, len(self._tail), lines[-1].after)

    def _growing(self) -> str:
        """The last part while more may come; where what closes it has no room, some characters wait for the cut."""
        for size in range(len(self._tail), 0, -1):
            text, lines = show(self._tail[:size], self._lines_of(self._tail[:size]))
            shown = part(text, lines, len(text), lines[-1].after) if lines else ""
            if self._measure(shown) <= self._limit:
                return shown
        return ""

    def _add(self, shown: str, source: str) -> None:
        """Keep a finished part; what shows nothing goes with the next one."""
        if shown:
            self._finished.append(Part(shown, self._hidden + source))
            self._hidden = ""
        else:
            self._hidden += source


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> tuple[str, ...]:
    """The messages that show `text`, each of at most `limit` units of `measure`, as `Splitter` cuts them."""
    splitter = Splitter(limit, measure)
    splitter.feed(text)
    splitter.finish()
    return splitter.parts


def join(parts: Iterable[Part]) -> str:
    """The text that `parts` stand for."""
    return "".join(each.source for each in parts)
