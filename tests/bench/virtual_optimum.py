"""Lower bounds: what no schedule can do better, even one that knows every arrival beforehand.

Both let a call carry a token that arrives at that very moment, let calls overlap, and keep nothing in reserve. The
first text of a reply goes through another bucket, at once, as it does for every schedule here. Lags are in
token-seconds and do not yet hold the round trip, which adds to each token alike.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from core.ports import Rate

Step = tuple[float, int, float]
"""A moment at which a call may leave, the tokens written by then, and the sum of their arrival times."""


def steps(arrivals: Sequence[float]) -> list[Step]:
    """The moments at which tokens arrive: a call is never better placed than right after a burst, but by a limit."""
    found: list[Step] = []
    total = 0.0
    for index, moment in enumerate(arrivals):
        total += moment
        if index + 1 == len(arrivals) or arrivals[index + 1] > moment:
            found.append((moment, index + 1, total))
    return found


class Hull:
    """The least of lines value = offset - slope·x, asked at growing x; slopes are added growing."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, float, int]] = []
        self._next = 0
        self.tag = 0
        """What came with the line that was found to be least."""

    def add(self, slope: float, offset: float, tag: int = 0) -> None:
        lines = self.lines
        while len(lines) - self._next >= 2:
            (s1, o1, _), (s2, o2, _) = lines[-2], lines[-1]
            if (offset - o1) * (s2 - s1) <= (o2 - o1) * (slope - s1):
                lines.pop()
            else:
                break
        lines.append((slope, offset, tag))

    def least(self, x: float) -> float:
        lines = self.lines
        while self._next + 1 < len(lines):
            (s1, o1, _), (s2, o2, _) = lines[self._next], lines[self._next + 1]
            if o2 - s2 * x <= o1 - s1 * x:
                self._next += 1
            else:
                break
        slope, offset, self.tag = lines[self._next]
        return offset - slope * x


def least_lag_alone(arrivals: Sequence[float], rate: Rate) -> float:
    """The least sum of lags of one reply on a bucket whose windows start with their first call.

    Dynamic programming over the step at which each window starts, and over its calls. Every real call is taken as
    having left right after the last burst before it, which costs it nothing and widens each window by one pause at
    most: a bound from below, and a near one.
    """
    points = steps(arrivals)
    times = [moment for moment, _, _ in points]
    last = len(points) - 1
    if not last:
        return 0.0
    _, tokens, total = points[0]
    # The post has shown the first burst; the least lag where the call at this step is the first of a window:
    starting = [0.0] + [each[1] * each[0] - each[2] - (tokens * each[0] - total) for each in points[1:]]
    best = math.inf
    for start in range(last + 1):  # the first step too: an edit that shows nothing new may start a window early
        if starting[start] >= best:
            continue
        inside = bisect_left(times, times[min(start + 1, last)] + rate.window)
        beyond = bisect_left(times, times[start] + rate.window) - 1
        reached = _calls_of_one_window(points, start, starting[start], rate.calls, inside)
        best = min(best, reached.get(last, math.inf))
        hull = Hull()
        for step in range(start, last + 1):
            moment, tokens, total = points[step]
            if step >= max(beyond, start + 1):
                leaves = max(moment, times[start] + rate.window)
                starting[step] = min(starting[step], hull.least(leaves) + tokens * leaves - total)
            if step in reached:
                hull.add(tokens, reached[step] + total)
        best = min(best, starting[last])
    return best


def _calls_of_one_window(points: Sequence[Step], start: int, lag: float, calls: int, end: int) -> dict[int, float]:
    """The least lag at each step before `end` that a window with at most `calls` calls reaches."""
    layer = {start: lag}
    reached = dict(layer)
    for _ in range(calls - 1):
        hull = Hull()
        more: dict[int, float] = {}
        for step in range(start, end):
            moment, tokens, total = points[step]
            if hull.lines:
                more[step] = hull.least(moment) + tokens * moment - total
            if step in layer:
                hull.add(tokens, layer[step] + total)
        layer = more
        reached |= {step: min(value, reached.get(step, math.inf)) for step, value in more.items()}
    return reached


def least_lag_together(
    replies: Sequence[Sequence[float]], rate: Rate, weights: Sequence[float], rounds: int = 150
) -> float:
    """A lower bound on the weighted sum of lags of replies that share one bucket, by Lagrangian relaxation.

    In the first w windows no more than w·calls can leave. For any prices that never rise from one window to the next,
    what the replies would pay at the least, each alone, minus what the allowed calls are worth, is a lower bound;
    subgradient steps look for the prices that make it high.
    """
    begin = min(arrivals[0] for arrivals in replies)
    end = max(arrivals[-1] for arrivals in replies)
    # Room for every final text after the last token, should it be needed.
    windows = math.ceil((end - begin) / rate.window) + math.ceil(len(replies) / rate.calls) + 1
    starts = [begin + window * rate.window for window in range(windows)]
    allowed = [(window + 1) * rate.calls for window in range(windows)]
    lanes = [_with_starts(arrivals, starts) for arrivals in replies]
    worth = [0.0] * windows
    best = -math.inf
    for attempt in range(rounds):
        price = [sum(worth[window:]) for window in range(windows)]
        used = [0] * windows
        paid = sum(
            weight * _cheapest(lane, [each / weight for each in price], used)
            for lane, weight in zip(lanes, weights, strict=True)
        )
        best = max(best, paid - sum(each * calls for each, calls in zip(worth, allowed, strict=True)))
        excess = [so_far - calls for so_far, calls in zip(accumulate(used), allowed, strict=True)]
        size = math.hypot(*excess) or 1.0
        pace = 8.0 * sum(weights) / (1 + attempt / 8) / size
        worth = [max(0.0, each + pace * over) for each, over in zip(worth, excess, strict=True)]
    return best


Lane = list[tuple[float, int, float, int]]
"""Steps, each with the number of its window."""


def _with_starts(arrivals: Sequence[float], starts: Sequence[float]) -> Lane:
    """The steps of a reply, and the windows' starts between and behind them, where waiting calls would leave."""
    points = steps(arrivals)
    times = [moment for moment, _, _ in points]
    found = {moment: (moment, tokens, total) for moment, tokens, total in points}
    for moment in starts:
        if moment > times[0]:
            found.setdefault(moment, (moment, *points[bisect_left(times, moment) - 1][1:]))
    return [(*found[each], max(0, bisect_right(starts, each) - 1)) for each in sorted(found)]


def _cheapest(lane: Lane, price: Sequence[float], used: list[int]) -> float:
    """The least lag plus price of one reply; counts its calls in `used`."""
    hull = Hull()
    whole = lane[-1][1]
    _, tokens, total, _ = lane[0]
    hull.add(tokens, total, 0)
    came_from = [0] * len(lane)
    best, best_step = math.inf, 0
    for step in range(1, len(lane)):
        moment, tokens, total, window = lane[step]
        if tokens == lane[0][1]:
            continue
        cost = hull.least(moment) + tokens * moment - total + price[window]
        came_from[step] = hull.tag
        if tokens == whole:
            if cost < best:
                best, best_step = cost, step
        else:
            hull.add(tokens, cost + total, step)
    if whole == lane[0][1]:
        return 0.0
    while best_step:
        used[lane[best_step][3]] += 1
        best_step = came_from[best_step]
    return best
