"""The platforms' own terms on training, and that an operator has to say that they know them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from core.errors import SettingsError

TERMS: Final[Mapping[str, str]] = {
    "discord": "Discord's Developer Policy forbids training models on message content without Discord's permission "
    "(discord.com/developers/docs/policies-and-agreements)",
    "slack": "Slack's API Terms of Service restrict training language models on what its API gives, above all for apps "
    "that are distributed (slack.com/terms-of-service/api)",
}
"""What each platform says, in a sentence without its full stop. Others have said nothing that we know of."""


def acknowledged(setting: str) -> frozenset[str]:
    """The platforms in a comma-separated setting. Raises SettingsError for one that has no such terms."""
    names = frozenset(name.strip().lower() for name in setting.split(",") if name.strip())
    if unknown := sorted(names - TERMS.keys()):
        raise SettingsError(
            f"PLAUDIT_ACKNOWLEDGED_TERMS names {', '.join(unknown)}: it may hold {', '.join(sorted(TERMS))}."
        )
    return names


def check_terms(platforms: Iterable[str], known: Collection[str]) -> None:
    """Raises SettingsError where rows for training would come from a platform whose terms are not acknowledged."""
    missing = sorted({each for each in platforms if each in TERMS} - set(known))
    if missing:
        listed = ",".join(sorted({*known, *missing}))
        raise SettingsError(
            f"Rows for training from {' and '.join(missing)} need a decision of yours first. "
            + " ".join(f"{TERMS[each]}." for each in missing)
            + f" If you have read the terms and may train, set PLAUDIT_ACKNOWLEDGED_TERMS={listed}; else name other "
            "platforms with --platform. Reports and evaluation sets need no such setting."
        )
