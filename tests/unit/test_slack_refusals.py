"""Slack's refusals: what another try may mend, and what it does not."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bots.slack.refusals import refusal
from core.errors import PlatformError, PlatformRefusedTokenError, PlatformUnavailableError, RateLimitedError


def refused(status, code="", data=None):
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.example/api/auth.test",
        req_args={},
        data=data or {"ok": False, "error": code},
        headers={"Retry-After": "7"},
        status_code=status,
    )
    return refusal(SlackApiError("refused", response))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (200, "internal_error", PlatformUnavailableError),
        (200, "service_unavailable", PlatformUnavailableError),
        (503, "", PlatformUnavailableError),
        (200, "invalid_auth", PlatformRefusedTokenError),
        (429, "ratelimited", RateLimitedError),
        (200, "invalid_blocks", PlatformError),
    ],
)
def test_slack_being_out_of_order_is_told_apart_from_what_it_does_not_accept(status, code, error):
    assert type(refused(status, code)) is error


def test_an_answer_that_is_none_of_slacks_is_one_of_something_before_it():
    page = SlackApiError("Unexpectedly failed to read the response body", object())

    assert type(refusal(page)) is PlatformUnavailableError


@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_page_in_place_of_slacks_answer_is_one_of_something_before_it(status):
    error = refused(status, data="<html>Not Found</html>")

    assert type(error) is PlatformUnavailableError
    assert "SLACK_API_URL" in str(error)
