from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import litellm
import pytest
from conftest import STREAMS
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from replay import replaying

import finece
import finece.langchain
import finece.litellm
from finece._follow import whole

ASK: Any = [{"role": "user", "content": "6 times 7?"}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with replaying() as address:
        yield address


def headline(name: str) -> tuple[float | None, int]:
    shown = whole((STREAMS / name).read_bytes()).headline
    assert shown is not None
    assert shown.fused is not None
    return shown.fused, shown.token


def told(answer: finece.Answer) -> tuple[float | None, int]:
    assert answer.headline is not None
    return answer.headline.fused, answer.headline.token


def chat(url: str, model: str, handler: finece.langchain.Confidences) -> ChatOpenAI:
    key = SecretStr("k")
    return ChatOpenAI(model=model, base_url=url + "/v1", api_key=key, logprobs=True, max_retries=0, callbacks=[handler])


def test_langchain_answers(url: str) -> None:
    heard: list[tuple[UUID, finece.Record]] = []
    handler = finece.langchain.Confidences(lambda run, record: heard.append((run, record)))
    text = chat(url, "host-lm/chat.json", handler).invoke("6 times 7?").content
    assert handler.answer.text == text
    assert told(handler.answer) == headline("host-lm/chat.json")

    pieces = list(chat(url, "vllm/chat.sse", handler).stream("6 times 7?"))
    assert handler.answer.text == "".join(str(p.content) for p in pieces)
    assert told(handler.answer) == headline("vllm/chat.sse")
    assert len(handler.answers) == len({run for run, _ in heard}) == 2
    assert any(isinstance(r, finece.Confidence) and r.state == "provisional" for _, r in heard)


async def test_langchain_answers_at_once(url: str) -> None:
    handler = finece.langchain.Confidences()

    async def one(model: str) -> None:
        async for _ in chat(url, model, handler).astream("6 times 7?"):
            pass

    await asyncio.gather(*(one(m) for m in ("vllm/chat.sse", "host-lm/chat.sse")))
    assert sorted(told(a) for a in handler.answers.values()) == sorted(
        [headline("vllm/chat.sse"), headline("host-lm/chat.sse")]
    )
    assert not handler._running


def test_a_langchain_answer_that_breaks_off() -> None:
    handler = finece.langchain.Confidences()
    run = UUID(int=1)
    handler.on_llm_new_token("One", run_id=run)
    handler.on_llm_error(OSError("gone"), run_id=run)
    handler.on_llm_error(OSError("gone"), run_id=UUID(int=2))
    assert handler.answers[run].headline is not None
    assert handler.answers[run].text == "One"


async def test_litellm_answers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, finece.Answer]] = []
    logger = finece.litellm.Logger(lambda request, answer: heard.append((request["model"], answer)))
    monkeypatch.setattr(litellm, "callbacks", [logger])
    how: Any = {"messages": ASK, "logprobs": True, "top_logprobs": 5, "api_base": url + "/v1", "api_key": "k"}
    await litellm.acompletion(model="openai/host-lm/chat.json", **how)
    for _ in range(600):  # LiteLLM logs beside the answer
        if heard:
            break
        await asyncio.sleep(0.05)
    ((model, answer),) = heard
    assert model == "host-lm/chat.json"
    assert told(answer) == headline("host-lm/chat.json")


async def test_the_hook_of_litellm_s_proxy(url: str) -> None:
    heard: list[finece.Answer] = []
    logger = finece.litellm.Logger(lambda _, answer: heard.append(answer))
    how: Any = {"messages": ASK, "logprobs": True, "api_base": url + "/v1", "api_key": "k", "stream": True}
    response = await litellm.acompletion(model="openai/vllm/chat.sse", **how)
    chunks = [chunk async for chunk in logger.async_post_call_streaming_iterator_hook(None, response, {})]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == heard[0].text
    assert told(heard[0]) == headline("vllm/chat.sse")


def test_a_whole_answer_with_a_server_s_records() -> None:
    event = {"type": "fault", "choice": 0, "code": "provider-error"}
    body = {"choices": [{"message": {"content": "42"}}], "finece": {"version": 1, "events": [event]}}
    assert whole(json.dumps(body).encode()).headline is None
