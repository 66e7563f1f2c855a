"""A message as a bot sends it: read, checked against Discord's sizes, and made ready for the house."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bots.pocket.discord_api import Ask
from bots.pocket.discord_errors import Problem, RefusedError, invalid_field, too_long
from bots.pocket.discord_guild import Json
from bots.pocket.discord_rules import Sizes
from bots.pocket.discord_text import COMPONENTS_V2, read, rings_everyone, rung, visible_text, walk
from bots.pocket.discord_world import World, moment, snowflake
from bots.pocket.things import Message

_ROW, _BUTTON = 1, 2
_IN_A_ROW = 5
_SUPPRESS_EMBEDS = 1 << 2
_SUPPRESS_NOTIFICATIONS = 1 << 12
_EPHEMERAL = 1 << 6
_SETTABLE = _SUPPRESS_EMBEDS | _SUPPRESS_NOTIFICATIONS | COMPONENTS_V2


@dataclass(frozen=True, slots=True)
class Draft:
    """What a call gives; None for what it does not mention."""

    content: str | None = None
    embeds: Sequence[Json] | None = None
    components: Sequence[Json] | None = None
    attachments: Sequence[Json] | None = None
    allowed_mentions: Mapping[str, Any] | None = None
    flags: int = 0
    nonce: str | None = None
    more: Mapping[str, Any] | None = None
    """What else its message carries on the wire."""

    @property
    def ephemeral(self) -> bool:
        """Only the person who asked for it sees it."""
        return bool(self.flags & _EPHEMERAL)

    @property
    def rings_author(self) -> bool:
        """A reply mentions the author of what it replies to."""
        return self.allowed_mentions is None or bool(self.allowed_mentions.get("replied_user", False))

    def of_interaction(self, metadata: Json, application_id: str) -> "Draft":
        """This draft as an answer to an interaction."""
        return replace(self, more={"interaction_metadata": metadata, "application_id": application_id})

    def over(self, message: Message) -> "Draft":
        """This draft with what `message` has where nothing new is given."""
        wire = message.wire
        return replace(
            self,
            content=wire.get("content", "") if self.content is None else self.content,
            embeds=wire.get("embeds", ()) if self.embeds is None else self.embeds,
            components=wire.get("components", ()) if self.components is None else self.components,
            attachments=wire.get("attachments", ()) if self.attachments is None else self.attachments,
            flags=self.flags | wire.get("flags", 0),
            more={name: wire[name] for name in ("interaction_metadata", "application_id") if name in wire},
        )

    def finished(self, world: World, reply_to: Message | None) -> tuple[Json, str]:
        """What the house keeps of it: the wire's part, and the text as people read it. Raises 50006."""
        content = (self.content or "").strip()  # Discord takes white space off both ends
        wire: Json = {"content": content, "flags": self.flags & _SETTABLE, **(self.more or {})}
        for name in ("embeds", "components", "attachments"):
            wire[name] = list(getattr(self, name) or ())
        if not (
            content or wire["embeds"] or wire["attachments"] or (wire["components"] and self.flags & COMPONENTS_V2)
        ):
            raise RefusedError(Problem.EMPTY_MESSAGE)
        text = visible_text(wire)
        author = snowflake(reply_to.author.id) if reply_to is not None else None
        users = [moment(each) for each in rung(text, self.allowed_mentions, author)]
        wire["mentions"] = [each for each in users if each in world.house.people]
        wire["mention_everyone"] = rings_everyone(text, self.allowed_mentions)
        if self.nonce:
            wire["nonce"] = self.nonce
        return wire, read(text, lambda user: _person_name(world, user), lambda room: _room_name(world, room))


def read_draft(ask: Ask, sizes: Sizes, body: Json | None = None) -> Draft:
    """The draft in a call's body (or in `body`, a part of it). Raises 50035 for what does not fit."""
    body = ask.json if body is None else body
    draft = Draft(
        content=_text(body, "content"),
        embeds=body.get("embeds"),
        components=body.get("components"),
        attachments=_attachments(ask, body),
        allowed_mentions=body.get("allowed_mentions"),
        flags=body.get("flags") or 0,
        nonce=str(body["nonce"]) if body.get("nonce") else None,
    )
    _check(draft, sizes)
    return draft


def _text(body: Json, name: str) -> str | None:
    """A text, where null means none and a missing one leaves what there was."""
    return None if name not in body else str(body[name] or "")


def _attachments(ask: Ask, body: Json) -> list[Json] | None:
    kept = [each for each in body.get("attachments") or () if "size" in each]
    said = {str(each["id"]): each.get("description") for each in body.get("attachments") or () if "size" not in each}
    new = [
        _uploaded(ask.world, name, data) | {"description": said.get(str(place))}
        for place, (name, data) in enumerate(ask.files)
    ]
    return [*kept, *new] if "attachments" in body or new else None


def _uploaded(world: World, name: str, data: bytes) -> Json:
    own = str(snowflake(world.house.next_id()))
    world.uploads[own] = data
    return {"id": own, "filename": name, "size": len(data), "url": "", "proxy_url": "", "content_type": None}


def _check(draft: Draft, sizes: Sizes) -> None:
    if len((draft.content or "").strip()) > sizes.content:
        raise too_long("content", sizes.content)
    if draft.nonce is not None and len(draft.nonce) > sizes.nonce:
        raise too_long("nonce", sizes.nonce)
    if draft.flags & COMPONENTS_V2 and (draft.content or draft.embeds):
        raise invalid_field("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Not with components V2")
    _check_embeds(draft.embeds or (), sizes)
    _check_components(draft.components or (), sizes)


def _check_embeds(embeds: Sequence[Json], sizes: Sizes) -> None:
    if len(embeds) > sizes.embeds:
        raise invalid_field("embeds", "BASE_TYPE_BAD_LENGTH", f"Must be {sizes.embeds} or fewer in length.")
    for index, embed in enumerate(embeds):
        if len(embed.get("description") or "") > sizes.embed_description:
            raise too_long(f"embeds.{index}.description", sizes.embed_description)
    if len(visible_text({"embeds": embeds})) > sizes.embeds_text:
        raise invalid_field(
            "embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {sizes.embeds_text}"
        )


def _check_components(components: Sequence[Json], sizes: Sizes) -> None:
    every = list(walk(components))
    if len(every) > sizes.components:
        raise invalid_field("components", "BASE_TYPE_BAD_LENGTH", f"Must be {sizes.components} or fewer in length.")
    if sum(len(each.get("content") or "") for each in every) > 2 * sizes.content:
        raise invalid_field("components", "COMPONENT_MAX_TOTAL_CHARACTERS_EXCEEDED", "Too much text")
    named = [each["custom_id"] for each in every if each.get("custom_id")]
    if len(set(named)) < len(named):
        raise invalid_field("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    for each in every:
        if each.get("type") == _BUTTON and not (each.get("label") or each.get("emoji")):
            raise invalid_field("components", "BUTTON_COMPONENT_INVALID_LABEL", "A label or an emoji is required")
        if len(each.get("components") or ()) > _IN_A_ROW and each.get("type") == _ROW:
            raise invalid_field("components", "BASE_TYPE_BAD_LENGTH", f"Must be {_IN_A_ROW} or fewer in length.")
        if len(each.get("custom_id") or "") > sizes.custom_id:
            raise too_long("components.custom_id", sizes.custom_id)
        if each.get("type") == _BUTTON and len(each.get("label") or "") > sizes.button_label:
            raise too_long("components.label", sizes.button_label)


def _person_name(world: World, user: int) -> str:
    person = world.house.people.get(moment(user))
    return "unknown-user" if person is None else person.name


def _room_name(world: World, room: int) -> str:
    found = world.house.rooms.get(moment(room))
    return "unknown" if found is None else found.name
