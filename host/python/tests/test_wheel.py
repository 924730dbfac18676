from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from conftest import ROOT


def test_the_wheel_has_the_core_and_passes_twine(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(ROOT / "host/python")]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("finece-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as files:
        assert "finece/py.typed" in files.namelist()
        core = files.read("finece/finece.wasm")
    assert hashlib.sha256(core).digest() == hashlib.sha256((ROOT / "wasm/finece.wasm").read_bytes()).digest()
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", str(wheel)], check=True, capture_output=True)
