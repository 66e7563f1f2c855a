"""What Slack calls an emoji. No I/O."""

from typing import Final

_SLACKS_OWN: Final = {"📝": "memo", "✏": "pencil2", "👍": "thumbsup", "👎": "thumbsdown", "🤔": "thinking_face"}
"""Those that we use ourselves, and where Slack's name is not the first of those that people use elsewhere."""


def slack_name(emoji: str) -> str:
    """The name, without colons; one of a workspace's own stays as it is."""
    bare = emoji.replace("\ufe0f", "")
    return _SLACKS_OWN.get(bare) or _alias_of(bare)


def _alias_of(emoji: str) -> str:
    from emoji import demojize  # noqa: PLC0415 - it reads 5,000 emoji into memory, of which we use few

    return demojize(emoji, language="alias").strip(":")
