"""Forms as Discord takes them: what it refuses. No sockets.

The rules: docs.discord.com/developers/components/reference, for modals.
"""

from collections.abc import Mapping
from typing import Any

from bots.pocket.discord_errors import invalid_field, too_long
from bots.pocket.discord_guild import Json
from bots.pocket.discord_rules import Sizes
from bots.pocket.discord_text import walk

_PARTS = (1, 10, 18)
"""Rows, text and labels: what a form is made of."""


def check_modal(data: Json, sizes: Sizes) -> None:
    """Raise 50035 for a form that Discord does not show."""
    components = data.get("components") or []
    if not data.get("custom_id") or not data.get("title"):
        raise invalid_field("data", "BASE_TYPE_REQUIRED", "This field is required")
    _fits("custom_id", data["custom_id"], sizes.custom_id)
    _fits("title", data["title"], sizes.modal_title)
    if not 1 <= len(components) <= sizes.modal_fields:
        raise invalid_field("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {sizes.modal_fields}.")
    if any(each.get("type") not in _PARTS for each in components):
        raise invalid_field("components", "UNION_TYPE_CHOICES", "Not in a modal")
    every = list(walk(components))
    names = [each["custom_id"] for each in every if "custom_id" in each]
    if len(set(names)) < len(names):
        raise invalid_field("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    for each in every:
        _check(each, sizes)


def _check(component: Mapping[str, Any], sizes: Sizes) -> None:
    match component.get("type"):
        case 18:  # a label, and the one field below it
            _fits("label", component.get("label") or "", sizes.modal_label)
            _fits("description", component.get("description") or "", sizes.modal_hint)
        case 4:  # a text input
            _fits("value", component.get("value") or "", component.get("max_length") or sizes.input)
            if not 1 <= component.get("max_length", sizes.input) <= sizes.input:
                raise invalid_field("max_length", "NUMBER_TYPE_MAX", f"Must be {sizes.input} or fewer.")
        case 3:  # a menu
            _check_menu(component, sizes)


def _check_menu(menu: Mapping[str, Any], sizes: Sizes) -> None:
    options = menu.get("options") or []
    if not 1 <= len(options) <= sizes.options:
        raise invalid_field("options", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {sizes.options} in length.")
    for each in options:
        _fits("options.label", each["label"], sizes.option)
        _fits("options.value", each["value"], sizes.option)
    if len({each["value"] for each in options}) < len(options):
        raise invalid_field("options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The value is already used")
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    if not least <= most <= len(options):
        raise invalid_field("max_values", "NUMBER_TYPE_MAX", "Must be no more than there are options.")
    if menu.get("required", True) and not least:
        raise invalid_field("required", "SELECT_COMPONENT_REQUIRED", "What is required needs a value")
    if sum(bool(each.get("default")) for each in options) > most:
        raise invalid_field("options", "SELECT_COMPONENT_TOO_MANY_DEFAULTS", "More defaults than may be chosen")


def _fits(name: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise too_long(name, limit)
