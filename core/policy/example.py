"""`plaudit.toml` written rather than read: the example with every key, its rows for the docs, and a policy as TOML."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from textwrap import wrap
from typing import Any, Final

from pydantic.fields import FieldInfo

from core.policy import DEFAULT, Audience, Policy
from core.policy.checking import EXAMPLE as CHECKING
from core.policy.checking import TABLES as CHECKING_TABLES
from core.policy.cron import Cron
from core.policy.keys import LOOK_BACK, LOOK_BACK_EVERY, File
from core.policy.outward import EXAMPLE as OUTWARD
from core.policy.outward import TABLES as OUTWARD_TABLES
from core.policy.telling import EXAMPLE as TELLING
from core.policy.telling import TABLES as TELLING_TABLES
from core.policy.tracking import EXAMPLE as TRACKING
from core.policy.tracking import TABLES as TRACKING_TABLES

_HEAD: Final = """\
# What Plaudit makes of reactions, buttons and comments. Copy this file to plaudit.toml and take away the # where you
# choose something else; `plaudit config check` says whether it is right. A running bot reads it again on SIGHUP.
#
# What stands above the first line in [brackets] holds everywhere.
"""
_LAYERS: Final = """\
# All keys but look_back_days and look_back_every can be chosen anew for a platform, for a workspace or guild, and for a
# channel. The nearest wins, key by key; emoji and segments are merged, `heard` and `unheard` replaced as a whole.

#[discord]
#seeds = "reactions"

#[slack.workspace.T0123ABCD]
#ask_pause = "1d"

#[slack.workspace.T0123ABCD.channel.C0123ABCD]
#thread = "chat"

#[discord.guild.813000000000000000.channel.813000000000000001]
#heard = { roles = ["tester"] }
"""
_SEGMENT: Final = '#[segments.staff]\n#roles = ["admin", "owner"]\n#people = ["U0123ABCD"]\n'
_DEFAULTS: Final[Mapping[str, Any]] = {each.name: getattr(DEFAULT, each.name) for each in fields(Policy)} | {
    "look_back_days": LOOK_BACK.days,
    "look_back_every": LOOK_BACK_EVERY,
}
_WIDTH: Final = 118


def example() -> str:
    """The text of `docs/plaudit.example.toml`: every key with its meaning and default, commented out."""
    keys = dict(_keys())
    plain = [name for name in keys if name not in ("emoji", "segments")]
    blocks = [_HEAD, *(f"{_comment(keys[name])}#{name} = {_toml(_DEFAULTS[name])}\n" for name in plain)]
    emoji = "".join(f"#{line}\n" for line in _emoji(DEFAULT))
    blocks += [
        f"{_comment(keys['emoji'])}#[emoji]\n{emoji}",
        f"{_comment(keys['segments'])}{_SEGMENT}",
        _LAYERS,
        TELLING,
        OUTWARD,
        TRACKING,
        CHECKING,
    ]
    return "\n".join(blocks)


def key_rows() -> list[tuple[str, str, str, str]]:
    """Of every key: its name, its default as TOML, what it may be, and its meaning."""
    return [
        (
            name,
            "" if name in ("emoji", "segments") else _toml(_DEFAULTS[name]),
            field.title or "",
            field.description or "",
        )
        for name, field in _keys()
    ]


def table_rows() -> list[tuple[str, str, str, str]]:
    """The same of the tables that say what is told by itself, and what leaves; the name is the table and the key."""
    return [
        (
            f"{table} {name}",
            "" if field.is_required() or field.default in (None, ()) else _toml(field.default),
            field.title or "",
            field.description or "",
        )
        for table, model in {**TELLING_TABLES, **OUTWARD_TABLES, **TRACKING_TABLES, **CHECKING_TABLES}.items()
        for name, field in model.model_fields.items()
    ]


def as_toml(policy: Policy) -> str:
    """A policy as the file would have it, every key."""
    tables = ("emoji", "segments")
    plain = [f"{each.name} = {_toml(getattr(policy, each.name))}" for each in fields(Policy) if each.name not in tables]
    segments = [f"{_toml(name)} = {_toml(them)}" for name, them in policy.segments.items()]
    return "\n".join([*plain, "", "[emoji]", *_emoji(policy), *(["", "[segments]", *segments] if segments else []), ""])


def duration(time: timedelta) -> str:
    """`1h`, as the file has it; parts of a second are left out."""
    seconds = int(time.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _keys() -> Iterator[tuple[str, FieldInfo]]:
    return ((name, field) for name, field in File.model_fields.items() if field.title)


def _comment(field: FieldInfo) -> str:
    text = f"{field.description} It may be {field.title}."
    return "".join(f"{line}\n" for line in wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# "))


def _emoji(policy: Policy) -> Iterator[str]:
    for emoji, meaning in policy.emoji.items():
        # Unless something says that it is an emoji, a keycap shows as a digit in a box.
        shown = emoji.replace("\u20e3", "\ufe0f\u20e3") if len(emoji) > 1 else emoji
        yield f"{_toml(shown)} = {_toml(meaning.value)}"


def _toml(value: Any) -> str:
    match value:
        case None:
            return '""'
        case Cron():
            return _toml(value.text)
        case timedelta():
            return _toml(duration(value))
        case Audience():
            named = [(each.name, sorted(getattr(value, each.name))) for each in fields(Audience)]
            given = [f"{name} = {_toml(ids)}" for name, ids in named if ids]
            return f"{{ {', '.join(given)} }}" if given else "{}"
        case list() | tuple():
            return f"[{', '.join(_toml(each) for each in value)}]"
    # TOML's numbers, booleans and basic strings are JSON's, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
