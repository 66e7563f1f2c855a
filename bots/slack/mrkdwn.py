"""Markdown as Slack's older mrkdwn, for the home tab, which knows no `markdown` block. No I/O.

The marks: docs.slack.dev/messaging/formatting-message-text. For texts of our own, not for whatever a model writes.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

_CODE: Final = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_SECTION: Final = 3_000
"""Characters of a section's text."""
_MARKS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"^(\s*)[-*+] ", re.MULTILINE), r"\1• "),
    (re.compile(r"(?<![*\w])\*(?![*\s])([^*\n]+?)(?<!\s)\*(?![*\w])"), r"_\1_"),
    (re.compile(r"\*\*(?!\s)(.+?)(?<!\s)\*\*"), r"*\1*"),
    (re.compile(r"~~(.+?)~~"), r"~\1~"),
    (re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE), lambda found: f"*{found[1].replace('*', '')}*"),
    (re.compile(r"!?\[([^\]\n]+)\]\((https?://[^\s)|>]+)\)"), r"<\2|\1>"),
)


def mrkdwn(markdown: str) -> str:
    """The same to look at; code stays as it is, and nobody is rung."""
    escaped = markdown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    pieces = _CODE.split(escaped)
    return "".join(piece if index % 2 else _marked(piece) for index, piece in enumerate(pieces))


def sections(markdown: str) -> Iterator[str]:
    """The paragraphs, in mrkdwn, each short enough for a section."""
    for paragraph in re.split(r"\n{2,}", mrkdwn(markdown).strip()):
        if paragraph:
            yield paragraph[:_SECTION]


def _marked(text: str) -> str:
    for pattern, mark in _MARKS:
        text = pattern.sub(mark, text)
    return text
