from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import ROOT, lines, run

import finece
from finece import _contract, _metrics

ANSWERS = ROOT / "host/cmd/finece/testdata/answers.jsonl"

TOKENS = [{"token": " One", "logprob": -0.1}, {"token": ".\n\n", "logprob": -0.2}, {"token": "日", "logprob": -3.5}]
ODD: list[dict[str, Any]] = [
    {"answer": "One two.\n\nThree."},
    {"answer": "", "logprobs": [-1, -2]},
    {"answer": "abc", "logprobs": [-1, -2, -3, -4, -5]},
    {"answer": "日本\n\nabc", "logprobs": [-1, -0.5, -3, -4], "question": "What?", "model": "m"},
    {"answer": " One.\n\n日", "logprobs": {"content": TOKENS}},
    {"answer": "One.\n\n日", "logprobs": TOKENS},  # trimmed
    {"answer": "One.", "logprobs": [*TOKENS, {"token": "<end>", "logprob": 0}]},  # and cut inside a token
    {"answer": "é!", "logprobs": [{"token": "\\xc3", "bytes": [195], "logprob": -1},
                                  {"token": "\\xa9", "bytes": [169], "logprob": -1},
                                  {"token": "!", "logprob": -2, "top_logprobs": [{"token": "?", "logprob": -1.5}]}]},
    {"answer": "ab", "logprobs": [{"token": "a", "bytes": None, "logprob": -1}, {"token": "b", "logprob": -9999}]},
    {"answer": "ab", "logprobs": [0.5, -1]},
    {"answer": "x" * 400_000 + "\n\nend", "logprobs": [-0.5] * 50_000},
]  # fmt: skip


def scored_by_the_command(command: Path, rows: list[dict[str, Any]], *flags: str) -> list[dict[str, Any]]:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    out = lines(run(command, "score", *flags, "-", input=text))
    assert len(out) == len(rows)
    return out


def unnamed(value: dict[str, Any]) -> dict[str, Any]:
    """The object without what names a line of a file."""
    return {k: v for k, v in value.items() if k not in ("hash", "settings")}


@pytest.mark.parametrize(
    "settings", [{}, {"strategy": "paragraph+periodic+entropy", "every": 7, "estimator": "min-prob", "depth": 0}]
)
def test_the_digits_are_those_of_finece_score(command: Path, settings: Any) -> None:
    rows = [*lines(ANSWERS.read_bytes()), *ODD]
    flags = {"strategy": "--strategy", "every": "--every", "estimator": "--method", "depth": "--depth"}
    want = scored_by_the_command(command, rows, *(f"{flags[k]}={v}" for k, v in settings.items()))
    for row, line in zip(finece.score(rows, **settings), want, strict=True):
        assert row["confidence"] == line["confidence"]
        assert json.loads(row["finece"]) == unnamed(line["finece"])


def test_the_object_has_the_same_bytes(command: Path) -> None:
    rows = lines(ANSWERS.read_bytes())[:20]
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    for line, row in zip(run(command, "score", "-", input=text).decode().splitlines(), finece.score(rows), strict=True):
        assert row["finece"].removesuffix("}") + ',"hash"' in line


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "list"])
def test_every_kind_of_data_gets_the_same_columns(kind: str) -> None:
    rows = [{k: row[k] for k in ("question", "answer", "logprobs")} for row in lines(ANSWERS.read_bytes())[:30]]
    rows += [
        {"question": None, "answer": None, "logprobs": None},
        {"question": None, "answer": "No numbers.", "logprobs": None},
    ]
    frame: Any = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table.from_pylist, "list": list}[kind](rows)
    with pytest.warns(UserWarning, match='1 of 32 rows could not be scored; row 30: no "answer"'):
        got = finece.score(frame)
    assert type(got) is type(frame)
    confidences = got["confidence"].to_list() if kind in ("pandas", "polars") else None
    if kind == "pyarrow":
        confidences = got["confidence"].to_pylist()
        assert got.column_names == ["question", "answer", "logprobs", "confidence", "finece"]
    if kind == "list":
        confidences = [row["confidence"] for row in got]
    assert confidences is not None
    want = [row["confidence"] for row in finece.score(rows[:30])]
    assert confidences[:30] == want
    assert all(c is None or math.isnan(c) for c in confidences[30:])
    with pytest.raises(finece.ArgumentError, match="overwrite=True"):
        finece.score(got)
    with pytest.warns(UserWarning, match="could not be scored"):
        again = finece.score(got, overwrite=True)
    assert str(again) == str(got)


def test_columns_may_have_other_names_and_logprobs_may_be_text(command: Path) -> None:
    rows = lines(ANSWERS.read_bytes())[:5]
    frame = pd.DataFrame(
        {"response": [r["answer"] for r in rows], "lp": [json.dumps(r["logprobs"]) for r in rows]}, index=list("abcde")
    )
    got = finece.score(frame, columns={"answer": "response", "logprobs": "lp"})
    assert got["confidence"].to_dict() == dict(zip("abcde", [r["confidence"] for r in finece.score(rows)], strict=True))
    with pytest.raises(finece.ArgumentError, match="columns="):
        finece.score(frame)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"answer": 7}, "answer is a int, want a text"),
        ({"answer": "a", "logprobs": "none"}, "logprobs is a text that is not JSON"),
        ({"answer": "a", "logprobs": 7}, "neither a list"),
        ({"answer": "a", "logprobs": [None]}, r"logprobs\[0\] is None, want a number"),
        ({"answer": "a", "logprobs": [-1.0, float("nan")]}, r"logprobs\[1\] is nan"),
        ({"answer": "a", "logprobs": [{"token": "a"}]}, r"logprobs\[0\] has no logprob"),
        ({"answer": "a", "logprobs": [{"token": "a", "bytes": [256], "logprob": 0}]}, r"logprobs\[0\].bytes"),
        ({"answer": "abc", "logprobs": [{"token": "ab", "logprob": 0}, {"token": "d", "logprob": 0}]}, "differ at byte 2"),
    ],
)
def test_a_row_that_cannot_be_scored_is_null(row: dict[str, Any], why: str) -> None:
    with pytest.warns(UserWarning, match=why):
        (got,) = finece.score([row])
    assert (got["confidence"], got["finece"]) == (None, None)


def test_a_lost_core_costs_one_row() -> None:
    core = finece.Core(memory_limit=2 << 20)
    rows = [{"answer": "a", "logprobs": [-1]}, {"answer": "x" * (4 << 20), "logprobs": [-1]}, {"answer": "b", "logprobs": [-2]}]
    with pytest.warns(UserWarning, match="1 of 3 rows could not be scored; row 1: the core trapped"):
        got = finece.score(rows, core=core, max_event=16 << 20)
    assert [row["confidence"] is None for row in got] == [False, True, False]


def pairs(n: int, seed: int = 1) -> tuple[list[float], list[bool]]:
    rng = random.Random(seed)
    conf = [rng.choice((rng.random(), round(rng.random(), 1))) for _ in range(n)]
    return conf, [rng.random() < c for c in conf]


def evaluated_by_the_command(command: Path, conf: list[float], correct: list[bool], *flags: str) -> dict[str, Any]:
    text = "".join(json.dumps({"confidence": c, "correct": k}) + "\n" for c, k in zip(conf, correct, strict=True))
    (out,) = lines(run(command, "eval", "--format", "json", *flags, "-", input=text.encode()))
    return out


@pytest.mark.parametrize(
    ("flags", "options"),
    [((), {}), (("--mode=guo", "--bins=15"), {"rule": "guo", "bins": 15}), (("--mode=netcal",), {"rule": "netcal"})],
)
@pytest.mark.parametrize("n", [3, 5000])
def test_the_figures_are_those_of_finece_eval(command: Path, flags: tuple[str, ...], options: Any, n: int) -> None:
    conf, correct = pairs(n)
    want = evaluated_by_the_command(command, conf, correct, *flags)
    for numbers in ((conf, correct), (np.array(conf), np.array(correct)), (pd.Series(conf), pl.Series(correct))):
        got = finece.evaluate(numbers[0], numbers[1], **options)
        for name in ("n", "accuracy", "ece", "mce", "smooth_ece", "brier", "brier_skill", "auroc", "augrc"):
            assert getattr(got, name) == want[name], name
    assert sum(b.count for b in got.bins) == n - (conf.count(0) if options.get("rule") == "guo" else 0)
    if not options:
        assert finece.evaluate(conf, correct, rule="equal-mass").ece == want["ece_mass"]


def test_many_pairs(command: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a stream may give the core in one call."""
    rng = np.random.default_rng(1)
    conf = rng.random(2_000_000)
    correct = rng.random(len(conf)) < conf
    text = "".join(f"{c!r},{k:d}\n" for c, k in zip(conf.tolist(), correct.tolist(), strict=True))
    flags = ("--format=json", "--resamples=1")
    (want,) = lines(run(command, "eval", *flags, "-", input=b"confidence,correct\n" + text.encode()))
    got = finece.evaluate(conf, correct)
    for name in ("n", "accuracy", "ece", "mce", "smooth_ece", "brier", "brier_skill", "auroc", "augrc"):
        assert getattr(got, name) == want[name], name
    monkeypatch.setattr(_metrics, "MAX_PAIRS", 900)
    with pytest.raises(finece.ArgumentError, match="finece eval takes any number"):
        finece.evaluate(np.zeros(100), np.zeros(100))


def test_a_map_is_fitted_by_the_command(command: Path, tmp_path: Path) -> None:
    conf, correct = pairs(400)
    got = finece.Calibration.fit(np.array(conf), correct, method="platt", command=command)
    text = "".join(json.dumps({"confidence": c, "correct": k}) + "\n" for c, k in zip(conf, correct, strict=True))
    run(command, "calibrate", "--method=platt", "-o", tmp_path / "map.json", "-", input=text.encode())
    assert got == finece.Calibration.load(tmp_path / "map.json")
    assert finece.evaluate(got.apply(conf), correct).ece < 0.1
    for conf, correct, method, why in (([0.5], [True, False], "platt", "1 confidences but 2"), ([0.5], [True], "hope", "hope")):
        with pytest.raises(finece.ArgumentError, match=why):
            finece.Calibration.fit(conf, correct, method=method, command=command)
    with pytest.raises(finece.FineceError, match=r"cannot run /no/finece: .*command="):
        finece.Calibration.fit([0.5], [True], command="/no/finece")


def test_what_is_no_pair_is_refused() -> None:
    for conf, correct, why in (
        ([0.5], [1, 0], "1 confidences but 2 labels"), ([0.5], [2], "label 0 is 2"), (["a"], [1], "want numbers"),
        ([1.5], [1], "want a number from 0 to 1"), ([float("nan")], [1], "want a number from 0 to 1"),
        (np.array([0.5]), np.array([0.5]), "neither 0 nor 1"),
    ):  # fmt: skip
        with pytest.raises(finece.ArgumentError, match=why):
            finece.evaluate(conf, correct)  # type: ignore[arg-type]
    with pytest.raises(finece.ArgumentError, match="right-closed"):
        finece.evaluate([0.5], [1], bins=0)


def test_a_figure_that_is_not_defined_says_why() -> None:
    got = finece.evaluate([0.75], [1])
    assert (math.isnan(got.auroc), got.why["auroc"]) == (True, "one class")
    assert finece.evaluate([], []).why["ece"] == "no pairs"
    assert "one class" in got._repr_html_()


def test_fusing_a_path() -> None:
    assert finece.fuse([0.2, 0.5, 0.9], alpha=1) == [0.2, 0.5, 0.9]
    assert finece.fuse([0.2, 0.6], alpha=0.5, depth=1) == [0.4, 0.6]
    assert math.isnan(finece.fuse([float("nan"), 0.5], [-1, -1])[0])
    with pytest.raises(finece.ArgumentError, match="parents"):
        finece.fuse([0.2], [-1, 0])
    with pytest.raises(finece.ArgumentError):
        finece.fuse([0.2, 0.3], [1, -1])


@pytest.mark.parametrize("method", [m for m in _contract.MAPS if m])
def test_a_map_gives_what_finece_score_gives(command: Path, tmp_path: Path, method: str) -> None:
    rows = lines(ANSWERS.read_bytes())
    plain = scored_by_the_command(command, rows)
    file = tmp_path / "map.json"
    run(command, "calibrate", "--method", method, "-o", file, "-", input="".join(json.dumps(r) + "\n" for r in plain).encode())
    mapped = scored_by_the_command(command, rows, f"--calibration={file}")

    calibration = finece.Calibration.load(file)
    raw = [row["confidence"] for row in plain]
    want = [row["confidence"] for row in mapped]
    assert calibration.apply(raw) == want
    got = calibration.apply(np.array(raw))
    assert isinstance(got, np.ndarray)
    assert got.tolist() == want
    assert [row["confidence"] for row in finece.score(rows, calibration=calibration)] == want
    assert all(math.isnan(v) for v in calibration.apply([-0.1, 1.1, float("nan")]))
    assert method in repr(calibration)

    calibration.save(tmp_path / "again.json")
    assert finece.Calibration.load(tmp_path / "again.json").apply(raw, band="early") == calibration.apply(raw, band="early")


def test_many_confidences_go_through_a_map_in_blocks() -> None:
    one = {"method": "temperature", "n": 9, "support": [0, 1], "clip": 1e-6, "parameters": [2]}
    calibration = finece.Calibration({"finece_calibration": 1, "maps": {"all": one}})
    conf = np.linspace(0, 1, 2_500_000)
    got = calibration.apply(conf)
    assert got.shape == conf.shape
    some = slice(None, None, 99_991)
    assert got[some].tolist() == calibration.apply(conf[some].tolist())


def test_files_that_are_no_calibrations_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    for text, why in (("{", "not JSON"), ("{}", "finece calibrate"), ('{"finece_calibration": 1, "maps": 1}', "maps")):
        file.write_text(text)
        with pytest.raises(finece.ConfigError, match=why):
            finece.Calibration.load(file)


def test_a_diagram_and_an_answer_are_shown(tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    axes = finece.evaluate(*pairs(500)).plot()
    assert axes.get_xlabel() == "confidence"
    axes.figure.savefig(tmp_path / "reliability.png")
    assert (tmp_path / "reliability.png").stat().st_size > 5000

    row = lines(ANSWERS.read_bytes())[0]
    with finece.Scorer() as scorer:
        answer = scorer.answer("<b>1 & 2</b>\n\n" + row["answer"], row["logprobs"])
    shown = answer._repr_html_()
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;" in shown
    assert "certainty: high" in shown
    assert shown.count("<sup") >= 5
