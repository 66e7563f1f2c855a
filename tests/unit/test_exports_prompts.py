"""The prompts of rows are what `core.prompt` makes of the same conversation, also by the short way."""

from datetime import UTC, datetime
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from core.exports.prompts import EDITED, FILES, NO_QUESTION, PRIVATE, Prompts, Reader
from core.exports.talks import Said, Talk
from core.messages import Message, Role
from core.prompt import Window, build_prompt

WINDOW = Window(messages=4, characters=30)


def talk_of(lines: list[tuple[str, str, int]]) -> Talk:
    """A conversation; each line is a role, a text, and for a reply how many questions back its own is."""
    messages: list[Said] = []
    for seq, (role, content, back) in zip(count(1), lines, strict=False):
        questions = [each.id for each in messages if each.role == "user"]
        question = questions[-min(back, len(questions))] if role == "assistant" and questions else None
        author = "" if role == "assistant" else "slack:T:U1"
        messages.append(Said(f"m{seq}", seq, role, content, "", author, question, "complete", "", False, False, 0, "c"))  # noqa: FBT003 - its columns
    return Talk("c", "c", "slack:T:C:", "", messages)


def reader(window: Window = WINDOW, *, private: str = "") -> Reader:
    return Reader(window, "", lambda author: author == private and bool(author))


LINES = st.lists(
    st.tuples(
        st.sampled_from(["user", "assistant"]),
        st.sampled_from(["hm", "", "a longer text", "x" * 31]),
        st.integers(1, 2),
    )
)
ALTERNATING = st.lists(st.sampled_from(["hm", "a longer text"]), max_size=12).map(
    lambda texts: [(("user", "assistant")[place % 2], text, 1) for place, text in enumerate(texts)]
)


@given(LINES | ALTERNATING)
def test_a_prompt_is_as_the_model_read_it(lines):
    talk = talk_of(lines)

    made = [
        (place, Prompts(talk, reader()).before(place)) for place, each in enumerate(talk.messages) if each.question_id
    ]

    for place, prompt in made:
        question = next(each for each in talk.messages if each.id == talk.messages[place].question_id)
        if not question.content:
            assert prompt.missing == NO_QUESTION
            continue
        history = [as_message(each) for each in talk.messages[:place]]
        expected = build_prompt("", history, as_message(question), WINDOW)
        assert prompt.turns == [{"role": each.role, "content": each.content} for each in expected.messages]
        assert prompt.turns[-1]["role"] == "user"


def as_message(said: Said) -> Message:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Message(said.id, "c", Role(said.role), said.content, moment, said.author, (), said.question_id)


TWO = [("user", "one", 1), ("assistant", "One", 1), ("user", "two", 1), ("assistant", "Two", 1)]


def test_words_that_are_not_kept_leave_no_prompt_behind_them():
    talk = talk_of(TWO)
    talk.messages[0] = talk.messages[0]._replace(withheld=True, content="")

    missing = [Prompts(talk, reader()).before(place).missing for place in (1, 3)]

    assert missing == [PRIVATE, PRIVATE]


def test_words_beyond_the_window_do_not_matter():
    talk = talk_of(TWO)
    talk.messages[0] = talk.messages[0]._replace(withheld=True, content="")

    prompt = Prompts(talk, reader(Window(1, 100))).before(3)

    assert prompt.turns == [{"role": "user", "content": "two"}]


def test_an_edit_counts_for_what_was_said_before_it():
    talk = talk_of(TWO)
    talk.messages[0] = talk.messages[0]._replace(edited=3)

    missing = [Prompts(talk, reader()).before(place).missing for place in (1, 3)]

    assert missing == [EDITED, ""]


def test_a_file_of_which_only_the_name_was_kept_leaves_no_prompt_behind_it():
    talk = talk_of(TWO)
    named, kept = "one\n\n[attached: a.txt, 9 B]", "one\n\n[attached: a.txt, 9 B]\n```\nhere\n```"

    talk.messages[0] = talk.messages[0]._replace(content=named)
    without = [Prompts(talk, reader()).before(place).missing for place in (1, 3)]
    talk.messages[0] = talk.messages[0]._replace(content=kept)
    prompt = Prompts(talk, reader(Window(50, 1_000))).before(1)

    assert without == [FILES, FILES]
    assert prompt.turns[-1]["content"] == kept


def test_nothing_of_the_unwilling_is_in_a_prompt():
    talk = talk_of(TWO)

    prompt = Prompts(talk, reader(private="slack:T:U1")).before(3)

    assert prompt == ((), PRIVATE)
