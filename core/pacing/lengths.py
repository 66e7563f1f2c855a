"""How long replies are, and so how much longer those under way may take yet. It knows nothing of what they say."""

from typing import Final

_LENGTH: Final = 1200
"""Characters of a typical reply, some 300 tokens, until there is experience."""
_PACE: Final = 240.0
"""Characters a second of a typical model, some 60 tokens, until there is experience."""
_WEIGHT: Final = 12.0
"""How many replies of experience the assumed length counts for."""
_MEMORY: Final = 30.0
"""How many replies are remembered."""
_SHORTEST: Final = 5.0
_LONGEST: Final = 60.0
"""Seconds between which the answer is kept, whatever the experience."""


class ReplyLengths:
    """Estimates what the replies under way are likely to take yet.

    How long a reply has been going on says little of how long it will go on: lengths are taken to be exponentially
    distributed. The mean is then what all replies wrote, finished and not, over the number of those that finished (the
    maximum-likelihood estimate from censored data), and also what each of them has yet to write.
    """

    def __init__(self) -> None:
        self._finished = _WEIGHT
        self._units = _WEIGHT * _LENGTH
        self._live = 0
        self._live_units = 0
        self._opened = 0.0
        self._told_at = 0.0

    def began(self, now: float) -> None:
        """A reply began."""
        self._live += 1
        self._opened += now
        self._told_at = now

    def wrote(self, units: int, now: float) -> None:
        """Some reply under way has become longer."""
        self._live_units += units
        self._told_at = now

    def ended(self, began: float, units: int) -> None:
        """The reply that had begun at `began` has ended, with `units` in all."""
        self._live -= 1
        self._opened -= began
        self._live_units -= units
        self._finished += 1
        self._units += units
        if self._finished > _MEMORY:
            self._units *= _MEMORY / self._finished
            self._finished = _MEMORY

    def remaining(self) -> float:
        """Seconds that a reply under way is likely to take yet, as of the last that was heard.

        While nothing is heard it stays: a model that pauses must not put off what it has written.
        """
        length = (self._units + self._live_units) / self._finished
        lived = self._live * self._told_at - self._opened
        pace = (self._live_units + _PACE) / (lived + 1.0)  # the assumed pace counts for a second
        return min(_LONGEST, max(_SHORTEST, length / max(pace, 1e-3)))
