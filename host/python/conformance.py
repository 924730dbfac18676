"""python conformance.py finece.wasm corpus.json: plays the corpus through the package's instances."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from finece import Core


def play(core: Core, case: dict[str, Any]) -> str:
    """The hash of the answers of a fresh instance to one case."""
    instance = core.lease()  # it is never given back
    sums = hashlib.sha256()

    def send(name: str, data: bytes) -> None:
        length = instance.give(data)
        sums.update(instance.reply(name, length))

    given = base64.b64decode(case["input"] or "")
    if case["kind"] != "session":
        send("finece_" + case["kind"], given)
        return sums.hexdigest()
    send("finece_open", given)
    data, at = base64.b64decode(case["data"] or ""), 0
    for cut in case["cuts"] or ():
        send("finece_write", data[at : at + cut])
        at += cut
    sums.update(instance.reply("finece_end"))
    return sums.hexdigest()


if __name__ == "__main__":
    wasm, corpus = (Path(argument) for argument in sys.argv[1:])
    core = Core(wasm)
    sums = [play(core, case) for case in json.loads(corpus.read_text())]
    print(json.dumps({"module": core.sha256, "sums": sums}))
