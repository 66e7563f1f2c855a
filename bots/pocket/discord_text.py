"""Text as Discord writes it and as people read it; whom a message rings. Pure functions.

The formats: docs.discord.com/developers/reference#message-formatting; who is rung:
docs.discord.com/developers/resources/message#allowed-mentions-object.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

_MENTION = re.compile(r"<@!?(\d{15,20})>")
_CHANNEL = re.compile(r"<#(\d{15,20})>")
_CUSTOM_EMOJI = re.compile(r"<a?:(\w{2,32}):\d+>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")

TEXT_DISPLAY = 10
COMPONENTS_V2 = 1 << 15
"""The flag of a message that is made of components alone."""


def read(content: str, name_of: Callable[[int], str], channel_of: Callable[[int], str]) -> str:
    """`content` as people see it: names for mentions."""
    content = _MENTION.sub(lambda found: "@" + name_of(int(found[1])), content)
    content = _CHANNEL.sub(lambda found: "#" + channel_of(int(found[1])), content)
    return _CUSTOM_EMOJI.sub(r":\1:", content)


def visible_text(body: Json) -> str:
    """All text that a message shows, in its markup: content, embeds, text displays."""
    parts: list[str] = [body.get("content") or ""]
    for embed in body.get("embeds") or ():
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{field['name']}\n{field['value']}" for field in embed.get("fields") or ()]
        parts.append((embed.get("footer") or {}).get("text") or "")
    parts += [each.get("content", "") for each in walk(body.get("components")) if each.get("type") == TEXT_DISPLAY]
    return "\n\n".join(part for part in parts if part)


def walk(components: Sequence[Json] | None) -> Iterator[Json]:
    """Every component, nested ones included, in reading order."""
    for component in components or ():
        yield component
        yield from walk(component.get("components"))
        yield from walk([each for each in (component.get("component"), component.get("accessory")) if each])


def rung(content: str, allowed: Json | None, replied_to: int | None) -> list[int]:
    """The snowflakes of the users whom a message rings, in order, each once.

    `allowed`: its `allowed_mentions`; None rings everyone it mentions. `replied_to`: the author it answers.
    """
    named = [int(found) for found in _MENTION.findall(content)]
    if allowed is not None and "users" not in (allowed.get("parse") or ()):
        listed = {int(user) for user in allowed.get("users") or ()}
        named = [user for user in named if user in listed]
    if replied_to is not None and (allowed is None or allowed.get("replied_user", False)):
        named.insert(0, replied_to)
    return list(dict.fromkeys(named))


def rings_everyone(content: str, allowed: Json | None) -> bool:
    """Whether `@everyone` or `@here` in it rings."""
    permitted = allowed is None or "everyone" in (allowed.get("parse") or ())
    return permitted and _EVERYONE.search(content) is not None
