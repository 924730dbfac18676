from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import litellm
import pytest
from conftest import STREAMS
from langchain_openai import ChatOpenAI
from litellm.exceptions import GuardrailRaisedException
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


def guard(**settings: Any) -> tuple[finece.litellm.Guardrail, list[str | None]]:
    """A guardrail as LiteLLM's proxy makes it, and why it withheld each answer."""
    told: list[str | None] = []
    settings = {"guardrail_name": "finece", "event_hook": ["pre_call", "post_call"], "default_on": True, **settings}
    return finece.litellm.Guardrail(on_answer=lambda request, answers, why: told.append(why), **settings), told


@pytest.mark.parametrize("stream", [False, True])
async def test_the_guardrail_of_litellm_withholds_what_is_low(url: str, stream: bool) -> None:
    name = "vllm/chat.sse" if stream else "host-lm/chat.json"
    value, _ = headline(name)
    assert value is not None

    async def passed(guardrail: finece.litellm.Guardrail) -> str:
        data = await guardrail.async_pre_call_hook(None, None, {"messages": ASK}, "completion")
        assert data["logprobs"] is True
        response = await litellm.acompletion(model="openai/" + name, api_base=url + "/v1", api_key="k", stream=stream, **data)
        if not stream:
            return str((await guardrail.async_post_call_success_hook(data, None, response)).choices[0].message.content)
        chunks = guardrail.async_post_call_streaming_iterator_hook(None, response, data)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])

    open_below, told = guard(withhold_below=value, failure="closed", uncalibrated="allow")
    assert await passed(open_below)
    assert told == [None]
    closed, told = guard(withhold_below=min(1, value + 1e-6), failure="open", uncalibrated="allow")
    with pytest.raises(GuardrailRaisedException, match="withheld: it is not likely enough to be correct") as raised:
        await passed(closed)
    assert (raised.value.status_code, raised.value.blocked_content, told) == (400, True, ["low"])


async def test_the_guardrail_acts_on_probabilities(url: str, tmp_path: Path) -> None:
    with pytest.raises(finece.ConfigError, match="needs probabilities"):
        guard(failure="open")
    with pytest.raises(finece.ConfigError, match=r"failure is None: .* open or closed"):
        guard(uncalibrated="allow")
    with pytest.raises(finece.ConfigError, match="strategy"):
        guard(failure="open", uncalibrated="allow", strategy="hope")
    fitted = {"method": "platt", "n": 99, "support": [0, 1], "clip": 1e-6, "parameters": [1, -9]}
    (tmp_path / "map.json").write_text(json.dumps({"finece_calibration": 1, "maps": {"all": fitted}}))
    guardrail, told = guard(failure="open", calibration=str(tmp_path / "map.json"))
    how: Any = {"messages": ASK, "api_base": url + "/v1", "api_key": "k"}
    answer = await litellm.acompletion(model="openai/host-lm/chat.json", logprobs=True, **how)
    with pytest.raises(GuardrailRaisedException):
        await guardrail.async_post_call_success_hook({}, None, answer)
    assert told == ["low"]


@pytest.mark.parametrize(("failure", "passes"), [("open", True), ("closed", False)])
async def test_the_guardrail_says_what_becomes_of_an_answer_without_log_probabilities(
    url: str, failure: str, passes: bool
) -> None:
    guardrail, told = guard(failure=failure, uncalibrated="allow")
    answer = await litellm.acompletion(model="openai/host-lm/chat.json", messages=ASK, api_base=url + "/v1", api_key="k")
    for choice in answer.choices:
        choice.logprobs = None
    if passes:
        assert await guardrail.async_post_call_success_hook({}, None, answer) is answer
    else:
        with pytest.raises(GuardrailRaisedException, match=r"could not be checked \(no-logprobs\)"):
            await guardrail.async_post_call_success_hook({}, None, answer)
    assert told == [None if passes else "no-logprobs"]


def test_a_whole_answer_with_a_server_s_records() -> None:
    event = {"type": "fault", "choice": 0, "code": "provider-error"}
    body = {"choices": [{"message": {"content": "42"}}], "finece": {"version": 1, "events": [event]}}
    assert whole(json.dumps(body).encode()).headline is None
