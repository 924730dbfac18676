"""vLLM is too large to install here. Its own server's streams are put into the shape of its offline engine's output."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from conftest import STREAMS

import finece
import finece.vllm
from finece._follow import whole


@dataclass
class Logprob:
    """vllm.logprobs.Logprob."""

    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class CompletionOutput:
    """vllm.outputs.CompletionOutput."""

    index: int
    text: str
    token_ids: list[int]
    cumulative_logprob: float | None
    logprobs: list[dict[int, Logprob]] | None
    finish_reason: str | None = None
    stop_reason: int | str | None = None


@dataclass
class RequestOutput:
    """vllm.outputs.RequestOutput."""

    request_id: str
    prompt: str | None
    outputs: list[CompletionOutput]
    finished: bool = True


def offline(name: str) -> RequestOutput:
    """What the offline engine gives for the answers in a stream."""
    answers: dict[int, CompletionOutput] = {}
    ids: dict[str, int] = {}
    for line in (STREAMS / name).read_text().splitlines():
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line.removeprefix("data: "))["choices"]:
            answer = answers.setdefault(choice["index"], CompletionOutput(choice["index"], "", [], 0.0, []))
            answer.text += choice["delta"].get("content") or ""
            answer.finish_reason = choice["finish_reason"] or answer.finish_reason
            for entry in (choice.get("logprobs") or {}).get("content") or []:
                number = [ids.setdefault(repr(e), len(ids)) for e in [entry, *entry["top_logprobs"][1:]]]
                entries = [entry, *entry["top_logprobs"][1:]]
                assert answer.logprobs is not None
                answer.token_ids.append(number[0])
                answer.logprobs.append(
                    {
                        n: Logprob(e["logprob"], rank + 1, e["token"])
                        for rank, (n, e) in enumerate(zip(number, entries, strict=True))
                    }
                )
    return RequestOutput("7", "<|im_start|>user\n6 times 7?<|im_end|>\n", [answers[i] for i in sorted(answers)])


@pytest.mark.parametrize("name", ["vllm/chat.sse", "vllm/chat-unicode.sse", "vllm/chat-length.sse"])
def test_the_offline_engine_s_answers_score_as_the_server_s(name: str) -> None:
    rows = finece.vllm.rows([offline(name)], model="smollm2")
    answer = whole((STREAMS / name).read_bytes())
    assert answer.headline is not None
    (row,) = finece.score(rows)
    assert (row["id"], row["answer"], row["model"], row["finish"]) == (
        "7",
        answer.text,
        "smollm2",
        answer.end and answer.end.reason,
    )
    assert row["confidence"] == answer.headline.fused
    assert [p["byte"] for p in json.loads(row["finece"])["positions"]] == [c.byte for c in answer.confidences]


def test_each_of_several_answers_is_a_row() -> None:
    output, other = offline("vllm/chat.sse"), offline("vllm/chat-unicode.sse")
    (alone,) = finece.score(finece.vllm.rows([other]))
    other.outputs[0].index = 1
    output.outputs += other.outputs
    rows = finece.score(finece.vllm.rows([output]))
    assert [row["index"] for row in rows] == [0, 1]
    assert rows[1]["confidence"] == alone["confidence"] != rows[0]["confidence"]


def test_answers_without_log_probabilities_or_without_texts_of_tokens() -> None:
    output = offline("vllm/chat.sse")
    (answer,) = output.outputs
    assert answer.logprobs is not None
    for alternatives in answer.logprobs:
        for logprob in alternatives.values():
            logprob.decoded_token = None  # SamplingParams(detokenize=False), say
    (row,) = finece.vllm.rows([output])
    assert row["logprobs"] == [
        alternatives[token].logprob for token, alternatives in zip(answer.token_ids, answer.logprobs, strict=True)
    ]
    answer.logprobs = None
    (row,) = finece.score(finece.vllm.rows([output]))
    assert (row["logprobs"], row["confidence"]) == (None, None)
    assert json.loads(row["finece"])["reason"] == "no-logprobs"
