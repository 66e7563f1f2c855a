"""Signatures of webhooks by the Standard Webhooks specification (standardwebhooks.com). Pure.

HMAC-SHA-256 over `id.timestamp.body`, in base64 behind `v1,`; with several keys several signatures, a space between
them, so that a key can be replaced while receivers know either.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

from core.errors import SettingsError

MARK: Final = "whsec_"
"""How a key begins where it is written."""
_SHORTEST, _LONGEST = 24, 64
"""Bytes of a key, as the specification has it."""
TOLERANCE: Final = 300
"""Seconds by which a timestamp may be off for a receiver."""


def new_secret() -> str:
    """A key of 32 bytes by chance, as it is written."""
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def keys_in(text: str, *, name: str) -> list[bytes]:
    """The keys that an environment variable called `name` holds, the newest first. Raises SettingsError."""
    keys = []
    for each in text.replace(",", " ").split():
        try:
            key = base64.b64decode(each.removeprefix(MARK), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SettingsError(f"{name} holds no key: {_WRITTEN}") from error
        if not _SHORTEST <= len(key) <= _LONGEST:
            raise SettingsError(f"{name} holds a key of {len(key)} bytes: {_WRITTEN}")
        keys.append(key)
    if not keys:
        raise SettingsError(f"{name} is empty: {_WRITTEN}")
    return keys


_WRITTEN: Final = (
    f"write {MARK} and {_SHORTEST} to {_LONGEST} bytes in base64; `plaudit webhooks secret` makes one by chance."
)


def sign(keys: Sequence[bytes], id_: str, timestamp: int, body: bytes) -> str:
    """What the header `webhook-signature` says; `timestamp` in seconds since 1970."""
    signed = f"{id_}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)


def is_signed(key: bytes, id_: str, timestamp: int, body: bytes, signature: str, *, now: float) -> bool:
    """Whether one of the signatures is of this key, and not too old: what a receiver asks."""
    expected = sign([key], id_, timestamp, body)
    found = any(hmac.compare_digest(expected, each) for each in signature.split())
    return found and abs(now - timestamp) <= TOLERANCE
