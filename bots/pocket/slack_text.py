"""Text as Slack writes it, and as people read it. Pure functions.

The escapes and the angle brackets: docs.slack.dev/messaging/formatting-message-text.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Blocks = Sequence[Mapping[str, Any]]

_LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]'\"]")
_ANGLES = re.compile(r"<([^<>]+)>")
_EVERYONE = re.compile(r"(?<!\w)@(channel|here|everyone)\b")
_RINGS = re.compile(r"<(?:@[UW]\w+|!(?:channel|here|everyone)|!subteam\^\w+)(?:\|[^<>]*)?>")
_ESCAPES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


def escaped(text: str) -> str:
    """`text` with the three characters that mean something to Slack escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """The other way round."""
    return re.sub("&(?:amp|lt|gt);", lambda found: _ESCAPES[found[0]], text)


def typed(text: str) -> str:
    """What a person typed as Slack tells it: escaped, links in angle brackets, `@here` as `<!here>`.

    Mentions of people are the caller's: it knows who is called how.
    """
    text = _LINK.sub(lambda found: f"<{found[0]}>", escaped(text))
    return _EVERYONE.sub(lambda found: f"<!{found[1]}>", text)


def read(text: str, name_of: Callable[[str], str]) -> str:
    """Text in mrkdwn as people see it; `name_of` says who has a user id."""
    return unescaped(_ANGLES.sub(lambda found: _shown(found[1], name_of), text))


def _shown(inside: str, name_of: Callable[[str], str]) -> str:
    target, _, label = inside.partition("|")
    if target.startswith(("@", "#", "!")):
        mark = "#" if target[0] == "#" else "@"
        return mark + (label or name_of(target[1:])).lstrip(mark)
    return label or target


def ringing(wire: Mapping[str, Any]) -> list[str]:
    """The live mentions in a message as it was posted: `<@U…>`, `<!channel>`, … in its text and its blocks."""
    texts = [str(wire.get("text", "")), str(wire.get("markdown_text", "")), *texts_of(wire.get("blocks") or ())]
    return [found[0] for text in texts for found in _RINGS.finditer(text)]


def read_message(wire: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    """A posted message as people see it: its blocks where it has any that speak, else its text."""
    if wire.get("markdown_text"):
        return _read_markdown(str(wire["markdown_text"]), name_of)
    spoken = [_read_block(block, name_of) for block in wire.get("blocks") or ()]
    return "\n".join(filter(None, spoken)) or read(str(wire.get("text", "")), name_of)


def _read_block(block: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    if block.get("type") == "markdown":
        return _read_markdown(str(block.get("text", "")), name_of)
    if block.get("type") in {"section", "header", "context", "rich_text"}:
        return read(" ".join(texts_of([block])), name_of)
    return ""


def _read_markdown(text: str, name_of: Callable[[str], str]) -> str:
    """Markdown stays as it is written, but for live mentions."""
    return _RINGS.sub(lambda found: _shown(found[0][1:-1], name_of), text)


def texts_of(blocks: Blocks) -> Iterator[str]:
    """Every text in `blocks`, in order: what counts for their size."""
    for block in blocks:
        yield from _texts(block)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        text = value.get("text")
        if isinstance(text, str):
            yield text
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _texts(inner)
