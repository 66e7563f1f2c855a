"""The digest and the alert, posted on both platforms over pocket: with a chart, when they are due, once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from bots.discord.reading import permalink as discord_link
from bots.pocket.discord_rules import DiscordRules
from bots.pocket.server import Pocket
from bots.pocket.slack import Fault
from bots.pocket.slack_rules import SlackRules
from bots.pocket.slack_workspace import TEAM_ID, channel_id
from bots.running import running
from bots.speaking import speaking
from core.errors import SettingsError
from core.messages import MessageRef, PlaceRef
from core.policy import telling as keys
from core.policy.cron import Cron
from core.ports import ChatPlatform
from core.store.database import open_store
from core.store.sql import SqlStore
from core.telling.teller import ALERT, DIGEST, Teller
from tests.contract.store_stories import DISLIKE, LIKE, START, commented, replied, said, started, voted
from tests.scenarios.conftest import bot_settings
from tests.scenarios.test_keeping import in_store, plaudit

DAY = 86_400
NINE = START + timedelta(days=60, hours=9)
PNG = b"\x89PNG"


@dataclass(slots=True)
class Clock:
    """The time that a test says."""

    at: datetime = NINE

    def now(self):
        return self.at

    def monotonic(self):
        return self.at.timestamp()


@dataclass(slots=True)
class Plans:
    """What a test wants to be told."""

    digest: keys.Digest
    alert: keys.Alert


# Built without the words of the file.


def daily(place, **more):
    return keys.Digest.model_construct(to=(place,), at=Cron.parse("0 9 * * *"), **more)


def hourly(**more):
    return keys.Alert.model_construct(**{"every": timedelta(hours=1), **more})


SILENT = keys.Alert.model_construct(every=None)


def story(place: PlaceRef, shown: MessageRef | None = None, *, falls_on: int = 53, days: int = 60):
    """Twelve people whose liking falls on a day; the last reply shows where `shown` says."""
    records = [started("c1", place=place)]
    for day in range(days):
        reply, at = f"m{day}", day * DAY + 3600
        parts = [shown.key] if shown and day == days - 1 else []
        model = {"id": "org/a", "metadata": {}}
        records += [said(f"q{day}", at - 9), replied(reply, at, model=model, question_id=f"q{day}", parts=parts)]
        for who in range(12):
            likes = (who + day) % 8 > 0 if day < falls_on else who < 2
            records.append(voted(reply, f"slack:T1:U{who}", LIKE if likes else DISLIKE, at + 60 + who))
    return records


@dataclass(slots=True)
class Stage:
    """A pocket, a store with a story in it, and a platform to post on."""

    pocket: Pocket
    store: SqlStore
    platform: ChatPlatform
    place: PlaceRef
    stack: AsyncExitStack
    clock: Clock = field(default_factory=Clock)

    async def teller(self, plans: Plans) -> Teller:
        leases = await self.stack.enter_async_context(self.store.leases())
        return Teller(self.store, leases, {self.platform.name: self.platform}, plans, self.clock)

    @property
    def posts(self):
        room = self.pocket.room("general", on=self.platform.name)
        return [each for each in room.messages if each.author.is_bot]

    def file(self, message) -> bytes:
        if self.platform.name == "discord":
            return self.pocket.discord.upload(message, message.wire["attachments"][0]["filename"])
        return self.pocket.slack.files.files[message.wire["files"][0]["id"]].content

    def forbid_files(self) -> None:
        if self.platform.name == "discord":
            self.pocket.discord.deny(self.pocket.room("general", on="discord"), "attach_files")
        else:
            self.pocket.slack.fail("files.getUploadURLExternal", Fault("missing_scope"))

    def fail(self) -> None:
        if self.platform.name == "discord":
            self.pocket.discord.fail("post", status=503)
        else:
            self.pocket.slack.fail("chat.postMessage", Fault("internal_error", status=500))


@asynccontextmanager
async def staged(platform, url, clock=None) -> AsyncIterator[Stage]:
    clock = clock or Clock()
    async with AsyncExitStack() as stack:
        pocket = await stack.enter_async_context(Pocket(slack=SlackRules.unlimited(), discord=DiscordRules.unlimited()))
        store = await stack.enter_async_context(open_store(url, clock=clock))
        speaker = await stack.enter_async_context(speaking(bot_settings(pocket, url), platform))
        yield Stage(pocket, store, speaker, place_of(pocket, platform), stack, clock)


def place_of(pocket, platform):
    room = pocket.room("general", on=platform)
    if platform == "slack":
        return PlaceRef("slack", TEAM_ID, channel_id(room))
    return PlaceRef("discord", str(pocket.discord.world.guild_id), str(pocket.discord.id(room)))


@pytest.fixture
async def stage(platform, database_url):
    async with staged(platform, database_url) as made:
        yield made


async def no_chart(_):
    """As where the extra is not installed."""


@pytest.fixture
def undrawn(monkeypatch):
    """Charts that cost nothing."""

    async def chart(_):
        return PNG

    monkeypatch.setattr("core.telling.teller.drawn", chart)


async def test_a_digest_is_posted_with_its_chart_and_links(platform, sqlite_url, request):
    if platform == "slack":
        request.getfixturevalue("undrawn")  # once is enough
    async with staged(platform, sqlite_url) as stage:
        room = stage.pocket.room("general", on=platform)
        disliked = await stage.pocket.person("Ada").says("as it were the reply", room)
        shown = wire_id(stage.pocket, disliked)
        address = MessageRef(platform, stage.place.workspace, stage.place.channel, shown)
        await stage.store.append(*story(stage.place, address))
        teller = await stage.teller(Plans(daily(stage.place), SILENT))

        await teller.tell()

        [post] = stage.posts
        assert "→ 17%, *worse*" in post.text.replace("**", "*")
        assert stage.file(post).startswith(PNG)
        assert "The positive rate day by day" in str(post.wire)
        link = f"pocket.slack.com/archives/{stage.place.channel}/p{disliked.id}"
        assert (link if platform == "slack" else f"/{stage.place.channel}/{shown}") in str(post.wire)


@pytest.mark.usefixtures("undrawn")
async def test_a_digest_is_posted_once_and_again_when_it_is_due_again(stage):
    await stage.store.append(*story(stage.place))
    plans = Plans(daily(stage.place), SILENT)
    tellers = [await stage.teller(plans) for _ in range(2)]
    stage.clock.at = NINE - timedelta(minutes=1)

    await tellers[0].tell()
    before = len(stage.posts)
    for minutes in (1, 2, 200):
        stage.clock.at = NINE + timedelta(minutes=minutes)
        await asyncio.gather(*(each.tell() for each in tellers))
    once = len(stage.posts)
    restarted = await stage.teller(plans)
    await restarted.tell()
    after_restart = len(stage.posts)
    stage.clock.at = NINE + timedelta(days=1, seconds=1)
    await asyncio.gather(*(each.tell() for each in (*tellers, restarted)))

    # The first one was due the day before, more than six hours ago.
    assert (before, once, after_restart, len(stage.posts)) == (0, 1, 1, 2)


@pytest.mark.usefixtures("undrawn")
async def test_where_files_are_forbidden_the_text_comes_alone(platform, sqlite_url):
    async with staged(platform, sqlite_url) as stage:
        await stage.store.append(*story(stage.place))
        stage.forbid_files()

        await (await stage.teller(Plans(daily(stage.place), SILENT))).tell()

        [post] = stage.posts
        assert "positive rate" in post.text
        assert "files" not in post.wire
        assert not post.wire.get("attachments")


async def test_what_could_not_be_posted_is_posted_later(platform, sqlite_url, monkeypatch):
    async with staged(platform, sqlite_url) as stage:
        await stage.store.append(*story(stage.place, falls_on=99))
        monkeypatch.setattr("core.telling.teller.drawn", no_chart)
        monkeypatch.setattr("core.telling.teller._AGAIN", 0.0)
        teller = await stage.teller(Plans(daily(stage.place), SILENT))
        stage.fail()

        await teller.tell()
        failed = len(stage.posts)
        await teller.tell()

        assert (failed, len(stage.posts)) == (0, 1)


async def test_a_fall_is_told_once_and_the_next_one_too(stage):
    await stage.store.append(*story(stage.place))
    plans = Plans(daily(stage.place, worst=1).model_copy(update={"at": None}), hourly())
    tellers = [await stage.teller(plans) for _ in range(2)]

    await asyncio.gather(*(each.tell() for each in tellers))
    first = [each.text for each in stage.posts]
    for hours in range(1, 4):
        stage.clock.at = NINE + timedelta(hours=hours)
        await tellers[0].leases.prolong(f"{ALERT}:{stage.place.key}", 0)
        await asyncio.gather(*(each.tell() for each in tellers))

    [text] = first
    assert "People like the replies less than they did" in text
    assert "Monday, 23 February 2026" in text
    assert len(stage.posts) == 1
    noted = await stage.store.ledger().latest(ALERT, stage.place.key)
    assert noted.options == {"since": "2026-02-23"}


async def test_where_nothing_falls_nothing_is_told(platform, sqlite_url):
    async with staged(platform, sqlite_url) as stage:
        await stage.store.append(*story(stage.place, falls_on=99))

        await (await stage.teller(Plans(keys.Digest(), hourly(to=(stage.place,))))).tell()

        assert stage.posts == []


@pytest.mark.usefixtures("undrawn")
async def test_who_is_erased_makes_a_digest_stale_that_quotes_them(sqlite_url):
    async with staged("slack", sqlite_url) as stage:
        last = MessageRef("slack", "T1", "C1", "9.0")
        await stage.store.append(*story(stage.place, last), commented("m59", "slack:T1:U5", "No!", 60 * DAY))
        other = replace(stage.place, channel="C0THER")
        plans = Plans(daily(stage.place, quotes=True), SILENT)
        teller = await stage.teller(plans)

        await teller.tell()
        quiet = keys.Digest.model_construct(to=(other,), at=plans.digest.at)
        plans.digest = quiet
        await teller.tell()

        quoting = await stage.store.ledger().latest(DIGEST, stage.place.key)
        assert "said `No!`" in stage.posts[0].text
        assert quoting.seq_from < quoting.seq_to


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.usefixtures("command")
def test_the_digest_is_printed_as_it_would_be_posted():
    in_store(lambda store: store.append(*story(PlaceRef("slack", "T1", "C1"))))
    Path("plaudit.toml").write_text('[digest]\nto = ["slack:T1:C1"]\nzone = "Europe/Berlin"\n', encoding="utf-8")
    until = ("--until", "2026-03-02T09:00:00Z")

    shown = " ".join(plaudit("digest", "--now", "--dry-run", *until, "--chart", "days.png").split())
    told = orjson.loads(plaudit("digest", *until, "--json"))

    assert "Monday, 02 March 2026, 10:00 (Europe/Berlin)" in shown
    assert "→ 17%, worse by" in shown
    assert Path("days.png").read_bytes().startswith(PNG)
    assert told["positive"]["direction"] == "worse"
    assert told["report"]["total_traces"] == 6
    assert "People like the replies less than they did." in shown
    assert told["fall"]["since"] == "2026-02-23"


@pytest.mark.usefixtures("command")
def test_there_has_to_be_a_channel_to_post_in():
    in_store(lambda store: store.append(started("c1")))

    with pytest.raises(SettingsError, match="name a channel"):
        plaudit("digest", "--now")
    with pytest.raises(SettingsError, match=r"an \.svg or a \.png"):
        plaudit("digest", "--chart", "days.gif")
    with pytest.raises(SettingsError, match="print it with --dry-run"):
        plaudit("digest", "--now", "--until", "2026-03-02")


@pytest.mark.usefixtures("undrawn")
async def test_the_running_bot_tells_by_itself_and_two_of_them_tell_once(postgres_url, tmp_path, monkeypatch):
    monkeypatch.setattr("bots.running._LOOK_AGAIN", 1.0)
    async with Pocket(slack=SlackRules.unlimited()) as pocket, AsyncExitStack() as stack:
        place = place_of(pocket, "slack")
        minute = datetime.now(UTC) - timedelta(minutes=1)
        config = tmp_path / "plaudit.toml"
        config.write_text(
            f'[digest]\nto = ["{place.key.rstrip(":")}"]\nat = "{minute:%M %H} * * *"\n', encoding="utf-8"
        )
        settings = bot_settings(pocket, postgres_url, config=str(config))
        looks = Counter()
        tell = Teller.tell

        async def counted(self):
            await tell(self)
            looks[id(self)] += bool(self.told)
            pocket.house.stir()

        monkeypatch.setattr(Teller, "tell", counted)

        for _ in range(2):
            await stack.enter_async_context(running(settings, ["slack"]))
        await pocket.until(lambda: len(looks) == 2 and min(looks.values()) >= 2, timeout=60)

        posts = [each for each in pocket.room("general", on="slack").messages if each.author.is_bot]
        assert len(posts) == 1
        assert "How people liked the replies" in posts[0].text


@pytest.mark.usefixtures("command", "undrawn")
async def test_a_digest_is_posted_by_hand_and_the_worst_replies_are_linked(platform, tmp_path, monkeypatch):
    async with staged(platform, "sqlite:///plaudit.db") as stage:
        reply = await stage.pocket.person("Ada").says("as it were the reply", stage.pocket.room("general", on=platform))
        address = MessageRef(platform, stage.place.workspace, stage.place.channel, wire_id(stage.pocket, reply))
        await stage.store.append(*story(stage.place, address))
        (tmp_path / "plaudit.toml").write_text(f'[digest]\nto = ["{stage.place.key.rstrip(":")}"]\n', encoding="utf-8")
        monkeypatch.setenv("SLACK_BOT_TOKEN", stage.pocket.slack.bot_token)
        monkeypatch.setenv("SLACK_API_URL", stage.pocket.slack.base_url)
        monkeypatch.setenv("DISCORD_TOKEN", stage.pocket.discord.token)
        monkeypatch.setenv("DISCORD_API_URL", stage.pocket.discord.base_url)

        said_so = await asyncio.to_thread(plaudit, "digest", "--now")
        worst = await asyncio.to_thread(plaudit, "report", "--since", "2026-01-01", "--worst", "1", "--json")

        assert f"Posted in {stage.place.key.rstrip(':')}" in said_so
        assert "How people liked the replies" in stage.posts[0].text
        link = f"https://pocket.slack.com/archives/{stage.place.channel}/p{reply.id}"
        assert orjson.loads(worst)[0]["link"] in (link, discord_link(address))


def wire_id(pocket, message):
    if message.room.platform == "slack":
        return f"{message.id // 1_000_000}.{message.id % 1_000_000:06d}"
    return str(pocket.discord.id(message))
