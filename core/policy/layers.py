"""The layers of `plaudit.toml` – all, a platform, a workspace or guild, a channel – laid over one another.

Pure: values of `core.policy.keys` become values of `core.policy`. It knows nothing of files and lines.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from core.feedback import USER_CATEGORY, Meaning, canonical_emoji
from core.policy import DEFAULT, Audience, Policy
from core.policy.faults import Fault
from core.policy.keys import MAX_CATEGORIES, File, Layer, Workspace
from core.policy.lines import Path

Key: TypeAlias = tuple[str, ...]
"""A place: `()`, platform, platform and workspace, or all three with the channel."""

_AUDIENCES: Final = ("heard", "unheard", "answered", "unanswered", "choose_model")
_PLAIN: Final = (
    *("thread", "seeds", "ask_why", "ask_pause", "model", "models"),
    *("system_prompt", "show_system_prompt", "max_tokens"),
    *("turns_per_person", "tokens_per_person", "turns_per_channel", "tokens_per_channel"),
)
_CONTROLS: Final = {"🔁": "asks for another answer", "✏": "offers to correct the reply"}
_EMOJI: Final = re.compile(r"([\w+'-]|[^\x00-\x7f\s]|[#*](?=⃣)){1,100}")
"""An emoji, or the name of a custom one, as `canonical_emoji` leaves them."""
_IDS: Final = {
    "slack": (
        r"[TE][A-Z0-9]+",
        r"[CGD][A-Z0-9]+",
        "Slack shows a workspace's (T…) in the browser's address line, and a channel's (C…) below its details",
    ),
    "discord": (
        r"\d+|dm",
        r"\d+",
        (
            "with Developer Mode on, in Discord's settings, the menu of a server or channel copies its id; what is "
            "said outside of servers is in `dm`"
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A place with the layers that hold there, from the outermost to its own, which stands at `path` in the file."""

    key: Key
    path: Path
    layers: Sequence[Layer]


def stacks(file: File) -> Iterator[Stack]:
    """Every place that the file speaks of, and `()` for all the others."""
    yield Stack((), (), (file,))
    platforms = (
        ("slack", "workspace", file.slack, file.slack.workspace),
        ("discord", "guild", file.discord, file.discord.guild),
    )
    for name, kind, platform, workspaces in platforms:
        yield Stack((name,), (name,), (file, platform))
        for id_, workspace in workspaces.items():
            yield from _in_workspace(Stack((name, id_), (name, kind, id_), (file, platform, workspace)), workspace)


def _in_workspace(stack: Stack, workspace: Workspace) -> Iterator[Stack]:
    yield stack
    for id_, channel in workspace.channel.items():
        yield Stack((*stack.key, id_), (*stack.path, "channel", id_), (*stack.layers, channel))


def policy_of(layers: Sequence[Layer]) -> Policy:
    """What holds where these layers do, the last being the nearest."""
    given = {name: value for layer in layers for name, value in layer if value is not None}
    dimensions, comment = _dimensions(layers)
    emoji, categories = _emoji(layers, given.get("categories", DEFAULT.categories))
    segments: dict[str, Audience] = {}
    for layer in reversed(layers):
        segments |= {name: them.audience() for name, them in (layer.segments or {}).items() if name not in segments}
    return Policy(
        emoji=emoji,
        categories=categories,
        dimensions=dimensions,
        comment_dimension=comment,
        segments=segments,
        **{name: given[name].audience() for name in _AUDIENCES if name in given},
        **{name: given[name] for name in _PLAIN if name in given},
        temperature=given.get("temperature", "") if given.get("temperature", "") != "" else None,
    )


def _dimensions(layers: Sequence[Layer]) -> tuple[tuple[str, ...], str]:
    """The dimensions and the comment's: as given, or the first where a nearer layer gives others."""
    dimensions, comment = DEFAULT.dimensions, DEFAULT.comment_dimension
    for layer in layers:
        dimensions, comment = layer.dimensions or dimensions, layer.comment_dimension or comment
        comment = comment if comment in dimensions else dimensions[0]
    return dimensions, comment


def _emoji(layers: Sequence[Layer], categories: tuple[str, ...]) -> tuple[dict[str, Meaning], tuple[str, ...]]:
    """What the emoji say, and the categories with theirs. Those that come with us say only what is among the chosen."""
    known = {
        emoji: meaning
        for emoji, meaning in DEFAULT.emoji.items()
        if meaning.name != USER_CATEGORY or meaning.value in categories
    }
    written = {canonical_emoji(each): meaning for layer in layers for each, meaning in (layer.emoji or {}).items()}
    says = {emoji: meaning for emoji, meaning in (known | written).items() if meaning is not None}
    theirs = (str(each.value) for each in says.values() if each.name == USER_CATEGORY)
    return says, tuple(dict.fromkeys((*categories, *theirs)))


def faults(stack: Stack) -> Iterator[Fault]:
    """What cannot be in the nearest layer of `stack`, seen with those around it."""
    nearest, path = stack.layers[-1], stack.path
    yield from _wrong_id(stack)
    yield from _wrong_emoji(nearest.emoji or {}, (*path, "emoji"))
    dimensions, _ = _dimensions(stack.layers)
    if nearest.comment_dimension and nearest.comment_dimension not in dimensions:
        yield Fault((*path, "comment_dimension"), f"must be one of the dimensions here: {', '.join(dimensions)}")
    count = len(policy_of(stack.layers).categories)
    if count > MAX_CATEGORIES and (nearest.emoji or nearest.categories):
        key = "emoji" if nearest.emoji else "categories"
        yield Fault(
            (*path, key), f"makes {count} categories with those of the emoji; leave out {count - MAX_CATEGORIES}"
        )


def _wrong_id(stack: Stack) -> Iterator[Fault]:
    if len(stack.key) > 1:
        *patterns, where = _IDS[stack.key[0]]
        if not re.fullmatch(patterns[len(stack.key) - 2], stack.key[-1], re.ASCII):
            yield Fault(stack.path, f"does not end in an id; {where}")


def _wrong_emoji(emoji: Mapping[str, Meaning | None], path: Path) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for key, meaning in emoji.items():
        canonical = canonical_emoji(key)
        if key in File.model_fields:
            yield Fault((*path, key), "is no emoji; move the line up, before the first line that begins with [")
        elif not _EMOJI.fullmatch(canonical):
            yield Fault((*path, key), 'is no emoji; write the emoji itself ("👍") or its name (":shipit:")')
        elif canonical in _CONTROLS:
            yield Fault(
                (*path, key), f"cannot have a meaning: on a reply it {_CONTROLS[canonical]}; choose another emoji"
            )
        elif emoji[first := seen.setdefault(canonical, key)] != meaning:
            yield Fault((*path, key), f'is the same emoji as "{first}", which means something else; take one away')
