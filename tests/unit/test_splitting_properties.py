from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.splitting import Splitter, join, split
from tests.unit.splitting_judge import difference, reading, said_by
from tests.unit.splitting_texts import document

# The same examples every time: what fails here fails for everyone. A seed cannot be made simpler.
bounded = settings(deadline=None, derandomize=True, max_examples=25, phases=[Phase.generate])

seeds = st.integers(0, 2**32)
limits = st.sampled_from([300, 400, 600, 1000])
measures = st.sampled_from(
    [len, lambda text: len(text.encode("utf-16-le")) // 2, lambda text: len(text) + text.count("<")]
)

SIGNS = [
    *"ab \n\t`*_~[]()<>|#-+=!\\&;:.12", "```", "~~~", "\n\n", "\n> ", "\n- ", "\n1. ", "\n  ", "\n    ", "https://x.y/",
    "**", "](", "\n|--|", "\u2028", "👩‍👩‍👧", "🇩🇪", "e\u0301", "\u200d", "漢字", "word ", "word. ", "\r\n", "\r",
    "x" * 40,
]  # fmt: skip
CHARACTERS = ["a", "漢", "👩‍👩‍👧", "👍🏽", "🇩🇪", "e\u0301\u0323", "각", "1️⃣", "क्षि"]


def noise(seed: int) -> str:
    """Up to some 1,500 characters of signs that mean something in Markdown, in no order."""
    random = Random(seed)
    signs = random.sample(SIGNS, random.randint(1, len(SIGNS)))
    return "".join(random.choices(signs, k=random.randint(0, 700)))


def fed(text: str, limit: int, sizes: Random) -> Iterator[Splitter]:
    """A splitter after each of the pieces in which it is fed `text`, and when that is finished."""
    splitter = Splitter(limit)
    at = 0
    while at < len(text):
        size = sizes.randint(1, 80)
        splitter.feed(text[at : at + size])
        at += size
        yield splitter
    splitter.finish()
    yield splitter


def after(splitter: Splitter, text: str) -> str:
    """The characters that people see once `text` has come."""
    splitter.feed(text)
    return "".join(each.sign for each in said_by(splitter.parts))


@bounded
@given(seeds, limits)
def test_the_parts_of_a_reply_say_what_it_says(seed: int, limit: int):
    text = document(Random(seed), blocks=6)

    parts = split(text, limit)

    assert difference(text, parts) == ""


@bounded
@given(seeds, limits)
def test_however_a_reply_arrives_it_is_cut_at_the_same_places_and_what_is_cut_off_stays(seed: int, limit: int):
    text = document(Random(seed), blocks=6)
    whole = split(text, limit)

    steps = [splitter.parts for splitter in fed(text, limit, Random(seed))]

    assert steps[-1] == whole
    for parts in steps:
        assert parts[:-1] == whole[: len(parts) - 1] or not parts
        assert all(len(part) <= limit for part in parts)


@pytest.mark.long
@settings(bounded, max_examples=5)
@given(seeds, limits)
def test_what_people_see_of_a_growing_reply_only_grows(seed: int, limit: int):
    text = document(Random(seed), blocks=2)
    splitter = Splitter(limit)

    seen = [after(splitter, character) for character in text]

    whole = "".join(each.sign for each in reading(text))
    assert all(whole.startswith(each) for each in seen)


@bounded
@given(seeds, st.integers(100, 300), measures)
def test_any_text_is_cut_within_the_limit_and_nothing_is_lost(seed: int, limit: int, measure: Callable[[str], int]):
    text = noise(seed)
    splitter = Splitter(limit, measure)
    splitter.feed(text)
    splitter.finish()

    pieces = splitter.pieces

    assert join(pieces) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert all(measure(piece.text) <= limit for piece in pieces)
    assert all(piece.text for piece in pieces[:-1])


@bounded
@given(seeds, st.integers(100, 300))
def test_any_text_is_cut_the_same_however_it_arrives(seed: int, limit: int):
    text = noise(seed)
    whole = split(text, limit)

    steps = [splitter.parts for splitter in fed(text, limit, Random(seed))]

    assert steps[-1] == whole
    assert all(parts[:-1] == whole[: len(parts) - 1] for parts in steps if parts)


@bounded
@given(seeds, st.integers(100, 150))
def test_no_character_is_torn(seed: int, limit: int):
    text = Random(seed).choices(CHARACTERS, k=150)
    splitter = Splitter(limit)
    splitter.feed("".join(text))
    splitter.finish()

    cuts = {len(join(splitter.pieces[:index])) for index in range(len(splitter.pieces) + 1)}

    assert cuts <= {len("".join(text[:index])) for index in range(len(text) + 1)}
