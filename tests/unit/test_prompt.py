"""What of a conversation the model reads."""

from datetime import UTC, datetime, timedelta

from core.messages import Message, Role
from core.prompt import Window, build_prompt

START = datetime(2026, 1, 1, tzinfo=UTC)
WIDE = Window(messages=50, characters=10_000)


def said(number: int, role: Role, content: str, question: int | None = None) -> Message:
    answers = None if question is None else str(question)
    return Message(str(number), "c", role, content, START + timedelta(seconds=number), question_id=answers)


def asked(number: int) -> Message:
    return said(number, Role.USER, f"question {number}")


def read(prompt) -> list[tuple[str, str]]:
    return [(each.role.value, each.content) for each in prompt.messages]


def test_the_model_reads_the_system_text_then_the_turns_then_the_question():
    history = [said(1, Role.USER, "hi"), said(2, Role.ASSISTANT, "hello", 1), said(3, Role.USER, "who are you?")]

    prompt = build_prompt("Be kind.", history, asked(3), WIDE)

    assert read(prompt) == [("system", "Be kind."), ("user", "hi"), ("assistant", "hello"), ("user", "who are you?")]
    assert not prompt.is_cut


def test_a_question_asked_while_another_is_answered_reads_that_answer_before_it():
    history = [said(1, Role.USER, "first"), said(2, Role.USER, "second"), said(3, Role.ASSISTANT, "to first", 1)]

    prompt = build_prompt("", history, asked(2), WIDE)

    assert read(prompt) == [("user", "first"), ("assistant", "to first"), ("user", "second")]


def test_a_question_that_waits_is_not_part_of_the_prompt_before_it():
    history = [said(1, Role.USER, "first"), said(2, Role.USER, "second")]

    prompt = build_prompt("", history, asked(1), WIDE)

    assert read(prompt) == [("user", "first")]


def test_only_the_newest_messages_are_read_and_it_is_said_that_some_are_not():
    history = [said(i, Role.USER if i % 2 else Role.ASSISTANT, f"m{i}") for i in range(1, 12)]

    prompt = build_prompt("s", history, asked(11), Window(messages=4, characters=1000))

    assert read(prompt) == [("system", "s"), ("user", "m9"), ("assistant", "m10"), ("user", "m11")]
    assert prompt.is_cut


def test_characters_are_counted_too_but_the_question_is_always_read():
    history = [said(1, Role.USER, "x" * 600), said(2, Role.ASSISTANT, "y" * 600, 1), said(3, Role.USER, "z" * 900)]

    prompt = build_prompt("", history, asked(3), Window(messages=50, characters=800))

    assert read(prompt) == [("user", "z" * 800)]
    assert prompt.is_cut


def test_neighbours_of_one_role_are_joined():
    history = [said(1, Role.USER, "one"), said(2, Role.USER, "two"), said(3, Role.ASSISTANT, "", 2)]

    prompt = build_prompt("", [*history, said(4, Role.USER, "three")], asked(4), WIDE)

    assert read(prompt) == [("user", "one\n\ntwo\n\nthree")]


def test_a_question_that_was_deleted_before_it_was_answered_is_read_still():
    history = [said(1, Role.USER, "hi"), said(2, Role.ASSISTANT, "hello", 1), said(4, Role.USER, "a later one")]

    prompt = build_prompt("", history, said(3, Role.USER, "gone already"), WIDE)

    assert read(prompt) == [("user", "hi"), ("assistant", "hello"), ("user", "gone already")]
