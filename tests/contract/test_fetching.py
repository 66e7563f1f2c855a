"""Files are fetched from the platform's own servers, in bounded bytes, and what is no file is not taken for one."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bots.fetching import fetched, origin_of
from bots.pocket.attached import SharedFile
from bots.pocket.server import Pocket
from bots.slack.sharing import fetched_from_slack
from core.errors import PlatformError
from core.messages import Attached


@pytest.fixture
async def pocket() -> AsyncIterator[Pocket]:
    async with Pocket() as made:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def attached(pocket: Pocket, content: bytes = b"hello", **more) -> Attached:
    file = SharedFile("notes.txt", content, **more)
    await pocket.person("Ada").says("look", pocket.room("general", on="slack"), files=[file])
    return Attached(file.name, file.media_type, file.size, file.at(pocket.slack.workspace.files_at))


def client(pocket: Pocket, session: aiohttp.ClientSession, token: str) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=pocket.slack.base_url, session=session)


async def test_slack_hands_out_a_file_to_the_bots_token(pocket, session):
    file = await attached(pocket)

    assert await fetched_from_slack(client(pocket, session, pocket.slack.bot_token), file, 5) == b"hello"


async def test_slacks_page_for_logging_in_is_not_the_file(pocket, session):
    file = await attached(pocket)

    with pytest.raises(PlatformError, match="files:read"):
        await fetched_from_slack(client(pocket, session, "xoxb-other"), file, 1_000)


async def test_no_byte_more_than_the_limit_is_kept(pocket, session):
    file = await attached(pocket)

    with pytest.raises(PlatformError, match="longer than 4 bytes"):
        await fetched_from_slack(client(pocket, session, pocket.slack.bot_token), file, 4)


async def test_a_redirect_is_not_followed(pocket, session):
    file = await attached(pocket, status=302)

    with pytest.raises(PlatformError, match="HTTP status 302"):
        await fetched_from_slack(client(pocket, session, pocket.slack.bot_token), file, 100)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://files.slack.com/x",
        "https://files.slack.com.example.org/x",
        "https://files.slack.com@example.org/x",
        "https://files.slack.com:8443/x",
        "https://example.org/https://files.slack.com/x",
        "file:///etc/passwd",
        "https://[::1/x",
        "https://files.slack.com:port/x",
    ],
)
async def test_other_servers_are_not_asked(session, address):
    with pytest.raises(PlatformError, match="own servers"):
        await fetched(session, address, origins=("https://files.slack.com", ""), headers={}, limit=10)


def test_an_origin_is_written_in_one_way():
    assert origin_of("https://Files.Slack.com:443/a/b?c#d") == "https://files.slack.com"
    assert origin_of("http://127.0.0.1:8080/x") == "http://127.0.0.1:8080"
