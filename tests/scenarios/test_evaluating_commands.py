"""`plaudit evaluate`, `judge`, `evaluations` and `check` over a real endpoint: pocket's, with its judge."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from bots.pocket.model import Model
from bots.pocket.model_answers import Answer, Refusal
from bots.pocket.model_judge import judgement
from core.errors import PlauditError, SettingsError
from core.evaluating import checks
from core.evaluating.asking import EndpointRefusedError
from tests.contract.exports_log import ANN, BOB, asked, begun, correction, vote
from tests.scenarios.test_keeping import filled, here, plaudit  # noqa: F401 - a fixture

OTHER, JUDGE = ("--model", "other-model"), ("--judge", "judge-model")


class Endpoint:
    """Pocket's model, served by a thread of its own: commands have a loop of theirs."""

    def __init__(self) -> None:
        self.model = Model(self._answer)
        self.answer = "A spider has eight legs, and an insect has six legs: count them."
        self.refusals: list[Refusal] = []
        self.url = ""

    def _answer(self, messages: list[dict[str, object]]) -> Answer:
        if self.refusals:
            return Answer("", fault=self.refusals.pop(0))
        return Answer(judgement(messages) or self.answer, tokens_per_second=None, first_token_after=0)

    def tokens(self) -> set[str]:
        """What it was asked with."""
        return {each.headers.get("Authorization", "") for each in self.model.requests}


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[Endpoint]:
    served, loop = Endpoint(), asyncio.new_event_loop()
    runner = web.AppRunner(served.model.app())
    started, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait()
    monkeypatch.setenv("MODEL_ENDPOINT", served.url)
    yield served
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def story() -> None:
    """Two wrong answers, one of them corrected, and a good one."""
    filled(
        begun("c1"), *asked("c1", "How many legs has a spider?", "Six.", 1), vote("c1", ANN, value=False),
        begun("c2", 10), *asked("c2", "And an insect?", "I cannot say.", 11, by=BOB), vote("c2", BOB, value=False),
        correction("c2", ANN, "An insect has six legs."),
        begun("c3", 20), *asked("c3", "Is a spider an insect?", "No: a spider is no insect." * 9, 21),
        vote("c3", BOB, value=True),
    )  # fmt: skip


def told(*arguments: str):
    return orjson.loads(plaudit(*arguments, "--json"))


def test_another_model_is_tried_judged_and_told_of(endpoint) -> None:
    story()

    shown = plaudit("evaluate", *OTHER, *JUDGE)
    [listed] = told("evaluations")
    found = told("evaluations", listed["id"])
    answers = plaudit("evaluations", listed["id"], "--answers", "5")

    assert "The judge" in shown
    assert "A judge is trusted only as far as it agrees with people." in shown
    assert (found["items"], found["answered"], found["wins"]) == (2, 2, 2)
    assert found["difference"]["mean"] > 0
    assert found["model"] == {"id": "other-model", "metadata": {"endpoint": endpoint.url}}
    for words in ("How many legs has a spider?", "Six.", "eight legs", "script"):
        assert words in answers


def test_a_judge_is_held_against_people_and_reports_keep_it_apart(endpoint) -> None:
    story()
    before = told("report", "--since", "2026-01-01")

    plaudit("evaluate", *OTHER, *JUDGE)
    found = told("judge", "--model", "judge-model")
    plaudit("check")

    assert (found["replies"], found["agreement"]["votes"]["units"]) == (3, 3)
    assert "κ = 1.00" in plaudit("judge", "--model", "judge-model")
    assert told("report", "--since", "2026-01-01") == before
    by_judge = told("report", "--since", "2026-01-01", "--by", "judge")
    assert {(each["source"], each["name"], each["replies"]) for each in by_judge} == {
        ("judge-model", "judge_feedback", 3),
        ("judge-model", "judge_score", 3),
    }
    by_code = {each["name"]: each["mean"] for each in told("report", "--since", "2026-01-01", "--by", "code")}
    assert by_code["not_empty"] == 1
    assert "None of it counts" in plaudit("report", "--since", "2026-01-01", "--by", "code")


def test_what_is_exported_to_train_on_does_not_know_of_judges_and_checks(endpoint, monkeypatch) -> None:
    story()
    monkeypatch.setenv("PLAUDIT_ACKNOWLEDGED_TERMS", "slack")

    def exported(name: str) -> dict[str, bytes]:
        for kind in ("sft", "kto", "dpo", "eval"):
            plaudit("export", kind, "--out", f"{name}/{kind}")
        return {str(each.relative_to(name)): each.read_bytes() for each in Path(name).rglob("*.jsonl")}

    before = exported("before")
    plaudit("evaluate", *OTHER, *JUDGE)
    plaudit("judge", "--model", "judge-model", "--replies", "all")
    plaudit("check")

    assert exported("after") == before
    assert len(before) >= 4


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_set_that_was_exported_is_evaluated_from_its_files(endpoint, form) -> None:
    story()
    plaudit("export", "eval", "--out", "set", "--format", form)

    found = told("evaluate", *OTHER, "--set", "set")

    assert (found["items"], found["answered"], found["options"]["set"]) == (2, 2, "set")


def test_what_is_no_parquet_is_refused(endpoint) -> None:
    story()
    Path("set.parquet").write_bytes(b"no parquet at all")

    with pytest.raises(SettingsError, match=r"set\.parquet cannot be read"):
        plaudit("evaluate", *OTHER, "--set", "set.parquet")


def test_a_refusal_is_told_of_its_reply_and_asked_for_again(endpoint) -> None:
    story()
    endpoint.refusals = [Refusal(400)]

    first = plaudit("evaluate", *OTHER, "--at-once", "1")
    again = told("evaluate", *OTHER, "--resume")

    assert "1 failed: The model's server refused the question. (http_400)" in first
    assert "--resume" in first
    assert (again["answered"], again["failed"]) == (2, {})
    assert len(told("evaluations")) == 1


def test_a_server_that_asks_for_a_pause_gets_it(endpoint) -> None:
    story()
    endpoint.refusals = [Refusal(429, retry_after=0.1)]

    found = told("evaluate", *OTHER)

    assert (found["answered"], found["failed"]) == (2, {})


def test_a_token_is_sent_only_where_it_belongs(endpoint, monkeypatch) -> None:
    story()
    monkeypatch.setenv("HF_TOKEN", "hf_ours")
    monkeypatch.setenv("PLAUDIT_JUDGE_TOKEN", "the-judges")

    plaudit("evaluate", *OTHER)
    to_ours = endpoint.tokens()
    endpoint.model.requests.clear()
    monkeypatch.setenv("MODEL_ENDPOINT", "http://127.0.0.1:9/v1")
    plaudit("evaluate", *OTHER, "--endpoint", endpoint.url, *JUDGE, "--judge-endpoint", endpoint.url)

    assert to_ours == {"Bearer hf_ours"}
    assert endpoint.tokens() == {"Bearer none", "Bearer the-judges"}


def test_a_token_that_is_not_taken_ends_it_with_a_sentence(endpoint) -> None:
    story()
    endpoint.model.token = "another"

    with pytest.raises(EndpointRefusedError, match="PLAUDIT_EVALUATION_TOKEN"):
        plaudit("evaluate", *OTHER)


def test_where_nothing_was_disliked_it_is_said_what_to_do(endpoint) -> None:
    filled(begun("c1"), *asked("c1", "one?", "One.", 1), vote("c1", ANN, value=True))

    with pytest.raises(SettingsError, match="--replies all"):
        plaudit("evaluate", *OTHER)
    with pytest.raises(SettingsError, match="leave them away"):
        plaudit("evaluate", *OTHER, "--set", "set", "--since", "2026-01-01")
    with pytest.raises(SettingsError, match="nothing to judge"):
        plaudit("judge", "--model", "judge-model", "--since", "2027-01-01")
    assert "no evaluation yet" in plaudit("evaluations")
    with pytest.raises(PlauditError, match="plaudit evaluations"):
        plaudit("evaluations", "01ABC")


def test_checks_are_chosen_in_the_policies_and_ones_own_are_loaded(monkeypatch) -> None:
    story()
    Path("our_own_checks.py").write_text(
        "from core.evaluating.checks import check\n"
        "@check('mentions_legs')\n"
        "def legs(reply):\n"
        "    'The answer speaks of legs.'\n"
        "    return 'legs' in reply.text\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(".")
    monkeypatch.setattr(checks, "_CHECKS", dict(checks._CHECKS))
    config = Path("plaudit.toml")
    config.write_text('[checks]\nmodules = ["our_own_checks"]\nleave_out = ["length"]\n', encoding="utf-8")

    shown, found = plaudit("check", "--list"), told("check")
    config.write_text('[checks]\nmodules = ["no_such_module"]\n', encoding="utf-8")

    assert "The answer speaks of legs." in shown
    assert {each["name"]: each["mean"] for each in found["checks"]}["mentions_legs"] == 0
    assert "length" not in {each["name"] for each in found["checks"]}
    with pytest.raises(SettingsError, match="no_such_module"):
        plaudit("check")


def test_an_endpoint_that_was_asked_is_named_when_someone_is_forgotten(endpoint) -> None:
    story()
    plaudit("evaluate", *OTHER)

    shown = plaudit("forget", BOB, "--yes", "--propagate")

    assert f"{endpoint.url} may have been asked about what was erased" in shown
    assert "ask whoever runs it" in shown
