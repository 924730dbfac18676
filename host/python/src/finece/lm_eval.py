"""Measures the confidences of lm-evaluation-harness, task by task.

::

    results = lm_eval.simple_evaluate(model="hf", model_args=..., tasks=["arc_easy"], log_samples=True)
    print(finece.lm_eval.evaluate(results)["arc_easy"].ece)

The harness's own "acc" says how often the most likely option is correct. These figures say whether you can
trust the probability of this option. ``finece eval`` computes the same from the harness's sample files.
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
    """Computes the figures of each multiple-choice task from the result of ``lm_eval.simple_evaluate(..., log_samples=True)``.

    Other tasks are left out. Raises ArgumentError if there are no samples.
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
    """For each multiple-choice sample: the confidence, and whether the chosen option is correct.

    The chosen option is the one with the largest log-likelihood, as for the harness's "acc". The confidence is
    its share in the softmax of all options' log-likelihoods. Samples without options, or without "acc", are left out.
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
    """The log-likelihoods of the options: each response is a list of one pair of the log-likelihood and a flag."""
    try:
        return [float(value) for ((value, _),) in responses]
    except (TypeError, ValueError):  # text of another kind of task
        return []
