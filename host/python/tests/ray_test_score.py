"""Run by make test-ray: it needs Ray, which no other test does."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from conftest import ROOT, lines, run

import finece.ray

ANSWERS = ROOT / "host/cmd/finece/testdata/answers.jsonl"
TIMES = int(os.environ.get("FINECE_RAY_TIMES", "100"))


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    here = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}}  # where an actor finds Mortal
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=here)
    yield
    ray.shutdown()


class Mortal(finece.ray.Score):
    """Dies once, in the middle of its third batch."""

    def __init__(self, died: str) -> None:
        super().__init__(strategy="paragraph+periodic", every=20)
        self.died, self.batches = died, 0

    def __call__(self, batch: Any) -> Any:
        out = super().__call__(batch)
        self.batches += 1
        if self.batches == 3:
            try:
                os.close(os.open(self.died, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return out
            os.kill(os.getpid(), signal.SIGKILL)
        return out


def test_a_run_with_a_killed_actor_is_complete_and_equal_to_finece_score(tmp_path: Path, command: Path) -> None:
    rows = [
        {**{k: row[k] for k in ("question", "answer", "logprobs")}, "id": f"{n}-{row['id']}"}
        for n in range(TIMES)
        for row in lines(ANSWERS.read_bytes())
    ]
    file, died = tmp_path / "answers.jsonl", tmp_path / "died"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    want = {row["id"]: row for row in lines(run(command, "score", "--strategy", "paragraph+periodic", "--every=20", file))}

    scored = ray.data.read_json(str(file), override_num_blocks=8).map_batches(
        Mortal,
        fn_constructor_kwargs={"died": str(died)},
        batch_size=max(1, len(rows) // 40),
        num_cpus=0.5,
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    got = scored.take_all()
    assert died.exists()
    assert len(got) == len({row["id"] for row in got}) == len(rows)
    for row in got:
        line = want[row["id"]]
        assert row["confidence"] == line["confidence"]
        assert json.loads(row["finece"]) == {k: v for k, v in line["finece"].items() if k not in ("hash", "settings")}


@pytest.mark.parametrize("batch_format", ["numpy", "pandas", "pyarrow"])
def test_batches_of_every_format(batch_format: str) -> None:
    rows = [{"reply": row["answer"], "logprobs": row["logprobs"]} for row in lines(ANSWERS.read_bytes())[:20]]
    scored = ray.data.from_items(rows).map_batches(
        finece.ray.Score,
        fn_constructor_kwargs={"columns": {"answer": "reply"}},
        batch_format=batch_format,
        num_cpus=0.5,
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    want = [row["confidence"] for row in finece.score(rows, columns={"answer": "reply"})]
    assert [row["confidence"] for row in scored.take_all()] == want


def test_the_example_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.jsonl").write_bytes(ANSWERS.read_bytes())
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    (example,) = re.findall(r"^```python\n(import finece.ray.*?)^```", readme, flags=re.DOTALL | re.MULTILINE)
    exec(
        example.replace('"answers.jsonl"', repr(str(tmp_path / "answers.jsonl"))).replace(
            '"scored"', repr(str(tmp_path / "scored"))
        )
    )
    assert ray.data.read_parquet(str(tmp_path / "scored")).count() == len(lines(ANSWERS.read_bytes()))
