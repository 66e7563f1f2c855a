"""What goes wrong around a bot, for as long as one likes: the platforms, the wires, the database, the clock, the disk.

Each kind has its own pace, so that all are at work at once; what was done is counted by name. Processes die elsewhere
(`soak`), the model fails in `throng`.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import orjson

from bots.pocket.server import Pocket
from bots.pocket.slack import Fault
from tests.faults.bot_process import BotProcess

_REQUIRED: Final = {
    "message": ("ts", "channel", "user", "type"),
    "app_mention": ("ts", "channel", "user", "type"),
    "reaction_added": ("item", "reaction", "user", "event_ts"),
    "reaction_removed": ("item", "reaction", "user", "event_ts"),
    "MESSAGE_CREATE": ("id", "channel_id", "author"),
    "MESSAGE_REACTION_ADD": ("message_id", "channel_id", "user_id", "emoji"),
    "MESSAGE_REACTION_REMOVE": ("message_id", "channel_id", "user_id", "emoji"),
}
"""What no payload of the kind can do without."""
_NONSENSE: Final = ("no JSON at all", "[]", "{}", '{"op":0}', '{"op":99,"d":null}', '{"op":0,"t":"NEW_IN_2031","d":{}}')
_REMEMBERED: Final = 500
"""Deliveries that may be told again."""
_STORM: Final = 4
"""How many times fewer calls than before the platforms allow in a storm of 429s."""
_STEPS: Final = (-3600.0, -90.0, -5.0, 5.0, 90.0, 3600.0)
"""Seconds by which the clock goes wrong."""


class Weather:
    """What goes wrong, until `time.monotonic()` is `until`. `injected` counts it, with what others put there."""

    def __init__(self, pocket: Pocket, bots: list[BotProcess], chance: random.Random, injected: Counter[str]) -> None:
        self.injected = injected
        self._pocket = pocket
        self._bots = bots
        self._chance = chance
        self._delivered: deque[Any] = deque(maxlen=_REMEMBERED)
        self._remember()

    async def rage(self, until: float, *, pace: float = 1.0, clock: bool = True) -> None:
        """Let everything go wrong, each kind at its pace; all is well again in the end. `pace` 2: twice as often.

        `clock`: it steps, too.
        """
        kinds: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (1.5, self._failed_call),
            (12.0, self._storm),
            (5.0, self._broken_wire),
            (9.0, self._doubles),
            (2.0, self._told_again),
            (1.0, self._mutilated),
        ]
        if clock:
            kinds.append((11.0, self._clock_step))
        await asyncio.gather(*(self.now_and_then(seconds / pace, kind, until) for seconds, kind in kinds))

    async def now_and_then(self, seconds: float, act: Callable[[], Awaitable[None]], until: float) -> None:
        """Do something every so many seconds in the mean, one after another."""
        while (left := until - time.monotonic()) > 0:
            pause = self._chance.uniform(0.5, 1.5) * seconds
            await asyncio.sleep(min(left, pause))
            if pause < left:
                await act()

    # The platforms' calls

    async def _failed_call(self) -> None:
        """A call is refused or cut, its effect there or not."""
        slack, discord, chance = self._pocket.slack, self._pocket.discord, self._chance
        method = chance.choice(["chat.update", "chat.postMessage", "chat.appendStream", "chat.stopStream"])
        acts: list[tuple[str, Callable[[], None]]] = [
            ("calls refused", lambda: slack.fail(method, Fault("ratelimited"))),
            ("calls refused", lambda: slack.fail(method, Fault("internal_error", status=500))),
            ("calls cut", lambda: slack.fail(method, Fault(cut=True, done=chance.random() < 0.5))),
            ("calls refused", lambda: discord.fail(chance.choice(["edit", "post"]), status=chance.choice([500, 503]))),
            ("calls cut", lambda: discord.fail(chance.choice(["edit", "post"]), status=0, done=chance.random() < 0.5)),
        ]
        name, act = chance.choice(acts)
        self.injected[name] += 1
        act()

    async def _storm(self) -> None:
        """Far fewer calls are allowed for a while: 429s, whatever one does."""
        rules = (self._pocket.slack.rules, self._pocket.discord.rules)
        before = [each.rates for each in rules]
        self.injected["storms of 429s"] += 1
        for each in rules:
            rates: Mapping[str, Any] = each.rates
            each.rates = {name: replace(rate, calls=max(1, rate.calls // _STORM)) for name, rate in rates.items()}
        await asyncio.sleep(self._chance.uniform(2, 6))
        for each, rates in zip(rules, before, strict=True):
            each.rates = rates

    # The wires, and what comes over them

    async def _broken_wire(self) -> None:
        """A connection is reset, sent elsewhere, ended; nobody is let in."""
        slack, discord, chance = self._pocket.slack, self._pocket.discord, self._chance
        face = chance.choice([slack, discord])
        kinds: list[Callable[[], None]] = [
            slack.drop,
            slack.disconnect,
            discord.gateway.drop,
            discord.gateway.reconnect,
            lambda: discord.gateway.invalidate(resumable=chance.random() < 0.5),
            discord.restart,
        ]
        self.injected["resets"] += 1
        if chance.random() < 0.3:
            with face.away():
                await asyncio.sleep(chance.uniform(0.5, 3))
        else:
            chance.choice(kinds)()

    async def _doubles(self) -> None:
        """For a while everything comes twice, and late."""
        rules = (self._pocket.slack.rules, self._pocket.discord.rules)
        self.injected["times of doubles"] += 1
        for each in rules:
            each.deliver_twice, each.latency = True, self._chance.choice([0.0, 0.05, 0.3])
        await asyncio.sleep(self._chance.uniform(2, 5))
        for each in rules:
            each.deliver_twice, each.latency = False, 0.002

    async def _told_again(self) -> None:
        """Slack tells what it told long ago, Discord a message that it told before."""
        if self._delivered:
            self.injected["late events"] += 1
            self._pocket.slack.sockets.deliver("events_api", self._chance.choice(self._delivered))
        for session, frame in self._frames("MESSAGE_CREATE"):
            self.injected["late events"] += 1
            session.tell(frame["t"], orjson.dumps(frame["d"]))

    async def _mutilated(self) -> None:
        """Something comes that lacks what it needs, or is nothing at all."""
        self.injected["mutilated payloads"] += 1
        if self._chance.random() < 0.3:
            self._pocket.discord.gateway.send_raw(self._chance.choice(_NONSENSE))
            self._pocket.slack.send_raw({"type": "events_api", "envelope_id": "x", "payload": {}})
            return
        if self._delivered:
            event = self._chance.choice(self._delivered)["event"]
            self._pocket.slack.send_event(self._broken(event, _REQUIRED.get(event["type"], ("type",))))
        kind = self._chance.choice([each for each in _REQUIRED if each.isupper()])
        for session, frame in self._frames(kind):
            session.tell(kind, orjson.dumps(self._broken(frame["d"], _REQUIRED[kind])))

    def _broken(self, data: Mapping[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
        broken, name = deepcopy(dict(data)), self._chance.choice(required)
        if self._chance.random() < 0.4:
            broken.pop(name, None)
        else:
            broken[name] = self._chance.choice([None, [], {}, [None]])
        return broken

    def _frames(self, name: str) -> list[tuple[Any, dict[str, Any]]]:
        """A frame that each of Discord's sessions was sent of late, where there is one."""
        found = []
        for session in self._pocket.discord.gateway.sessions.values():
            late = [orjson.loads(frame) for _, frame in [*session.missed][-200:]]
            fitting = [each for each in late if each["t"] == name]
            if fitting:
                found.append((session, self._chance.choice(fitting)))
        return found

    def _remember(self) -> None:
        sockets = self._pocket.slack.sockets
        deliver = sockets.deliver

        def noted(kind: Any, payload: Any) -> Any:
            if kind == "events_api" and str(payload["event"].get("type")) in _REQUIRED:
                self._delivered.append(payload)
            return deliver(kind, payload)

        sockets.deliver = noted  # type: ignore[method-assign]  # to tell it again

    # The machine

    async def _clock_step(self) -> None:
        """The time that a bot reads jumps, and jumps back after a while."""
        bot = self._chance.choice(self._bots)
        self.injected["clock steps"] += 1
        bot.step_clock(self._chance.choice(_STEPS))
        await asyncio.sleep(self._chance.uniform(1, 4))
        bot.step_clock(0.0)
