"""Run by make test-lm-eval: it needs lm-evaluation-harness, which no other test does."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from conftest import lines, run
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker

import finece
import finece.lm_eval


class Guesses(LM):  # type: ignore[misc]
    """Knows the sum with some probability, and has a number for every option."""

    def loglikelihood(self, requests: Any) -> list[tuple[float, bool]]:
        out: list[tuple[float, bool]] = []
        for request in requests:
            question, option = request.args
            a, b = map(int, re.findall(r"\d+", question))
            random.seed(f"{question}{option}")
            out.append((random.gauss(-1, 1) - 2 * (int(option) != a + b), False))
        return out

    def generate_until(self, requests: Any) -> list[str]:
        return ["42" for _ in requests]

    def loglikelihood_rolling(self, requests: Any) -> list[float]:
        raise NotImplementedError


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the harness says of one multiple choice and of one task with free answers."""
    file = tmp_path_factory.mktemp("data") / "sums.jsonl"
    rows = [{"question": f"{n} + {n % 7}", "options": [str(n + n % 7 + k) for k in range(4)], "gold": 0} for n in range(200)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(file)}}, "test_split": "test"}
    choice = {
        "task": "sums", **data, "output_type": "multiple_choice", "doc_to_text": "{{question}}", "doc_to_choice": "{{options}}",
        "doc_to_target": "gold", "metric_list": [{"metric": "acc"}],
    }  # fmt: skip
    free = {
        "task": "free", **data, "output_type": "generate_until", "doc_to_text": "{{question}}",
        "doc_to_target": "{{options[0]}}", "metric_list": [{"metric": "exact_match"}],
    }  # fmt: skip
    return lm_eval.simple_evaluate(model=Guesses(), tasks=[choice, free], log_samples=True, bootstrap_iters=0)  # type: ignore[no-any-return]


def test_the_figures_are_those_of_finece_eval(results: dict[str, Any], tmp_path: Path, command: Path) -> None:
    evaluations = finece.lm_eval.evaluate(results)
    assert list(evaluations) == ["sums"]
    got = evaluations["sums"]
    assert got.accuracy == results["results"]["sums"]["acc,none"]
    assert 0.3 < got.accuracy < 0.95

    tracker = EvaluationTracker(output_path=str(tmp_path))
    tracker.save_results_aggregated(results=results, samples=results["samples"])
    tracker.save_results_samples("sums", results["samples"]["sums"])
    (file,) = tmp_path.rglob("samples_sums_*.jsonl")
    (want,) = lines(run(command, "eval", "--format", "json", "--id", "", file))
    for name in ("n", "accuracy", "ece", "mce", "smooth_ece", "brier", "brier_skill", "auroc", "augrc"):
        assert getattr(got, name) == pytest.approx(want[name], rel=1e-12), name


def test_results_without_samples(results: dict[str, Any]) -> None:
    with pytest.raises(finece.ArgumentError, match="log_samples=True"):
        finece.lm_eval.evaluate({**results, "samples": {}})
