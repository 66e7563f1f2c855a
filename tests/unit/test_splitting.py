import time

import pytest

from core.splitting import Splitter, join, split

WORDS = "The quick brown fox jumps over the lazy dog and runs away."


def paragraph(sentences: int) -> str:
    return " ".join([WORDS] * sentences)


def shown(text: str) -> tuple[str, ...]:
    """What is shown of a text that goes on."""
    splitter = Splitter(2000)
    splitter.feed(text)
    return splitter.parts


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_reply_that_fits_is_one_part():
    text = "# Title\n\nSome *words*.\n"

    parts = split(text, 100)

    assert parts == ("# Title\n\nSome *words*.",)


def test_a_reply_of_exactly_the_limit_is_one_part_whatever_line_ends_follow():
    parts = split("x" * 100 + "\n\n", 100)

    assert parts == ("x" * 100,)


@pytest.mark.parametrize("text", ["", " ", "\n\n", ">\n>\n"])
def test_nothing_to_see_is_no_part(text: str):
    parts = split(text, 100)

    assert parts == ()


def test_a_limit_too_small_to_work_with_is_refused():
    with pytest.raises(ValueError, match="100 characters or more"):
        Splitter(99)


def test_a_finished_reply_takes_no_more_text():
    splitter = Splitter(100)
    splitter.finish()

    with pytest.raises(ValueError, match="is finished"):
        splitter.feed("more")


def test_a_cut_between_paragraphs_is_the_best():
    text = f"{paragraph(2)}\n\n{paragraph(1)}\n\n{paragraph(2)}"

    parts = split(text, 200)

    assert parts == (f"{paragraph(2)}\n\n{paragraph(1)}", paragraph(2))


def test_a_sentence_ends_a_part_if_no_block_does():
    text = paragraph(6)

    parts = split(text, 200)

    assert parts == (paragraph(3), paragraph(3))


def test_an_abbreviation_does_not_end_a_sentence():
    text = "It is well known. " + "Foxes, dogs, e.g. " * 3 + "x" * 50

    parts = split("y" * 60 + ". " + text, 120)

    assert parts[0].endswith("known.")


def test_a_part_ends_at_a_word_if_no_sentence_ends():
    text = "word " * 50

    parts = split(text, 100)

    assert parts[0] == ("word " * 20).strip()


def test_chinese_is_cut_at_its_sentence_ends():
    text = "这是一个很长的句子没有空格。" * 12

    parts = split(text, 100)

    assert parts == ("这是一个很长的句子没有空格。" * 7, "这是一个很长的句子没有空格。" * 5)


def test_an_endless_word_is_cut_where_it_must_be():
    parts = split("x" * 250, 100)

    assert parts == ("x" * 100, "x" * 100, "x" * 50)


def test_a_heading_stays_with_what_it_heads():
    text = f"{paragraph(2)}\n\n## A heading\n\n{paragraph(1)}"

    parts = split(text, 150)

    assert parts == (paragraph(2), f"## A heading\n\n{paragraph(1)}")


def test_a_code_block_is_closed_at_the_cut_and_opened_again_with_its_language():
    lines = [f"print('this is line {number:02}')" for number in range(10)]
    text = "~~~python\n" + "\n".join(lines) + "\n~~~\n"

    parts = split(text, 200)

    assert parts == (
        "~~~python\n" + "\n".join(lines[:7]) + "\n~~~",
        "~~~python\n" + "\n".join(lines[7:]) + "\n~~~",
    )


def test_code_is_cut_at_its_empty_lines_if_it_has_any():
    function = "def function(x):\n    y = x + 1\n    return y * 2\n"
    text = f"```python\n{function}\n{function}\n{function}```\n"

    parts = split(text, 150)

    assert parts == (f"```python\n{function}\n{function}```", f"```python\n{function}```")


def test_a_code_block_that_ends_at_the_cut_leaves_no_empty_block():
    text = "```\n" + "x" * 91 + "\n```\nAnd so on."

    parts = split(text, 100)

    assert "".join(parts).count("```") % 2 == 0
    assert "```\n```" not in "".join(parts)
    assert parts[-1].endswith("And so on.")


def test_a_longer_fence_is_opened_again_as_long():
    text = "````markdown\n" + "```\ncode in code\n```\n" * 8 + "````"

    parts = split(text, 120)

    assert all(part.startswith("````markdown\n") and part.endswith("\n````") for part in parts)


def test_a_code_block_in_a_list_goes_on_in_its_item():
    code = "\n".join(f"   print('this is line {number:02}')" for number in range(8))
    text = f"1. First\n2. Run this:\n   ```python\n{code}\n   ```\n3. Third"

    parts = split(text, 200)

    assert parts[0].startswith("1. First\n2. Run this:\n   ```python\n   print")
    assert parts[0].endswith("\n   ```")
    assert parts[1].startswith("2. …\n   ```python\n   print")
    assert parts[1].endswith("\n   ```\n3. Third")


def test_a_table_is_cut_between_rows_and_its_head_repeated():
    rows = [f"| row {number:02} | value {number:02} |" for number in range(10)]
    text = "\n".join(["| name | value |", "|------|-------|", *rows])

    parts = split(text, 180)

    assert parts == (
        "\n".join(["| name | value |", "|------|-------|", *rows[:6]]),
        "\n".join(["| name | value |", "|------|-------|", *rows[6:]]),
    )


def test_a_table_is_not_cut_from_its_head():
    text = f"{paragraph(2)}\n\n| name | value |\n|------|-------|\n| a | b |"

    parts = split(text, 160)

    assert parts == (paragraph(2), "| name | value |\n|------|-------|\n| a | b |")


def test_the_rest_of_a_row_that_is_too_long_stays_in_its_column():
    text = "> | a | b |\n> |---|---|\n> | one | " + "word " * 30 + "|"

    parts = split(text, 100)

    assert all(part.startswith("> | a | b |\n> |---|---|\n> | | word") for part in parts[1:])


def test_a_table_whose_head_would_fill_every_part_is_not_repeated():
    head = "| " + "name " * 25 + "| value |"
    rows = [f"| row {number:02} | value {number:02} |" for number in range(20)]
    text = "\n".join([head, "|------|-------|", *rows])

    parts = split(text, 200)

    assert parts[0].startswith(head)
    assert parts[1].startswith("| row")


def test_a_list_is_cut_between_its_items():
    items = [f"- {WORDS}" for _ in range(5)]

    parts = split("\n".join(items), 200)

    assert parts == ("\n".join(items[:3]), "\n".join(items[3:]))


def test_an_item_that_is_cut_goes_on_under_its_number():
    text = f"1. {WORDS}\n2. {paragraph(4)}\n3. {WORDS}"

    parts = split(text, 200)

    assert parts == (
        f"1. {WORDS}\n2. {paragraph(2)}",
        f"2. … {paragraph(2)}\n3. {WORDS}",
    )


def test_numbers_that_were_left_to_count_themselves_go_on():
    text = "\n".join(f"1. {WORDS}" for _ in range(5))

    parts = split(text, 200)

    assert parts[1] == f"4. {WORDS}\n1. {WORDS}"


def test_a_nested_item_keeps_its_level():
    text = f"1. First\n   - {WORDS}\n   - {WORDS}\n   - {WORDS}\n2. Second"

    parts = split(text, 150)

    assert parts == (f"1. First\n   - {WORDS}\n   - {WORDS}", f"1. …\n   - {WORDS}\n2. Second")


def test_a_quote_goes_on_as_a_quote():
    text = "> " + paragraph(6)

    parts = split(text, 200)

    assert parts == (f"> {paragraph(3)}", f"> {paragraph(3)}")


def test_a_link_is_not_cut():
    link = "[a link with some words](https://example.com/" + "x" * 40 + ")"
    text = "word " * 10 + link + " word" * 10

    parts = split(text, 100)

    assert any(link in part for part in parts)


def test_code_in_a_line_is_not_cut():
    code = "`" + "some code " * 6 + "`"
    text = "word " * 10 + code + " word" * 10

    parts = split(text, 100)

    assert any(code in part for part in parts)


def test_emphasis_is_not_cut_if_it_need_not_be():
    text = "word " * 10 + "**" + "bold " * 9 + "end** " + "word " * 10

    parts = split(text, 100)

    assert parts[0] == ("word " * 10).strip()
    assert parts[1].startswith("**bold")


def test_emphasis_longer_than_a_part_is_closed_and_opened_again():
    text = "**" + "bold " * 40 + "end**"

    parts = split(text, 110)

    assert all(part.startswith("**bold") and part.endswith(("bold**", "end**")) for part in parts)


def test_a_dash_between_words_does_not_become_a_list():
    text = "word " * 18 + "and - so " * 10

    parts = split(text, 100)

    assert not any(part.startswith("-") for part in parts)


@pytest.mark.parametrize("emoji", ["👨‍👩‍👧‍👦", "👍🏽", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "e\u0301", "각", "क्षि"])
def test_a_character_of_several_code_points_is_not_torn(emoji: str):
    parts = split(emoji * 150, 100, utf16)

    assert "".join(parts) == emoji * 150
    assert all(len(part) % len(emoji) == 0 and utf16(part) <= 100 for part in parts)


def test_the_limit_is_counted_in_the_units_that_are_given():
    parts = split("👍" * 100, 100, utf16)

    assert parts == ("👍" * 50, "👍" * 50)


def test_the_sources_of_the_parts_are_the_text():
    text = f"1. {paragraph(4)}\n\n```\n" + "code\n" * 30 + "```\n\n"
    splitter = Splitter(150)
    splitter.feed(text)
    splitter.finish()

    sources = join(splitter.pieces)

    assert sources == text
    assert splitter.text == text


def test_a_part_that_is_cut_off_stays_as_it_is():
    splitter = Splitter(100)
    splitter.feed(WORDS + "\n\n" + WORDS)
    first = splitter.parts

    splitter.feed(" And a little more text that changes nothing above.")

    assert first == (WORDS, WORDS)
    assert splitter.parts[0] == WORDS


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("some **bold te", "some **bold te**"),
        ("some **bold*", "some **bold**"),
        ("some *", "some"),
        ("run `pip inst", "run `pip inst`"),
        ("run `", "run"),
        ("~~gone", "~~gone~~"),
        ("see [the do", "see the do"),
        ("see [the docs](https://exam", "see the docs"),
        ("see [the docs](https://example.com).", "see [the docs](https://example.com)."),
        ("look ![a fox](https://exam", "look"),
        ("look at https://exam", "look at"),
        ("look at https://example.com now", "look at https://example.com now"),
        ("fish &am", "fish"),
        ("a family 👨\u200d", "a family 👨"),
        ("a flag \U0001f1e9", "a flag"),
        ("Title\n-", "Title"),
        ("Text\n\n#", "Text"),
        ("Text\n\n2", "Text"),
        ("- one\n- ", "- one"),
        ("Text\n- https://exam", "Text"),
        ("Text\n1. ![a fox](https://exam", "Text"),
        ("- one\n- [ ", "- one"),
        ("Text\n\n``", "Text"),
        ("Text\n\n```pyth", "Text"),
        ("Text\n\n```python\n", "Text"),
        ("```python\nprint(", "```python\nprint(\n```"),
        ("```python\nprint(1)\n``", "```python\nprint(1)\n```"),
        ("> ```\n> code", "> ```\n> code\n> ```"),
        ("Text\n\n| a | b |\n|--", "Text"),
        ("| a | b |\n|---|---|\n| 1 | *x", "| a | b |\n|---|---|\n| 1 | *x*"),
        ("2 * 3 and a*b", "2 * 3 and a*b"),
        ("snake_case_", "snake_case"),
    ],
)
def test_what_is_only_half_there_is_shown_sanely(text: str, seen: str):
    parts = shown(text)

    assert parts == (seen,)


def test_a_finished_reply_is_shown_as_it_is():
    parts = split("see [the docs](https://exam", 100)

    assert parts == ("see [the docs](https://exam",)


def test_an_open_code_block_is_closed_though_the_reply_ends_in_it():
    parts = split("```python\nprint(1)", 100)

    assert parts == ("```python\nprint(1)\n```",)


def test_a_pair_of_surrogates_that_came_apart_is_joined():
    splitter = Splitter(100)
    splitter.feed("a \ud83d")
    before = splitter.parts
    splitter.feed("\ude00 b")

    assert before == ("a",)
    assert splitter.parts == ("a 😀 b",)


def test_half_a_surrogate_pair_that_stays_alone_can_still_be_sent():
    parts = split("a \ud83d", 100)

    assert parts == ("a \ufffd",)


def test_line_ends_of_other_systems_are_line_ends():
    splitter = Splitter(100)
    splitter.feed("one\r")
    splitter.feed("\ntwo\rthree")
    splitter.finish()

    assert splitter.text == "one\ntwo\nthree"


def test_a_long_reply_in_small_tokens_costs_little():
    text = (paragraph(10) + "\n\n```\n" + "some code\n" * 30 + "```\n\n- **an** `item`\n") * 50
    splitter = Splitter(2000)
    began = time.process_time()

    for start in range(0, 40_000, 3):
        splitter.feed(text[start : start + 3])
        if start % 180 == 0:
            assert splitter.parts
    splitter.finish()

    assert join(splitter.pieces) == text[:40_002]
    assert time.process_time() - began < 2  # 0.06 s where nobody else computes


@pytest.mark.parametrize(
    "sign", ["[", "![](", "*", "_a ", "`", "`a``b", "> ", "- ", "&", "|a|\n", "~~ ", "\u0301", " x"]
)
def test_a_model_that_repeats_itself_does_not_hold_up_the_others(sign: str):
    splitter = Splitter(2000)
    began = time.process_time()

    for _ in range(20):
        splitter.feed(sign * (1000 // len(sign)))
        assert all(len(part) <= 2000 for part in splitter.parts)

    assert time.process_time() - began < 5
