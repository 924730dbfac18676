"""python bench.py: the speed of a session beside wazero's, on the same streams, in turns, by CPU time."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from pathlib import Path

import finece

ROOT = Path(__file__).parents[2]
ROUNDS = 5


def python(data: bytes) -> float:
    """MB for a second of CPU time of a session that is reused: records are made, too."""
    with finece.Session() as session:
        times, start = 0, time.process_time()
        while time.process_time() < start + 1:
            session.reset()
            session.write(data)
            session.end()
            times += 1
        return times * len(data) / 1e6 / (time.process_time() - start)


def wazero() -> dict[str, float]:
    """The same of the benchmark in Go. It makes events, and no records of them."""
    command = ["go", "test", "-run", "^$", "-bench", "^BenchmarkStream$", "-benchtime", "1s", "./host/wazero"]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name: float(speed) for name, speed in re.findall(r"BenchmarkStream/(\w+)\S*\s.*?([\d.]+) MB/cpu-s", out)}


if __name__ == "__main__":
    demo = (ROOT / "wasm/session/testdata/demo.sse").read_bytes()
    streams = {"demo": demo, "long": demo.removesuffix(b"data: [DONE]\n\n") * 40}
    ratios: dict[str, list[float]] = {name: [] for name in streams}
    for _ in range(ROUNDS):
        there = wazero()
        for name, data in streams.items():
            here = python(data)
            ratios[name].append(here / there[name])
            print(f"{name}: {here:.0f} MB/s, wazero {there[name]:.0f} MB/s, {ratios[name][-1]:.2f} of it")
    for name, of in ratios.items():
        size = len(streams[name]) / 1e3
        print(f"{name}, {size:.0f} KB: median {statistics.median(of):.2f} of wazero's speed, {min(of):.2f} to {max(of):.2f}")
