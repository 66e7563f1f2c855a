"""Is all as it should be on Slack's side? The tokens, the scopes, Socket Mode, the clock."""

from datetime import UTC, datetime

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots import findings
from bots.findings import Finding, bad, good, odd
from bots.slack.manifest import APP_SCOPE, PATH, SCOPES
from bots.slack.refusals import asking, code_of
from core.errors import PlatformError, PlatformUnavailableError

_REINSTALL = "Paste what `plaudit manifest slack` prints under App Manifest, save, and install the app again."

_OVER_HTTP = good(
    "Slack over HTTP",
    f"SLACK_SIGNING_SECRET is set; run `plaudit run slack web`, and let https://HOST{PATH} lead to it (Slack tries it "
    "when the address is saved)",
)


async def check(bot_token: str, app_token: str, api_url: str) -> list[Finding]:
    """What there is to say of an app with these tokens; without `app_token` it is HTTP mode. Nothing is posted."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=bot_token, base_url=api_url.rstrip("/") + "/", session=session, retry_handlers=[])
        return [*await _bot(client), await _socket_mode(client, app_token) if app_token else _OVER_HTTP]


async def _bot(client: AsyncWebClient) -> list[Finding]:
    try:
        me = await asking(client.auth_test())
    except PlatformError as error:
        return [bad("Slack's bot token", str(error))]
    headers = {name.lower(): value for name, value in me.headers.items()}
    named = f"{me.get('user', 'the bot')} in {me.get('team', 'the workspace')}"
    return [
        good("Slack's bot token", named),
        _scopes(headers.get("x-oauth-scopes")),
        findings.clock("the clock beside Slack's", headers.get("date"), datetime.now(UTC)),
    ]


def _scopes(granted: str | None) -> Finding:
    what = "Slack's scopes"
    if granted is None:
        return odd(what, "Slack does not say which are granted", "See docs/slack.md, the table at its end.")
    have = {each.strip() for each in granted.split(",")}
    missing = [f"{name} ({purpose})" for name, purpose in SCOPES.items() if name not in have]
    if missing:
        return bad(what, f"missing: {', '.join(missing)}", _REINSTALL)
    more = sorted(have - set(SCOPES))
    if more:
        return odd(what, f"all of them, and more than are needed: {', '.join(more)}", _REINSTALL)
    return good(what, f"all {len(SCOPES)}, and no more")


async def _socket_mode(client: AsyncWebClient, app_token: str) -> Finding:
    what = "Slack's Socket Mode"
    try:
        opened = await asking(client.apps_connections_open(app_token=app_token))
    except PlatformUnavailableError as error:
        return bad(what, str(error), "Check the network, or SLACK_API_URL.")
    except PlatformError as error:
        return bad(
            what,
            f"Slack refuses the app-level token ({code_of(error)})",
            f"Basic Information → App-Level Tokens → Generate, scope {APP_SCOPE}; put it into SLACK_APP_TOKEN "
            "(xapp-…). Socket Mode has to be on.",
        )
    return good(what, "a connection may be opened" if opened.get("url") else "Slack names no address")
