"""Confidences of lm-evaluation-harness: how good they are, task by task.

::

    results = lm_eval.simple_evaluate(model="hf", model_args=..., tasks=["arc_easy"], log_samples=True)
    print(finece.lm_eval.evaluate(results)["arc_easy"].ece)

The harness's own "acc" says how often the most likely option is correct. This says whether its
probability is to be trusted. ``finece eval`` says the same of the sample files that the harness writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp
from typing import Any

from finece._contract import BINS, RULES, BinRule
from finece._core import Core
from finece._errors import ArgumentError
from finece._metrics import Evaluation
from finece._metrics import evaluate as _evaluate

__all__ = ["evaluate", "pairs"]


def evaluate(
    results: Mapping[str, Any], *, bins: int = BINS, rule: BinRule = RULES[0], core: Core | None = None
) -> dict[str, Evaluation]:
    """The figures of each multiple-choice task in what ``lm_eval.simple_evaluate(..., log_samples=True)`` returns.

    Tasks of another kind are left out. Raises ArgumentError if there are no samples.
    """
    samples: Mapping[str, Any] | None = results.get("samples")
    if not samples:
        raise ArgumentError("the results have no samples: give simple_evaluate log_samples=True")
    out: dict[str, Evaluation] = {}
    for task, rows in samples.items():
        confidences, correct = pairs(rows)
        if confidences:
            out[task] = _evaluate(confidences, correct, bins=bins, rule=rule, core=core)
    return out


def pairs(samples: Iterable[Mapping[str, Any]]) -> tuple[list[float], list[bool]]:
    """The confidence of each sample of a multiple choice, and whether the option is correct.

    The confidence is the softmax of the options' log-likelihoods at the largest one, which is the option that
    the harness's "acc" is about. Samples without options, or without "acc", are left out.
    """
    confidences: list[float] = []
    correct: list[bool] = []
    for sample in samples:
        options = _options(sample.get("resps"))
        if len(options) > 1 and sample.get("acc") in (0, 1):
            most = max(options)
            confidences.append(1 / sum(exp(v - most) for v in options))
            correct.append(sample["acc"] == 1)
    return confidences, correct


def _options(responses: Any) -> list[float]:
    """The log-likelihoods of the options: each response is a list of one pair, of it and whether it is greedy."""
    try:
        return [float(value) for ((value, _),) in responses]
    except (TypeError, ValueError):  # text of another kind of task
        return []
