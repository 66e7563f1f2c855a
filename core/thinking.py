"""What a model thinks aloud is not part of its reply: `<think>` blocks are taken out of its stream as it comes."""

from typing import Final

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class ThoughtFilter:
    """Parts a stream into reply and thinking, wherever the chunks are cut. Only a block at the beginning counts.

    A model writes its block first; a `<think>` later in a reply is something that it writes about.
    """

    def __init__(self) -> None:
        self._held = ""
        self._state = "before"

    def feed(self, text: str) -> tuple[str, str]:
        """The reply and the thinking in `text` and in what was held back before it."""
        if self._state == "after":
            return text, ""
        self._held += text
        if self._state == "closed":
            return self._closed()
        if self._state == "before":
            return self._before()
        return self._inside()

    def finish(self) -> tuple[str, str]:
        """What is still held back, when nothing more comes."""
        held, self._held = self._held, ""
        return ("", held) if self._state == "inside" else (held, "")

    def _before(self) -> tuple[str, str]:
        begun = self._held.lstrip()
        if begun.startswith(_OPEN):
            self._state, self._held = "inside", begun.removeprefix(_OPEN)
            return self._inside()
        if _OPEN.startswith(begun):
            return "", ""
        self._state = "after"
        text, self._held = self._held, ""
        return text, ""

    def _closed(self) -> tuple[str, str]:
        """The empty lines between the block and the reply belong to neither."""
        text, self._held = self._held.lstrip("\n"), ""
        if text:
            self._state = "after"
        return text, ""

    def _inside(self) -> tuple[str, str]:
        thought, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self._state, self._held = "closed", rest
            return self._closed()[0], thought
        # The end may be a piece of the closing tag: it waits for the rest.
        keep = next((n for n in range(len(_CLOSE) - 1, 0, -1) if self._held.endswith(_CLOSE[:n])), 0)
        thought, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return "", thought
