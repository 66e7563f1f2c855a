"""How strict and how faulty Slack is: rates, sizes, delays, redelivery. Numbers only; others act on them.

The numbers are Slack's own, from docs.slack.dev/apis/web-api/rate-limits and the reference pages of the methods.
"""

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `window` seconds: short bursts pass, the average holds."""

    calls: int
    window: float = 60.0
    per_channel: bool = False
    """Counted for each channel alone; else over the whole workspace."""


TIER_2 = Rate(20)
TIER_3 = Rate(50)
TIER_4 = Rate(100)

SLACKS_RATES: Mapping[str, Rate] = {
    # "About one a second per channel, short bursts above": five in five seconds is that.
    "chat.postMessage": Rate(5, 5.0, per_channel=True),
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "chat.postEphemeral": TIER_4,
    "chat.startStream": TIER_2,
    "chat.appendStream": TIER_4,
    "chat.stopStream": TIER_2,
    "reactions.add": TIER_3,
    "reactions.get": TIER_3,
    "reactions.list": TIER_2,
    "reactions.remove": TIER_2,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.info": TIER_3,
    "conversations.open": TIER_3,
    "conversations.join": TIER_3,
    "conversations.members": TIER_4,
    "conversations.list": TIER_2,
    "users.list": TIER_2,
    "users.info": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "users.conversations": TIER_3,
    "team.info": TIER_3,
    "bots.info": TIER_3,
    "views.open": TIER_4,
    "views.update": TIER_4,
    "views.publish": TIER_4,
    "apps.connections.open": Rate(10),
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """What fits, in characters unless it says otherwise. Sources: the methods' reference, and trials."""

    post_text: int = 40_000
    """Longer texts of chat.postMessage are cut here, without an error."""
    update_text: int = 4_000
    markdown: int = 12_000
    """`markdown_text`, and all markdown blocks of a message together."""
    blocks: int = 50
    """How many blocks a message may have."""
    blocks_text: int = 13_200
    """All text in all blocks of a message together."""
    section_text: int = 3_000
    stream_text: int = 40_000
    """What one streamed message takes in all."""
    context_actions: int = 5
    """How many elements a `context_actions` block may have."""
    actions: int = 25
    """How many an `actions` block."""
    button_text: int = 75
    button_value: int = 2_000
    reaction_users: int = 50
    """How many of those who reacted are told beside a message; Slack says that there is such a number, not which."""
    history: int = 1_000
    """Messages in one answer of conversations.history or .replies."""


@dataclass(slots=True)
class SlackRules:
    """Everything about the box's Slack that can be set, before or while it runs. Times are in seconds."""

    rates: Mapping[str, Rate] = field(default_factory=lambda: dict(SLACKS_RATES))
    sizes: Sizes = field(default_factory=Sizes)
    latency: float = 0.0
    """One way: each call takes twice this, each envelope comes this late and its ack counts this late."""
    ack_timeout: float = 3.0
    """An envelope not acknowledged by then is sent again."""
    redelivery: tuple[float, ...] = (0.0, 60.0, 300.0)
    """How long after a failed delivery the next one comes; after the last of them the event is lost."""
    hold_while_away: bool = True
    """While nobody is connected a delivery waits and comes, as a retry, with the next connection; else it fails."""
    deliver_twice: bool = False
    """Everything comes twice, as it does when an acknowledgement gets lost."""
    echo_own: bool = True
    """The assistant is told of its own messages and edits too, as Slack does."""
    max_connections: int = 10
    stream_seconds: float = 300.0
    """A native stream ends then, even while text flows."""
    trigger_seconds: float = 3.0
    """How long the trigger_id of a press opens a view."""
    responses: int = 5
    """How many answers a response_url takes."""
    response_seconds: float = 1_800.0
    """And for how long."""

    @classmethod
    def unlimited(cls, **changes: Any) -> Self:
        """Slack without rate limits."""
        return cls(rates={}, **changes)


class Limiter:
    """Counts calls against the rates; one for a workspace."""

    def __init__(self, rules: SlackRules) -> None:
        self._rules = rules
        self._taken: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def pause(self, method: str, channel: str, now: float) -> int:
        """0 if the call may pass (and counts), else the whole seconds of its `Retry-After`."""
        rate = self._rules.rates.get(method)
        if rate is None:
            return 0
        taken = self._taken[method, channel if rate.per_channel else ""]
        while taken and taken[0] <= now - rate.window:
            taken.popleft()
        if len(taken) < rate.calls:
            taken.append(now)
            return 0
        return max(1, math.ceil(taken[-rate.calls] + rate.window - now))
