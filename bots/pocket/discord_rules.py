"""How strict and how faulty Discord is: rates, sizes, delays, doubles. Numbers and counters; others act on them.

Discord publishes no numbers per route (docs.discord.com/developers/topics/rate-limits); these are what its users
observe.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in a window of `window` seconds, which begins with its first call."""

    calls: int
    window: float


GLOBAL = "global"
OTHER = "other"
IDENTIFY = "identify"
"""The beginning of a session, in one group of shards."""
OLD_EDIT = "edit_old"
"""A PATCH of a message that is more than an hour old."""

DISCORDS_RATES: Mapping[str, Rate] = {
    GLOBAL: Rate(50, 1.0),
    "post": Rate(5, 5.0),
    "edit": Rate(5, 5.0),
    OLD_EDIT: Rate(3, 20.0),
    "delete": Rate(5, 1.0),
    "react": Rate(1, 0.25),
    "typing": Rate(5, 5.0),
    "webhook": Rate(5, 2.0),
    OTHER: Rate(50, 1.0),
    IDENTIFY: Rate(1, 5.0),
}
"""Per name of a route and major parameter (channel, guild, or webhook and token); `global` is over all of them."""

_NO_LIMIT = Rate(1_000_000, 1.0)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What fits, in characters unless it says otherwise (docs.discord.com/developers/resources/message)."""

    content: int = 2000
    embed_description: int = 4096
    embeds_text: int = 6000
    """All text in all embeds of a message together."""
    embeds: int = 10
    """How many embeds a message may have."""
    components: int = 40
    """How many components a message may have, nested ones counted."""
    nonce: int = 25
    custom_id: int = 100
    button_label: int = 80
    modal_title: int = 45
    modal_label: int = 45
    """Characters above a field of a form."""
    modal_hint: int = 100
    """Characters below that."""
    modal_fields: int = 5
    """How many fields a form may have."""
    input: int = 4000
    """Characters that may be put into a field."""
    options: int = 25
    """How many choices a menu may have."""
    option: int = 100
    """Characters of a choice's label, and of its value."""
    reactions: int = 20
    """How many different emoji a message may have."""
    history: int = 100
    """Messages, or people who reacted, in one answer."""


@dataclass(slots=True)
class DiscordRules:
    """Everything about the box's Discord that can be set, before or while it runs. Times are in seconds."""

    rates: Mapping[str, Rate] = field(default_factory=lambda: dict(DISCORDS_RATES))
    sizes: Sizes = field(default_factory=Sizes)
    latency: float = 0.0
    """One way: each call takes twice this, each event comes this late."""
    deliver_twice: bool = False
    """Every event comes twice, as it may after a reconnect."""
    privileged: frozenset[str] = frozenset({"message_content"})
    """The privileged intents that are switched on: `members`, `presences`, `message_content`."""
    heartbeat_interval: float = 41.25
    interaction_seconds: float = 3.0
    """How long a person's press or command waits for its first answer."""
    interaction_token_seconds: float = 900.0
    """How long its token is good for more."""
    replay: int = 10_000
    """How many missed events a session keeps for the one who resumes it."""
    gateway_sends: Rate = Rate(120, 60.0)
    shards: int = 1
    """How many it advises."""
    at_once: int = 1
    """How many sessions may begin in the window of `identify`, each in another group of shards: max_concurrency."""
    sessions: int = 1000
    """How many may begin in a day."""
    guilds_a_shard: int = 2500
    """How many guilds a session may be told of."""

    @classmethod
    def unlimited(cls, **changes: Any) -> Self:
        """Discord without rate limits."""
        return cls(rates={}, **changes)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bucket says to one call."""

    allowed: bool
    limit: int
    remaining: int
    reset_after: float
    """Seconds until the window ends."""
    bucket: str
    """The bucket's name on the wire: the same for all its major parameters."""


class Buckets:
    """Counts calls against the rates."""

    def __init__(self, rules: DiscordRules) -> None:
        self._rules = rules
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, name: str, major: str, now: float) -> Taken:
        """Count a call of the routes called `name`, unless the bucket of `major` is empty. `now`: seconds."""
        rates = self._rules.rates
        rate = rates.get(name) or (rates.get(OTHER) if name not in (GLOBAL, OLD_EDIT, IDENTIFY) else None) or _NO_LIMIT
        ends, used = self._windows.get((name, major), (now + rate.window, 0))
        if now >= ends:
            ends, used = now + rate.window, 0
        allowed = used < rate.calls
        if allowed:
            used += 1
        self._windows[name, major] = (ends, used)
        return Taken(allowed, rate.calls, rate.calls - used, ends - now, _wire_name(name))


def _wire_name(name: str) -> str:
    """Buckets are called by an opaque hash."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]
