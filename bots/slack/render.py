"""A reply as Slack shows it. No I/O.

The model's Markdown goes into a `markdown` block, which knows headings and tables; the `text` beside it is what
notifications and screen readers get.
"""

import re
from typing import Any, Final

from core.ports import Limits, Rate, StreamLimits

MESSAGE_LENGTH: Final = 3_900
"""Below the 4,000 characters that `chat.update` takes as `text`; a `markdown` block would take 12,000."""

_LIVE_MENTION: Final = re.compile(r"<(?=!(?:channel|here|everyone|subteam|date)\b|[@#][A-Z0-9])")
_WORD_JOINER: Final = "\u2060"


def length(text: str) -> int:
    """Characters of `text` once it is escaped."""
    return len(text) + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


LIMITS: Final = Limits(
    message_length=MESSAGE_LENGTH, edits=Rate(50, 60.0), edits_at_once=4, looks=Rate(50, 60.0), measure=length
)
"""`chat.update` and `reactions.get` are each allowed some 50 times a minute in a workspace (Slack's Tier 3)."""

STREAM_LIMITS: Final = StreamLimits(appends=Rate(100, 60.0), seconds=240.0, at_once=4)
"""`chat.appendStream` is Tier 4, for the whole workspace too. Slack ends a stream five minutes after its start."""


def render(markdown: str) -> dict[str, Any]:
    """The arguments `text` and `blocks` of chat.postMessage and chat.update."""
    return {"text": escape(markdown), "blocks": [{"type": "markdown", "text": without_live_mentions(markdown)}]}


def without_live_mentions(markdown: str) -> str:
    """The same to look at, but no `<!channel>` or `<@U123>` in it rings anyone: Slack has no allowed_mentions."""
    return _LIVE_MENTION.sub(f"<{_WORD_JOINER}", markdown)


def escape(text: str) -> str:
    """Text with Slack's three control characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
