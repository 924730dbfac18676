"""What the tests share."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import finece

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "wasm/session/testdata/demo.sse"
STREAMS = ROOT / "wasm/stream/fixture/streams"


def fixtures() -> list[Path]:
    """The project's own streams of model servers."""
    return sorted(p for p in STREAMS.glob("*/*") if p.name != "want.json")


@pytest.fixture(scope="session")
def core() -> finece.Core:
    return finece.core()


@pytest.fixture(scope="session")
def command() -> Path:
    """The command finece, which make test-python builds."""
    path = Path(os.environ.get("FINECE", ROOT / "build/finece"))
    assert path.exists(), f"{path} is not there: run make test-python"
    return path


def run(*arguments: str | Path, input: bytes | None = None) -> bytes:
    """What a command prints. Exit codes 1 and 3 say that some of the input had no confidence."""
    done = subprocess.run([str(a) for a in arguments], input=input, capture_output=True)
    assert done.returncode in (0, 1, 3), done.stderr.decode()
    return done.stdout


def printed(*arguments: str | Path) -> Iterator[bytes]:
    """The lines of what a command prints, one after the other, with the same exit codes as run."""
    with subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield from process.stdout
    assert process.returncode in (0, 1, 3), process.args


@contextmanager
def serving(command: Path, *arguments: str) -> Iterator[str]:
    """The address of finece serve, which answers with the built-in model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    server = subprocess.Popen([command, "serve", "--listen", address, *arguments], stderr=subprocess.PIPE)
    try:
        for _ in range(600):
            assert server.poll() is None, server.communicate()[1].decode()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.communicate()


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]
