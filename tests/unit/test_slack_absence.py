"""When a lost connection to Slack is a reason to look back."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from bots.slack.absence import watch
from tests.unit.fakes import until

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Line:
    """A connection, and the minutes that pass each time someone asks whether it is there."""

    def __init__(self, *states):
        self.states = list(states)
        self.time = NOW

    def now(self):
        return self.time

    async def is_connected(self):
        if not self.states:
            await asyncio.Event().wait()
        minutes, is_there = self.states.pop(0)
        self.time += timedelta(minutes=minutes)
        return is_there


async def missed_on(line):
    found = []
    watching = asyncio.create_task(watch(line.is_connected, found.append, line, every=0.0))
    await until(lambda: not line.states)
    await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return found


async def test_what_slack_delivers_again_is_not_looked_for():
    line = Line((0.1, True), (0.3, False), (0.3, True))

    assert await missed_on(line) == []


async def test_after_a_long_absence_it_is_said_when_it_began():
    line = Line((0.5, True), (5, False), (1, True), (0.5, True), (0, False), (0, True), (2, True))

    assert await missed_on(line) == [NOW + timedelta(minutes=0.5), NOW + timedelta(minutes=7)]


async def test_an_absence_is_told_when_it_begins_and_when_it_ends(caplog):
    caplog.set_level(logging.INFO)

    await missed_on(Line((0, False), (0.1, True), (0.1, False), (0.1, False), (0.1, True), (0.1, True)))

    assert caplog.messages == ["connection_lost", "reconnected"]
    assert caplog.records[-1].seconds == 18.0


async def test_one_that_never_comes_is_told_too(caplog):
    await missed_on(Line(*[(0.1, False)] * 5))

    assert caplog.messages == ["connection_lost"]
