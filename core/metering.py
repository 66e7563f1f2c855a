"""How a reply felt to its readers: when its text was written, when it was seen, and how long it stood still between."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Streaming:
    """The figures of one reply, in seconds; they are kept with it."""

    first_text: float | None
    """From the model's first text to the first text visible."""
    mean_lag: float | None
    """From when a character was written to when it was visible, on average."""
    longest_freeze: float
    """The longest time between two visible changes while the text was growing."""
    final_lag: float | None
    """From the end of the model's stream to the whole text visible."""
    edits: int
    rate_limited: int


class Meter:
    """Counts one reply. Times are a monotonic clock's seconds; what is seen is known when the platform has answered."""

    def __init__(self) -> None:
        self.written = 0
        """Characters that the model wrote."""
        self.edits = 0
        self.rate_limited = 0
        self._arrivals = 0.0
        self._seen = 0
        self._seen_arrivals = 0.0
        self._lag = 0.0
        self._first_written: float | None = None
        self._first_seen: float | None = None
        self._last_seen: float | None = None
        self._freeze = 0.0
        self._ended: float | None = None

    @property
    def unseen(self) -> int:
        """Characters that are not visible yet."""
        return self.written - self._seen

    def wrote(self, units: int, now: float) -> None:
        """The model wrote `units` characters more."""
        if self._first_written is None:
            self._first_written = now
        self.written += units
        self._arrivals += units * now

    def sending(self) -> tuple[int, float]:
        """What a call that leaves now will show: give it to `seen` when the platform has answered."""
        return self.written, self._arrivals

    def seen(self, sent: tuple[int, float], now: float) -> None:
        """The call that left with `sent` was taken."""
        units, arrivals = sent
        if units > self._seen:
            self._lag += (units - self._seen) * now - (arrivals - self._seen_arrivals)
            self._seen, self._seen_arrivals = units, arrivals
        if self._first_seen is None:
            self._first_seen = now
        elif self._last_seen is not None and self._ended is None:
            self._freeze = max(self._freeze, now - self._last_seen)
        self._last_seen = now

    def ended(self, now: float) -> None:
        """The model's stream is over."""
        self._ended = now

    def figures(self) -> Streaming:
        """The figures by now."""
        first_text = final_lag = None
        if self._first_seen is not None and self._first_written is not None:
            first_text = round(max(0.0, self._first_seen - self._first_written), 4)
        if self._last_seen is not None and self._ended is not None:
            final_lag = round(max(0.0, self._last_seen - self._ended), 4)
        return Streaming(
            first_text=first_text,
            mean_lag=round(self._lag / self._seen, 4) if self._seen else None,
            longest_freeze=round(self._freeze, 4),
            final_lag=final_lag,
            edits=self.edits,
            rate_limited=self.rate_limited,
        )
