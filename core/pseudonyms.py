"""Names for people that are the same everywhere and lead back to nobody who does not have the key.

A plain digest of a platform's id could be undone by trying all ids there are. It knows no database: where the key is
kept is `core.store.keys`'.
"""

import hmac
from dataclasses import dataclass, field
from typing import Final

MARK: Final = "person-"
"""How every such name begins."""
_DIGITS: Final = 10
"""40 bits: among 10,000 people, two share a name with a chance of 1 in 20,000."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The names that one key gives: HMAC-SHA-256 (RFC 2104) of the `PersonRef.key`, its first digits."""

    key: bytes = field(repr=False)

    def of(self, person: str) -> str:
        """`person-` and ten hexadecimal digits for the person of this `PersonRef.key`."""
        return MARK + hmac.digest(self.key, person.encode(), "sha256").hex()[:_DIGITS]


def is_pseudonym(text: str) -> bool:
    """Whether `text` is such a name, rather than a `PersonRef.key`."""
    return text.startswith(MARK)
