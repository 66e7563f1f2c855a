"""One message that shows a part of a reply by the platform's own streaming, and what comes after that."""

import pytest

from core.errors import PlatformError, RateLimitedError, StreamRefusedError
from core.gate import Gates
from core.messages import MessageRef, PersonRef, PlaceRef
from core.ports import Rate, Sent, StreamLimits
from core.showing import EditedMessage, StreamedMessage, Target
from tests.unit.fakes import CLOCK, FakePlatform

REF = MessageRef("fake", "w", "room", "m0")


class FakeStreams(FakePlatform):
    """A platform that streams: what was appended, and whether it was stopped."""

    stream_limits = StreamLimits(appends=Rate(100, 60.0), seconds=240.0)

    def __init__(self) -> None:
        super().__init__()
        self.shown["m0"] = ["Hel"]
        self.stopped = False

    def can_stream_in(self, place: PlaceRef, asker: PersonRef) -> bool:
        return True

    def append_bucket(self, place: PlaceRef) -> str:
        return "appends"

    def harmless(self, text: str) -> str:
        return text

    async def start_stream(self, place: PlaceRef, text: str, *, asker: PersonRef, nonce: str) -> Sent:
        return Sent(REF)

    async def append(self, message: MessageRef, text: str) -> Sent:
        await self._meet_fault()
        self.shown[message.id].append(self.shown[message.id][-1] + text)
        return Sent(message)

    async def stop_stream(self, message: MessageRef, text: str) -> Sent:
        await self._meet_fault()
        self.stopped = True
        return await self.append(message, text) if text else Sent(message)


def growing(text: str) -> Target:
    return Target(text, text, is_done=False)


def done(text: str, source: str | None = None) -> Target:
    return Target(text, source or text, is_done=True)


@pytest.fixture
def platform():
    return FakeStreams()


@pytest.fixture
def streamed(platform):
    gates = Gates(CLOCK)
    pair = (gates.of("appends", Rate(100, 60.0)), gates.of("edits", Rate(50, 60.0)))
    return StreamedMessage(platform, platform, REF, pair, "Hel")


async def catch_up(showing, target, now=0.0):
    """The next call, and how the part is shown after it."""
    try:
        await showing.catch_up(target, now)
    except PlatformError as error:
        return showing.after(error)
    return showing.after(None)


async def test_only_what_is_new_is_appended_and_the_end_stops_it(platform, streamed):
    assert await catch_up(streamed, growing("Hello")) is streamed
    after = await catch_up(streamed, done("Hello you."))

    assert platform.shown["m0"] == ["Hel", "Hello", "Hello you."]
    assert platform.stopped
    assert not after.is_behind(done("Hello you."))


async def test_before_the_platform_ends_a_stream_it_is_stopped_and_goes_on_by_edits(platform, streamed):
    await catch_up(streamed, growing("Hello"), now=1000.0)
    after = await catch_up(streamed, growing("Hello you"), now=1000.0 + 241.0)

    assert platform.stopped
    assert isinstance(after, EditedMessage)
    assert not after.is_behind(growing("Hello you"))
    await catch_up(after, growing("Hello you there"))
    assert platform.shown["m0"][-1] == "Hello you there"


async def test_a_part_that_is_cut_before_its_end_is_stopped_and_corrected(platform, streamed):
    await catch_up(streamed, growing("Hello you"))
    after = await catch_up(streamed, done("Hello", source="Hello"))

    assert platform.stopped
    assert after.is_behind(done("Hello"))
    await catch_up(after, done("Hello"))
    assert platform.shown["m0"][-1] == "Hello"


async def test_a_refusal_for_the_rate_changes_nothing(platform, streamed):
    platform.faults = [RateLimitedError(1.0)]

    assert await catch_up(streamed, growing("Hello")) is streamed
    await catch_up(streamed, growing("Hello you"))

    assert platform.shown["m0"] == ["Hel", "Hello you"]


@pytest.mark.parametrize("error", [StreamRefusedError("ended"), PlatformError("the connection broke")])
async def test_after_a_failed_call_it_is_stopped_and_shown_whole_by_an_edit(platform, streamed, error):
    platform.faults = [error, error]

    showing = await catch_up(streamed, growing("Hello"))
    showing = await catch_up(showing, growing("Hello"))
    assert showing.is_behind(growing("Hello"))
    await catch_up(showing, growing("Hello"))

    assert platform.shown["m0"][-1] == "Hello"


async def test_an_edit_that_is_refused_because_the_stream_still_runs_stops_it_first(platform, streamed):
    platform.faults = [PlatformError("broke"), PlatformError("broke"), StreamRefusedError("still streaming")]

    showing = streamed
    for _ in range(5):
        showing = await catch_up(showing, done("Hello."))

    assert platform.stopped
    assert platform.shown["m0"][-1] == "Hello."
