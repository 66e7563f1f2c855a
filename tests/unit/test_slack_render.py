"""Replies as Slack shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack.render import escape, length, render, without_live_mentions


@pytest.mark.parametrize(
    "ringing", ["<!channel>", "<!here|here>", "<!everyone>", "<@U123>", "<@W9|zoe>", "<!subteam^S1>", "<#C1|general>"]
)
def test_a_mention_that_the_model_invents_does_not_ring(ringing):
    rendered = render(f"Hello {ringing}!")

    assert ringing not in rendered["text"]
    assert ringing not in rendered["blocks"][0]["text"]


@pytest.mark.parametrize("code", ["<!DOCTYPE html>", "a < b", "Vec<T>", "<@media>", "x <!-- y -->"])
def test_code_stays_as_it_is(code):
    assert without_live_mentions(code) == code


@given(st.text())
def test_the_length_is_that_of_the_escaped_text(text):
    assert length(text) == len(escape(text))
