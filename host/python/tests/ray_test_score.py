"""Run by make test-ray: it needs Ray, which no other test does."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from conftest import ROOT, lines, printed

import finece.ray

ANSWERS = ROOT / "host/cmd/finece/testdata/answers.jsonl"
TIMES = int(os.environ.get("FINECE_RAY_TIMES", "100"))
#: Rows of a batch, and of a file: a file is what one task of Ray reads into memory.
BATCH, FILE = 500, 2500
#: Bytes of a row's digest: two rows of a million are alike by chance once in 1e26 runs.
DIGEST = 16


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    here = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}}  # where an actor finds Mortal
    for attempt in range(10):
        try:
            ray.init(
                num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=here, object_store_memory=1_000_000_000
            )
            break
        except Exception as cause:  # Ray gives itself 30 s to start, which a busy machine may not
            if "timed out during startup" not in str(cause) or attempt == 9:
                raise
            ray.shutdown()
    yield
    ray.shutdown()


class Mortal(finece.ray.Score):
    """Dies once, after so many of its batches."""

    def __init__(self, died: str, after: int) -> None:
        super().__init__(strategy="paragraph+periodic", every=20)
        self.died, self.left = died, after

    def __call__(self, batch: Any) -> Any:
        out = super().__call__(batch)
        self.left -= 1
        if self.left == 0:
            try:
                os.close(os.open(self.died, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return out
            os.kill(os.getpid(), signal.SIGKILL)
        return out


class Digests:
    """A digest of each row, by its number: what a comparison of many rows has to keep of them."""

    def __init__(self, rows: int) -> None:
        self.kept = bytearray(DIGEST * rows)
        self.rows = 0

    def add(self, row: int, confidence: float | None, scored: dict[str, Any]) -> None:
        """Takes a row. It says if there was one of this number already."""
        at = slice(DIGEST * row, DIGEST * (row + 1))
        assert not any(self.kept[at]), f"row {row} is there twice"
        said = json.dumps([confidence, scored], sort_keys=True).encode()
        self.kept[at] = hashlib.blake2b(said, digest_size=DIGEST).digest()
        self.rows += 1

    def differences(self, other: Digests) -> list[int]:
        """The rows that differ, or that only one has."""
        if self.kept == other.kept:
            return []
        return [
            at // DIGEST
            for at in range(0, len(self.kept), DIGEST)
            if self.kept[at : at + DIGEST] != other.kept[at : at + DIGEST]
        ]


def write(folder: Path, rows: list[dict[str, Any]]) -> list[Path]:
    """Writes the rows TIMES times, with a number for each, into files of a size that suits Ray."""
    folder.mkdir()
    numbered = enumerate(row for _ in range(TIMES) for row in rows)
    files: list[Path] = []
    while some := list(itertools.islice(numbered, FILE)):
        files.append(folder / f"{len(files):04}.jsonl")
        with files[-1].open("w") as out:
            out.writelines(json.dumps({**row, "id": n}) + "\n" for n, row in some)
    return files


def test_a_run_with_a_killed_actor_is_complete_and_equal_to_finece_score(
    tmp_path: Path, command: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{k: row[k] for k in ("question", "answer", "logprobs")} for row in lines(ANSWERS.read_bytes())]
    total = len(rows) * TIMES
    files, died = write(tmp_path / "answers", rows), tmp_path / "died"

    begun = time.monotonic()
    scored = ray.data.read_json([str(file) for file in files]).map_batches(
        Mortal,
        fn_constructor_kwargs={"died": str(died), "after": max(1, total // BATCH // 4)},
        batch_size=BATCH,
        num_cpus=0.5,
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    got = Digests(total)
    for batch in scored.select_columns(["id", "confidence", "finece"]).iter_batches(batch_size=BATCH):
        for row, confidence, finece_ in zip(*(batch[k].tolist() for k in ("id", "confidence", "finece")), strict=True):
            got.add(row, confidence, json.loads(finece_))
    assert died.exists()
    assert got.rows == total
    ray_took = time.monotonic() - begun

    begun, want = time.monotonic(), Digests(total)
    for line in printed(command, "score", "--strategy", "paragraph+periodic", "--every=20", *files):
        row = json.loads(line)
        want.add(row["id"], row["confidence"], {k: v for k, v in row["finece"].items() if k not in ("hash", "settings")})
    assert want.rows == total
    assert got.differences(want) == []
    with capsys.disabled():
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"\n{total} answers, one actor killed: Ray took {ray_took:.0f} s, finece score and the comparison")
        print(f"{time.monotonic() - begun:.0f} s, and this process had at most {most} MiB")


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
