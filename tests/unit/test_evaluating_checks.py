"""What the checks say of replies, and where they come from."""

import sys
from types import ModuleType

import pytest

from core.errors import SettingsError
from core.evaluating import checks
from core.evaluating.checks import CheckedReply, Finding, all_checks, check


@pytest.fixture(autouse=True)
def registry(monkeypatch) -> dict[str, checks.Check]:
    """What is registered here is gone afterwards."""
    copy = dict(checks._CHECKS)
    monkeypatch.setattr(checks, "_CHECKS", copy)
    return copy


def said(name: str, text: str, question: str = "", finish_reason: str | None = "stop") -> bool | float | None:
    found = checks._CHECKS[name].of(CheckedReply(question=question, text=text, finish_reason=finish_reason))
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("not_empty", "Yes.", True),
        ("not_empty", " \n", False),
        ("no_refusal", "I'm sorry, but I can't help with that.", False),
        ("no_refusal", "I cannot assist with this request.", False),
        ("no_refusal", "As an AI language model, I have no opinions.", False),
        ("no_refusal", "I am unable to provide medical advice.", False),
        ("no_refusal", "You cannot divide by zero; a loop can't help here.", True),
        ("no_refusal", "Sorry for the delay: it is three.", True),
        ("no_refusal", "x" * 400 + " I cannot help with that.", True),
        ("valid_json", 'Here:\n```json\n{"a": [1, 2]}\n```', True),
        ("valid_json", 'Here:\n```json\n{"a": [1, 2}\n```', False),
        ("valid_json", "No JSON here.", None),
        ("closed_code", "```python\nx = 1\n```", True),
        ("closed_code", "```python\nx = 1", False),
        ("closed_code", "No code.", None),
        ("not_too_long", "x" * 4_000, True),
        ("not_too_long", "x" * 4_001, False),
        ("no_repetition", "The same line again and again.\n" * 3, False),
        ("no_repetition", "The same line again and again.\n" * 2, True),
        ("no_repetition", "Ha. " * 20, True),
        ("no_repetition", "```\n" + "assert number == number + 0\n" * 5 + "```", True),
        ("length", "four", 4),
    ],
)
def test_what_a_check_says_of_a_text(name, text, value) -> None:
    assert said(name, text) == value


def test_json_that_was_asked_for_is_checked_without_a_fence() -> None:
    asked = "List the colours as JSON."

    assert said("valid_json", '["red"]', asked) is True
    assert said("valid_json", '["red",', asked) is False
    assert said("valid_json", '["red",') is None


def test_an_answer_that_the_model_did_not_end_itself_is_cut_off() -> None:
    assert said("not_cut_off", "And so", finish_reason="length") is False
    assert said("not_cut_off", "And so on.") is True
    assert said("not_cut_off", "And so", finish_reason=None) is None


def test_a_check_of_ones_own_is_a_function_with_a_name_in_a_module_that_is_named(monkeypatch) -> None:
    module = ModuleType("our_checks")
    source = (
        "from core.evaluating.checks import Finding, check\n"
        "@check('says_please', version='2')\n"
        "def polite(reply):\n"
        "    'The answer is polite.'\n"
        "    return Finding('please' in reply.text, 'for ' + reply.question)\n"
    )
    exec(source, module.__dict__)
    monkeypatch.setitem(sys.modules, "our_checks", module)

    found = {each.name: each for each in all_checks(["our_checks"])}

    assert found["says_please"].source_id == "says_please@2"
    assert found["says_please"].meaning == "The answer is polite."
    assert found["says_please"].of(CheckedReply(question="q", text="please")) == Finding(value=True, reason="for q")


def test_a_module_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(SettingsError, match=r"no_such_checks.*plaudit\.toml"):
        all_checks(["no_such_checks"])


@pytest.mark.parametrize("name", ["user_feedback", "judge_score", "Not_Ours", "", "length"])
def test_a_check_cannot_have_a_name_that_others_have(name) -> None:
    with pytest.raises(ValueError, match="check"):
        check(name)(lambda _: True)
