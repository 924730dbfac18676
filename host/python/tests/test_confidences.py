from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anthropic
import httpx
import litellm
import openai
import pytest
from conftest import ROOT, STREAMS, serving
from replay import replaying

import finece

ASK: Any = [{"role": "user", "content": "6 times 7?"}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with replaying() as address:
        yield address


def wanted(name: str, **settings: Any) -> list[finece.Record]:
    """The records that the core makes of the stream's bytes."""
    with finece.Session(**settings) as session:
        events = [*session.opening, *session.write((STREAMS / name).read_bytes()), *session.end()]
    return unplaced(e for e in events if isinstance(e, finece.Record))


def unplaced(events: Iterable[object]) -> list[finece.Record]:
    """The records without what counts bytes of the stream: a client library's items are not its bytes."""
    records = [e for e in events if isinstance(e, finece.Record)]
    return [replace(r, offset=None) if isinstance(r, finece.Fault) else r for r in records]


def items(events: Iterable[object]) -> list[object]:
    return [e for e in events if not isinstance(e, finece.Record)]


def openai_chat(url: str, model: str) -> Iterable[object]:
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
    return client.chat.completions.create(model=model, messages=ASK, stream=True, logprobs=True, top_logprobs=5)


def openai_helper(url: str, model: str) -> Iterable[object]:
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
    with client.chat.completions.stream(model=model, messages=ASK, logprobs=True) as events:
        yield from events


def openai_completions(url: str, model: str) -> Iterable[object]:
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
    return client.completions.create(model=model, prompt="6 times 7?", stream=True, logprobs=5)


def openai_responses(url: str, model: str) -> Iterable[object]:
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
    return client.responses.create(model=model, input="6 times 7?", stream=True)


def openai_responses_helper(url: str, model: str) -> Iterable[object]:
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
    with client.responses.stream(model=model, input="6 times 7?") as events:
        yield from events


def anthropic_messages(url: str, model: str) -> Iterable[object]:
    client = anthropic.Anthropic(base_url=url, api_key="k", max_retries=0)
    return client.messages.create(model=model, messages=ASK, max_tokens=9, stream=True)


def anthropic_helper(url: str, model: str) -> Iterable[object]:
    client = anthropic.Anthropic(base_url=url, api_key="k", max_retries=0)
    with client.messages.stream(model=model, messages=ASK, max_tokens=9) as events:
        yield from events


def litellm_chat(url: str, model: str) -> Iterable[object]:
    response: Any = litellm.completion(
        model="openai/" + model, messages=ASK, stream=True, logprobs=True, top_logprobs=5, api_base=url + "/v1", api_key="k"
    )
    return response  # type: ignore[no-any-return]


def posted(url: str, model: str, how: Callable[[httpx.Response], Iterable[object]]) -> Iterable[object]:
    with httpx.Client() as client, client.stream("POST", url, json={"model": model}) as response:
        yield from how(response)


CHAT = ["vllm/chat.sse", "vllm/chat-n2.sse", "vllm/chat-length.sse", "llama.cpp/chat-unicode.sse", "host-lm/chat.sse"]
CHAT += ["openai/chat-reasoning-first.sse", "openai/chat-tools.sse", "openai/chat-refusal.sse", "openai/chat-no-logprobs.sse"]


@pytest.mark.parametrize(
    ("ask", "model"),
    [(openai_chat, m) for m in CHAT]
    + [(openai_helper, m) for m in ("vllm/chat.sse", "host-lm/chat.sse")]
    + [(openai_completions, m) for m in ("vllm/completions.sse", "host-lm/completions.sse", "openai/completions.sse")]
    + [(openai_responses, m) for m in ("openai/responses.sse", "openai/responses-reasoning.sse", "vllm/responses.sse")]
    + [(openai_responses_helper, "vllm/responses.sse")]
    + [(anthropic_messages, m) for m in ("anthropic/messages.sse", "anthropic/messages-thinking.sse", "vllm/messages.sse")]
    + [(anthropic_helper, m) for m in ("anthropic/messages.sse", "anthropic/messages-thinking.sse")],
)
def test_the_records_of_a_client_are_those_of_the_bytes(
    url: str, ask: Callable[[str, str], Iterable[object]], model: str
) -> None:
    settings: Any = {"strategy": "paragraph+periodic+entropy", "every": 7, "question": "6 times 7?"}
    got = list(finece.confidences(ask(url, model), **settings))
    assert unplaced(got) == wanted(model, **settings)
    assert [type(i) for i in items(got)] == [type(i) for i in ask(url, model)]


@pytest.mark.parametrize("model", ["vllm/chat.sse", "litellm/chat.sse", "host-lm/chat.sse"])
def test_litellm_streams_have_the_same_values(url: str, model: str) -> None:
    # LiteLLM makes chunks of its own: it leaves out empty ones, and says less of the end.
    got = finece.confidences(litellm_chat(url, model))
    chunks = items(got)
    (want,) = [r for r in wanted(model) if isinstance(r, finece.Confidence) and "end" in r.kinds and r.state == "final"]
    assert got.answer.headline is not None
    assert (got.answer.headline.fused, got.answer.headline.token) == (want.fused, want.token)
    assert got.answer.text == "".join(c.choices[0].delta.content or "" for c in chunks)  # type: ignore[attr-defined]


@pytest.mark.parametrize("cut", ["iter_bytes", "iter_raw", "iter_lines", "iter_text"])
@pytest.mark.parametrize("model", ["vllm/chat.sse", "gemini/stream.sse", "openai/chat.json", "ollama/chat.ndjson"])
def test_the_records_of_httpx_are_those_of_the_bytes(url: str, cut: str, model: str) -> None:
    with httpx.Client() as client, client.stream("POST", url, json={"model": model}) as response:
        got = list(finece.confidences(getattr(response, cut)()))
    assert unplaced(got) == wanted(model)
    assert items(got) == list(posted(url, model, lambda response: getattr(response, cut)()))


async def collect(stream: AsyncIterable[object]) -> list[object]:
    return [item async for item in stream]


async def test_asynchronous_streams(url: str) -> None:
    chat = openai.AsyncOpenAI(base_url=url + "/v1", api_key="k", max_retries=0).chat.completions
    got = await collect(finece.confidences(await chat.create(model="vllm/chat.sse", messages=ASK, stream=True)))
    assert unplaced(got) == wanted("vllm/chat.sse")

    messages = anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0).messages
    async with messages.stream(model="anthropic/messages.sse", messages=ASK, max_tokens=9) as events:
        assert unplaced(await collect(finece.confidences(events))) == wanted("anthropic/messages.sse")

    for cut in ("aiter_bytes", "aiter_lines"):
        async with httpx.AsyncClient() as client, client.stream("POST", url, json={"model": "vllm/chat.sse"}) as answer:
            pieces: AsyncIterator[object] = getattr(answer, cut)()
            assert unplaced(await collect(finece.confidences(pieces))) == wanted("vllm/chat.sse")

    response: Any = await litellm.acompletion(
        model="openai/vllm/chat.sse", messages=ASK, stream=True, logprobs=True, api_base=url + "/v1", api_key="k"
    )
    stream: finece.AsyncConfidences[object] = finece.confidences(response)
    await collect(stream)
    assert stream.answer.headline is not None
    assert stream.answer.headline.fused is not None


def chunk(text: str, logprob: float | None = -0.1, **more: object) -> dict[str, object]:
    choice: dict[str, object] = {"index": 0, "delta": {"content": text}}
    if logprob is not None:
        choice["logprobs"] = {"content": [{"token": text, "logprob": logprob}]}
    return {"choices": [choice], **more}


def test_an_item_comes_before_it_is_scored_and_its_records_before_the_next_one() -> None:
    fed: list[int] = []

    def stream() -> Iterator[dict[str, object]]:
        for n, text in enumerate(["One.\n\n", "Two.\n\n", "Three."]):
            fed.append(n)
            yield chunk(text)

    events = finece.confidences(stream())
    assert next(events) == chunk("One.\n\n")
    assert not events.answer.texts
    order = [(type(e).__name__, fed[-1]) for e in events]
    assert order.index(("Confidence", 1)) < order.index(("dict", 2))


def collecting(events: Iterator[object], into: list[object]) -> Iterator[object]:
    for event in events:
        into.append(event)
        yield from ()


def test_an_error_of_the_stream_comes_after_its_records() -> None:
    def breaks() -> Iterator[dict[str, object]]:
        yield chunk("One.\n\n")
        yield chunk("Two")
        raise OSError("gone")

    events = finece.confidences(breaks())
    seen: list[object] = []
    with pytest.raises(OSError, match="gone"):
        seen.extend(collecting(events, seen))
    assert list(events) == []  # nothing more comes
    assert len(items(seen)) == 2
    assert isinstance(seen[-1], finece.End)
    assert events.answer.headline is not None
    assert events.answer.headline.reason == "stream-failed"


def test_no_item_is_lost_with_the_core(caplog: pytest.LogCaptureFixture) -> None:
    core = finece.Core(memory_limit=1 << 20)
    stream = [chunk("One.\n\n"), chunk("Two.\n\n"), chunk("x" * (4 << 20)), chunk("Three.")]
    events = finece.confidences(stream, core=core, max_event=16 << 20)
    got = list(events)
    assert items(got) == stream
    assert isinstance(events.lost, finece.CoreLostError)
    assert "open another session" in caplog.text
    last = [c for c in events.answer.confidences if c.state != "final"]
    assert last
    assert all(c.state == "unavailable" for c in last)


def test_a_wrong_setting_is_an_error_at_once() -> None:
    with pytest.raises(finece.ConfigError, match="every"):
        finece.confidences([b""], every=0)
    with pytest.raises(finece.ConfigError, match="finece serve"):
        finece.confidences([b""], estimator="model")


def test_leaving_closes_the_stream() -> None:
    closed: list[bool] = []

    def stream() -> Iterator[bytes]:
        try:
            while True:
                yield b"data: {}\n\n"
        finally:
            closed.append(True)

    with finece.confidences(stream()) as events:
        next(events)
    assert closed == [True]
    assert next(events, None) is None


async def test_leaving_closes_an_asynchronous_stream() -> None:
    closed: list[bool] = []

    async def stream() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: {}\n\n"
        finally:
            closed.append(True)

    async with finece.confidences(stream()) as events:
        await anext(events)
    assert closed == [True]


RECORDS = [
    {"type": "position", "choice": 0, "index": 1, "kinds": ["end"], "segment": "answer", "byte": 2, "utf16": 2, "token": 1},
    {"type": "confidence", "choice": 0, "index": 1, "kinds": ["end"], "segment": "answer", "byte": 2, "utf16": 2, "token": 1,
     "state": "final", "revision": 0, "raw": 0.5, "fused": 0.82, "calibrated": True},
]  # fmt: skip
ENVELOPE: dict[str, Any] = {
    "version": 1,
    "id": "a",
    "generator": "m",
    "events": [*RECORDS, {"type": "future"}, {"type": "end"}],
}


def as_comment(envelope: dict[str, Any]) -> list[object]:
    data = "".join(f"data: {json.dumps(chunk(t))}\n\n" for t in ("4", "2"))
    return [f"data: {json.dumps(chunk('4'))}\n\n: finece {json.dumps(envelope)}\n\n{data}".encode()]


@pytest.mark.parametrize(
    "carry",
    [
        as_comment,
        lambda e: [chunk("4"), chunk("2", finece=e)],
        lambda e: [json.dumps({"choices": [{"message": {"content": "42"}}], "finece": e}, indent=1).encode()],
        lambda e: [(b"data: " + json.dumps(chunk("4", finece=e)).encode() + b"\r\n\r\n")[i : i + 1] for i in range(900)],
    ],
)
def test_the_records_of_a_server_count(carry: Callable[[dict[str, Any]], list[object]]) -> None:
    events = finece.confidences(carry(ENVELOPE))
    records = unplaced(events)
    assert records[0] == finece.Start(version=1, id="a", generator="m")
    assert [r.to_dict() for r in records[1:]] == RECORDS
    assert events.answer.text.startswith("4")
    assert finece.shown(events.answer.headline) == "82%"


@pytest.mark.parametrize("carrier", ["field", "comment"])
def test_a_gateway_s_records_are_read(command: Path, carrier: str) -> None:
    problem = "Emil buys 9 knives for 3 dollars each. He had 46 dollars. How many are left?"
    body = {"model": "generator", "messages": [{"role": "user", "content": problem}], "stream": True, "temperature": 0}
    with serving(command, "--carrier", carrier) as url:
        with httpx.Client(timeout=60) as client, client.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
            pieces = finece.confidences(response.iter_bytes())
            seen = unplaced(pieces)
        assert isinstance(seen[0], finece.Start)
        assert pieces.start == seen[0]
        headline = pieces.answer.headline
        assert headline is not None
        assert headline.source is not None
        assert (headline.state, headline.source.estimator) == ("final", "model")
        if carrier == "field":  # which openai's client keeps
            chat = openai.OpenAI(base_url=url + "/v1", api_key="k").chat.completions
            answered: Any = chat.create(**body)  # type: ignore[call-overload]
            chunks: finece.Confidences[object] = finece.confidences(answered)
            assert len(list(chunks)) > 10
            assert chunks.answer.headline == headline


def test_records_of_a_later_version_are_not_read() -> None:
    events = finece.confidences([chunk("4", finece={**ENVELOPE, "version": 9}), chunk("2")])
    assert unplaced(events) == [finece.Start(version=9, id="a", generator="m")]
    assert events.answer.headline is None


@pytest.mark.parametrize("case", json.loads((ROOT / "www/test/golden/headline.json").read_text()), ids=lambda c: c["name"])
def test_headlines_are_those_of_the_other_parts(case: dict[str, Any]) -> None:
    answer = finece.Answer()
    for event in case["events"]:
        answer.take(finece.Confidence.from_dict(event) if event["type"] == "confidence" else finece.Position.from_dict(event))
    got = answer.headline
    assert (got and got.index, got and got.fused, got and got.reason) == (case["index"], case["fused"], case["reason"])


@pytest.mark.parametrize(
    ("fused", "calibrated", "source", "want"),
    [
        (0.824, True, {}, "82%"), (0.995, True, {}, ">99%"), (1.0, True, {}, "100%"), (0.001, True, {}, "<1%"),
        (0.95, False, {"estimator": "logprob", "method": "perplexity"}, "high"),
        (0.85, False, {"estimator": "logprob", "method": "perplexity"}, "medium"),
        (0.95, False, {"estimator": "logprob", "method": "mean-prob"}, "low"),
        (0.6, False, {"estimator": "logprob", "method": "mean-prob", "map": "platt"}, "medium"),
        (None, False, {}, ""),
    ],
)  # fmt: skip
def test_what_people_are_shown(fused: float | None, calibrated: bool, source: dict[str, Any], want: str) -> None:
    place: Any = {"choice": 0, "index": 1, "kinds": (), "segment": "answer", "byte": 0, "utf16": 0, "token": 0}
    confidence = finece.Confidence(
        **place, state="final", revision=0, fused=fused, calibrated=calibrated, source=finece.Source(**source)
    )
    assert finece.shown(confidence) == want
