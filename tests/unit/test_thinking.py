"""What a model thinks aloud is parted from what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.thinking import ThoughtFilter


def part(chunks: list[str]) -> tuple[str, str]:
    thoughts = ThoughtFilter()
    told = [thoughts.feed(chunk) for chunk in chunks] + [thoughts.finish()]
    return "".join(text for text, _ in told), "".join(thought for _, thought in told)


@pytest.mark.parametrize(
    ("whole", "text", "thought"),
    [
        ("<think>hm</think>\n\nYes.", "Yes.", "hm"),
        ("\n<think>\nhm\n</think>Yes.", "Yes.", "\nhm\n"),
        ("Yes, <think> is a tag.", "Yes, <think> is a tag.", ""),
        ("<thinking", "<thinking", ""),
        ("<think>never ends", "", "never ends"),
        ("<think>a < b </thin k></think>c", "c", "a < b </thin k>"),
        ("<think></think>", "", ""),
        ("<", "<", ""),
        ("  Hello", "  Hello", ""),
        ("", "", ""),
    ],
)
@given(data=st.data())
def test_a_block_at_the_beginning_is_thinking_however_the_stream_is_cut(whole, text, thought, data):
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=6).map(sorted))
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert part(chunks) == (text, thought)


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", "\n", "<", "thi", " "]), max_size=12))
def test_nothing_of_a_reply_is_lost_or_told_twice(chunks):
    whole = "".join(chunks)

    text, thought = part(chunks)

    if not whole.lstrip().startswith("<think>"):
        assert (text, thought) == (whole, "")
    else:
        assert len(text) + len(thought) <= len(whole)
        assert whole.endswith(text)
