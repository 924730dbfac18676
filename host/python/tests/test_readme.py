from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from conftest import ROOT
from replay import replaying

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
MAP = {"method": "temperature", "n": 9, "support": [0, 1], "clip": 1e-6, "parameters": [2]}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with replaying() as address:
        yield address


def name_of(example: str) -> str:
    return str(re.findall(r"finece\.(?!Session\b.*finece)\w+(?:\.\w+)?", example)[0])


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "import finece.ray" not in e], ids=name_of)
def test_the_examples_run(
    example: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    mpl.use("agg")
    monkeypatch.chdir(tmp_path)
    for name, value in {"OPENAI_BASE_URL": url + "/v1", "OPENAI_API_BASE": url + "/v1", "OPENAI_API_KEY": "k"}.items():
        monkeypatch.setenv(name, value)
    shutil.copy(ROOT / "host/cmd/finece/testdata/answers.jsonl", tmp_path)
    (tmp_path / "map.json").write_text(json.dumps({"finece_calibration": 1, "maps": {"all": MAP}}))
    exec(example.replace("http://127.0.0.1:8000", url), {"__name__": "example"})
    if "litellm.Logger" not in example:  # which is called later, beside the answer
        assert capfd.readouterr().out.strip()


def test_every_example_is_found() -> None:
    assert len(EXAMPLES) == README.count("```python") == 8
