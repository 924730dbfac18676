"""Confidences of answers from vLLM's offline engine.

::

    llm = vllm.LLM(model=...)
    outputs = llm.generate(prompts, vllm.SamplingParams(n=4, logprobs=5))
    scored = finece.score(finece.vllm.rows(outputs))

Score results of ray.data.llm with finece.ray. For streams of a vLLM server use finece.confidences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

__all__ = ["rows"]


def rows(outputs: Iterable[Any], *, model: str | None = None) -> list[dict[str, Any]]:
    """Returns a row for finece.score for each answer in the result of ``LLM.generate`` or ``LLM.chat``.

    A row has "id", "index" (the number of the answer to its request), "question" (the prompt, with the chat
    template if there is one), "answer", "finish" and "logprobs". If ``model`` is given, it becomes a column:
    the card of a map may cover one model only. Without ``SamplingParams(logprobs=...)`` there are no
    log-probabilities, and the answers get no confidence.
    """
    out: list[dict[str, Any]] = []
    for output in outputs:
        for answer in output.outputs:
            row: dict[str, Any] = {
                "id": output.request_id,
                "index": answer.index,
                "question": output.prompt,
                "answer": answer.text,
                "finish": answer.finish_reason,
                "logprobs": _logprobs(answer),
            }
            out.append(row if model is None else {**row, "model": model})
    return out


def _logprobs(answer: Any) -> list[Any] | None:
    """The entries in OpenAI's form; only the numbers if the texts of vLLM's tokens do not add up to the answer."""
    if answer.logprobs is None:
        return None
    entries: list[dict[str, Any]] = []
    for token, alternatives in zip(answer.token_ids, answer.logprobs, strict=True):
        of = cast("Mapping[int, Any]", alternatives)
        top = [_entry(a) for a in of.values()]
        entries.append({**_entry(of[token]), "top_logprobs": top})
    # A token that is a part of a character has no text.
    if answer.text in "".join(entry["token"] for entry in entries):
        return entries
    return [entry["logprob"] for entry in entries]


def _entry(of: Any) -> dict[str, Any]:
    return {"token": of.decoded_token or "", "logprob": of.logprob}
