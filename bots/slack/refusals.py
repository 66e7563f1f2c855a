"""Slack's refusals as our own errors."""

from collections.abc import Awaitable
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from core.errors import (
    MessageGoneError,
    MessageTooLongError,
    PlaceGoneError,
    PlatformError,
    PlatformRefusedTokenError,
    PlatformUnavailableError,
    RateLimitedError,
    StreamRefusedError,
)
from core.watching import COUNTED

BOT_TOKEN: Final = "SLACK_BOT_TOKEN (xoxb-…)"  # noqa: S105 - the name of a setting
APP_TOKEN: Final = "SLACK_APP_TOKEN (xapp-…)"  # noqa: S105 - the same
_NOT_FOUND, _SERVERS_FAULT = 404, 500
_OUT_OF_ORDER: Final = "Slack is out of order ({code})."
_RATE_LIMITED: Final = frozenset({"ratelimited", "rate_limited"})
_REFUSALS: Final[tuple[tuple[frozenset[str], type[PlatformError], str], ...]] = (
    (
        frozenset(
            {
                "message_not_found",
                "thread_not_found",
                "cant_update_message",
                "edit_window_closed",
            }
        ),
        MessageGoneError,
        "Slack no longer lets the assistant write there ({code}).",
    ),
    (
        frozenset({"channel_not_found", "is_archived", "not_in_channel", "restricted_action"}),
        PlaceGoneError,
        "Slack no longer lets the assistant write there ({code}).",
    ),
    (
        frozenset(
            {
                "message_not_in_streaming_state",
                "stopped_by_user",
                "streaming_state_conflict",
                "channel_type_not_supported",
                "method_not_supported_for_channel_type",
                "missing_recipient_user_id",
                "missing_recipient_team_id",
                "team_not_found",
                "user_not_found",
                "unknown_method",
            }
        ),
        StreamRefusedError,
        "Slack does not stream this message ({code}).",
    ),
    (
        frozenset({"msg_too_long", "msg_blocks_too_long"}),
        MessageTooLongError,
        "Slack finds the message too long ({code}).",
    ),
    (
        frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"}),
        PlatformUnavailableError,
        _OUT_OF_ORDER,
    ),
    (
        frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
        | {"not_allowed_token_type"},
        PlatformRefusedTokenError,
        ("Slack does not accept the token ({code}). Check {token}, or install the app into the workspace again."),
    ),
)


def refusal(error: SlackApiError, token: str = BOT_TOKEN) -> PlatformError:
    """Slack's refusal as our own error; `token` is the setting of the one that the call was made with."""
    response = error.response
    if not isinstance(response, AsyncSlackResponse) or not isinstance(response.data, dict):
        # A page of something that stands before Slack, or in its place.
        return PlatformUnavailableError(
            "Slack gave an answer that cannot be read. Look whether a proxy stands between, and check SLACK_API_URL if "
            "you set it."
        )
    code = str(response.get("error") or response.status_code)
    if code in _RATE_LIMITED:
        COUNTED.refused["slack", response.api_url.rpartition("/")[2]] += 1
        return RateLimitedError(float(response.headers.get("Retry-After") or 1))
    for codes, kind, sentence in _REFUSALS:
        if code in codes:
            return kind(sentence.format(code=code, token=token))
    if response.status_code >= _SERVERS_FAULT:
        return PlatformUnavailableError(_OUT_OF_ORDER.format(code=code))
    if response.status_code == _NOT_FOUND:
        return StreamRefusedError(f"Slack does not know this call ({code}).")
    needed = response.get("needed") or "that `plaudit doctor` names"
    more = f"; add the scope {needed} and install the app again" if code == "missing_scope" else ""
    return PlatformError(f"Slack refused the call ({code}{more}).")


async def asking(call: Awaitable[Any]) -> Any:
    """The answer to a call. Raises Slack's refusal, or that it cannot be reached, as a PlatformError."""
    try:
        return await call
    except SlackApiError as error:
        raise refusal(error) from error
    except SlackClientError as error:
        raise PlatformError("Slack did not do what it was asked for.") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PlatformUnavailableError("Slack cannot be reached right now.") from error


def code_of(error: PlatformError) -> str:
    """Slack's own word for a refusal; empty where it was none."""
    cause = error.__cause__
    if not isinstance(cause, SlackApiError) or not isinstance(cause.response, AsyncSlackResponse):
        return ""
    return str(cause.response.get("error") or "")
