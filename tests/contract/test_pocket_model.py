"""The pocket's model endpoint, as huggingface_hub's own client sees it."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from aiohttp import web
from huggingface_hub import AsyncInferenceClient
from huggingface_hub.errors import HfHubHTTPError, OverloadedError, UnknownError

from bots.pocket.model import Model
from bots.pocket.model_answers import (
    HEARTBEAT,
    MALFORMED,
    NO_CHOICES,
    NO_CONTENT,
    Answer,
    Cut,
    ErrorObject,
    Interjection,
    QuietEnd,
    Refusal,
    Stall,
    split_words,
)

QUESTION = [{"role": "user", "content": "What is WAL?"}]


class Served:
    """A model on a port, and a client that talks to it."""

    def __init__(self, model: Model, port: int) -> None:
        self.model = model
        self.url = f"http://127.0.0.1:{port}/v1"
        self.client = AsyncInferenceClient(base_url=self.url, token="hf_demo")

    async def stream(self, messages: list[dict[str, str]] = QUESTION) -> AsyncIterator[tuple[str, str | None]]:
        """Text and finish reason of each chunk that has a choice."""
        stream = await self.client.chat_completion(messages, stream=True, stream_options={"include_usage": True})
        async for chunk in stream:
            for choice in chunk.choices:
                yield choice.delta.content or "", choice.finish_reason

    async def text(self, messages: list[dict[str, str]] = QUESTION) -> str:
        return "".join([text async for text, _ in self.stream(messages)])


async def read(stream: AsyncIterator[tuple[str, str | None]], seen: list[str]) -> None:
    async for text, _ in stream:
        seen.append(text)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    model = Model()
    runner = web.AppRunner(model.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served = Served(model, runner.addresses[0][1])
    yield served
    await served.client.close()
    await runner.cleanup()


def says(served: Served, answer: Answer) -> None:
    served.model.answers = lambda messages: answer


async def test_an_answer_arrives_word_by_word_and_whole(served: Served) -> None:
    text = "One  two,\n\nthree `four`.\n"
    says(served, Answer(text, tokens_per_second=None))

    chunks = [chunk async for chunk in served.stream()]

    assert "".join(text for text, _ in chunks) == text
    assert [text for text, _ in chunks if text] == split_words(text)
    assert chunks[-1][1] == "stop"


async def test_usage_is_counted_for_those_who_ask(served: Served) -> None:
    says(served, Answer("three words here", tokens_per_second=None))

    stream = await served.client.chat_completion(QUESTION, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    plain = [chunk async for chunk in await served.client.chat_completion(QUESTION, stream=True)]

    assert chunks[-1].choices == []
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (3, 3)
    assert all(chunk.usage is None for chunk in plain)


@pytest.mark.alone
async def test_the_pace_is_kept_and_measured(served: Served) -> None:
    says(served, Answer("a b c d e f g h i j k", tokens_per_second=100, first_token_after=0.05))

    await served.text()

    request = served.model.requests[0]
    assert request.first_token_at == served.model.first_tokens[0]
    assert request.first_token_at - request.at >= 0.05
    assert request.token_times[-1] - request.token_times[0] >= 0.095
    assert len(request.token_times) == 11


async def test_an_answer_without_a_stream_comes_in_one_piece(served: Served) -> None:
    says(served, Answer("All of it.", tokens_per_second=None))

    output = await served.client.chat_completion(QUESTION)

    assert output.choices[0].message.content == "All of it."
    assert output.usage.completion_tokens == 3


async def test_thinking_comes_before_the_text(served: Served) -> None:
    says(served, Answer("Yes.", thinking="let me see", tokens_per_second=None))

    stream = await served.client.chat_completion(QUESTION, stream=True)
    deltas = [chunk.choices[0].delta async for chunk in stream]

    assert [getattr(delta, "reasoning_content", None) for delta in deltas][1:4] == ["let", " me", " see"]
    assert deltas[4].content == "Yes."


async def test_requests_are_kept_with_their_messages_and_headers(served: Served) -> None:
    says(served, Answer("Yes.", tokens_per_second=None))

    await served.text()

    request = served.model.requests[0]
    assert request.body["messages"] == QUESTION
    assert request.headers["Authorization"] == "Bearer hf_demo"
    assert request.finished


async def test_the_model_is_listed_as_what_it_is() -> None:
    model = Model(token="secret")
    runner = web.AppRunner(model.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}") as http:
        refused = await http.get("/v1/models")
        listed = await http.get("/v1/models", headers={"Authorization": "Bearer secret"})
    await runner.cleanup()

    assert refused.status_code == 401
    assert [(each["id"], each["owned_by"]) for each in listed.json()["data"]] == [("demo-model", "plaudit demo")]


@pytest.mark.parametrize(("status", "retry_after"), [(401, None), (404, None), (429, 1.5), (503, 20)])
async def test_a_refusal_is_an_http_error(served: Served, status: int, retry_after: float | None) -> None:
    says(served, Answer("", fault=Refusal(status, {"error": {"message": "no"}}, retry_after=retry_after)))

    with pytest.raises(HfHubHTTPError) as caught:
        await served.text()

    assert caught.value.response.status_code == status
    assert caught.value.response.headers.get("Retry-After") == (None if retry_after is None else f"{retry_after:g}")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (ErrorObject(2, "busy", "overloaded"), OverloadedError),
        (ErrorObject(2, {"message": "x", "code": 500}, "server_error"), UnknownError),
        (Cut(2), httpx2.RemoteProtocolError),
        (Interjection(2, MALFORMED), ValueError),
    ],
)
async def test_a_fault_in_mid_stream_comes_after_the_text_before_it(
    served: Served, fault: ErrorObject | Cut | Interjection, error: type[Exception]
) -> None:
    says(served, Answer("one two three four", tokens_per_second=None, fault=fault))
    seen: list[str] = []

    with pytest.raises(error):
        await read(served.stream(), seen)

    assert "".join(seen) == "one two"


async def test_a_quiet_end_shows_no_finish_reason(served: Served) -> None:
    says(served, Answer("one two three", tokens_per_second=None, fault=QuietEnd(2)))

    chunks = [chunk async for chunk in served.stream()]

    assert "".join(text for text, _ in chunks) == "one two"
    assert {reason for _, reason in chunks} == {None}


async def test_an_answer_can_run_into_its_length(served: Served) -> None:
    says(served, Answer("one two", tokens_per_second=None, finish_reason="length"))

    chunks = [chunk async for chunk in served.stream()]

    assert chunks[-1] == ("", "length")


@pytest.mark.parametrize("frame", [HEARTBEAT, NO_CHOICES, NO_CONTENT])
async def test_what_carries_no_text_changes_nothing(served: Served, frame: bytes) -> None:
    says(served, Answer("one two three", tokens_per_second=None, fault=Interjection(1, frame)))

    text = await served.text()

    assert text == "one two three"


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
async def test_line_separators_in_the_text_are_sent_raw(served: Served, separator: str) -> None:
    says(served, Answer(f"a{separator}b", tokens=[f"a{separator}b"], tokens_per_second=None))

    async with httpx2.AsyncClient() as http:
        response = await http.post(f"{served.url}/chat/completions", json={"messages": QUESTION, "stream": True})

    assert f'"content":"a{separator}b"'.encode() in response.content


async def test_a_stall_delays_the_rest(served: Served) -> None:
    says(served, Answer("one two", tokens_per_second=None, fault=Stall(1, 0.1)))

    await served.text()

    first, second = served.model.requests[0].token_times
    assert second - first >= 0.095


async def test_a_reader_who_leaves_ends_the_stream(served: Served) -> None:
    says(served, Answer("word " * 500, tokens_per_second=200))

    async for text, _ in served.stream():
        if text:
            break
    await served.client.close()
    async with asyncio.timeout(2):
        while served.model.streaming:  # noqa: ASYNC110 - the endpoint has no event for it, only a count
            await asyncio.sleep(0.01)

    assert not served.model.requests[0].finished


async def test_closing_cuts_the_streams_under_way(served: Served) -> None:
    says(served, Answer("word " * 500, tokens_per_second=200))

    stream = served.stream()
    await anext(stream)
    served.model.close()
    with pytest.raises(httpx2.RemoteProtocolError):
        await read(stream, [])

    assert not served.model.requests[0].finished


async def test_a_body_without_messages_is_refused(served: Served) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.post(f"{served.url}/chat/completions", content=b"{}")

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_the_script_knows_its_topics_and_says_when_it_does_not() -> None:
    script = Model().answers

    known = script([{"role": "user", "content": "What is WAL mode?"}]).text
    guide = script([{"role": "user", "content": "A guide to rate limits, please"}]).text
    wall = script([{"role": "user", "content": "How do I paint a wall?"}]).text

    assert "write-ahead" in known
    assert len(guide) > 4000
    assert "scripted model" in wall
    assert "> How do I paint a wall?" in wall


async def test_asked_the_same_again_the_script_gives_another_answer() -> None:
    script = Model().answers
    messages = [{"role": "user", "content": "How many r's are in strawberry?"}]

    first, second = script(messages).text, script(messages).text

    assert "two" in first
    assert "three" in second
