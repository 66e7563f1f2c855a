"""What Slack calls an emoji. No I/O."""

from typing import Final

from emoji import demojize

_SLACKS_OWN: Final = {"📝": "memo", "✏": "pencil2", "👍": "thumbsup", "👎": "thumbsdown", "🤔": "thinking_face"}
"""Those that we use ourselves, and where Slack's name is not the first of those that people use elsewhere."""


def slack_name(emoji: str) -> str:
    """The name, without colons; one of a workspace's own stays as it is."""
    bare = emoji.replace("\ufe0f", "")
    return _SLACKS_OWN.get(bare) or demojize(bare, language="alias").strip(":")
