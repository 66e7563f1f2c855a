"""What this process has kept, called and been refused since it started, as numbers: for whoever watches it.

Counted where it happens, by `COUNTED`, one for the process; `bots.health` tells it in Prometheus' form. No text, no
name and no id of a person is among the labels.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from core.messages import Json

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the histograms' buckets."""


class Histogram:
    """How often a duration was at most so long."""

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        """By bucket, not cumulated; the last holds what was longer than all bounds."""
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds


class Counted:
    """The counters of a process."""

    def __init__(self) -> None:
        self.questions: Counter[str] = Counter()
        """By platform."""
        self.replies: Counter[tuple[str, str, str]] = Counter()
        """By platform, status and reason."""
        self.tokens: Counter[tuple[str, str]] = Counter()
        """By platform and kind: `prompt`, `completion`."""
        self.opinions: Counter[tuple[str, str, str]] = Counter()
        """By platform, name, and what became of it: `given` or `withdrawn`."""
        self.found_later: Counter[str] = Counter()
        """Opinions that were only seen when the platform was looked at again, by platform."""
        self.refused: Counter[tuple[str, str]] = Counter()
        """Calls that met a rate limit (429), by platform and kind of call."""
        self.unkept = 0
        """Records that the database did not take because it was away."""
        self.first_token, self.first_text, self.mean_lag, self.final_lag, self.append = (
            *(Histogram() for _ in range(5)),
        )
        self.on_reply: list[Callable[[str, Json], None]] = []
        """Told of each whole reply, with its platform: what traces them."""

    def kept(self, kinds: Sequence[tuple[str, str, Json]], seconds: float) -> None:
        """These records are new in the log, each by its type, source and data; it took so long."""
        self.append.add(seconds)
        for type_, source, data in kinds:
            if type_ == "add_message":
                self._message(source, data)
            elif type_ in ("log_feedback", "log_expectation", "withdraw_assessment"):
                became = "withdrawn" if type_ == "withdraw_assessment" else "given"
                self.opinions[source, str(data.get("name")), became] += 1
                self.found_later[source] += bool((data.get("metadata") or {}).get("found_later"))

    def _message(self, source: str, data: Json) -> None:
        if data.get("role") != "assistant":
            self.questions[source] += 1
            return
        self.replies[source, data.get("status", ""), data.get("reason") or ""] += 1
        for kind in ("prompt", "completion"):
            self.tokens[source, kind] += data.get(f"{kind}_tokens") or 0
        streaming: dict[str, Any] = data.get("streaming") or {}
        for name in ("first_text", "mean_lag", "final_lag"):
            if (value := streaming.get(name)) is not None:
                histogram: Histogram = getattr(self, name)
                histogram.add(value)
        if data.get("started_at") and data.get("first_token_at"):
            self.first_token.add(_between(data["started_at"], data["first_token_at"]))
        for told in self.on_reply:
            told(source, data)


def _between(began: str, ended: str) -> float:
    return max(0.0, (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())


COUNTED: Final = Counted()
"""Of this process."""
