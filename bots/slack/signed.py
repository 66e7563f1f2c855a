"""Whether a request comes from Slack: its signature over the raw bytes, its clock, and whether it came before. No I/O.

How Slack signs: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import itertools
from typing import Final

from slack_sdk.signature import Clock as SlacksClock
from slack_sdk.signature import SignatureVerifier

from core.clock import Clock

TOLERANCE: Final = 300
"""Seconds that a request's clock may be away from ours."""
_DIGITS: Final = 12
"""More has no moment in seconds since 1970."""


class Signatures:
    """Knows Slack's requests from others', and those that it has taken from new ones."""

    def __init__(self, secret: str, clock: Clock) -> None:
        """`secret`: the app's signing secret."""
        self._clock = clock
        self._verifier = SignatureVerifier(secret, _Seconds(clock))
        self._taken: dict[str, int] = {}
        """The signatures of requests that were acknowledged, each with its own second, oldest first."""

    def refusal(self, body: bytes, timestamp: str, signature: str) -> str:
        """Why a request is none of Slack's, in a few words; empty where it is."""
        if not (timestamp and signature):
            return "not signed"
        # The verifier raises for what is no number, no ASCII or no UTF-8.
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _DIGITS and signature.isascii()):
            return "malformed signature"
        if abs(self._now - int(timestamp)) > TOLERANCE:
            return "too old, or from a clock that is wrong"
        try:
            is_valid = self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            is_valid = False
        if not is_valid:
            return "wrong signature"
        return "replayed" if signature in self._taken else ""

    def took(self, timestamp: str, signature: str) -> None:
        """Note that a request was acknowledged: the very same one is refused from now on. Slack signs a retry anew."""
        self._taken[signature] = int(timestamp)
        forgotten = itertools.takewhile(lambda each: self._now - each[1] > TOLERANCE, self._taken.items())
        for old, _ in list(forgotten):
            del self._taken[old]

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()


class _Seconds(SlacksClock):
    """Our clock, as slack_sdk reads it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now().timestamp()
