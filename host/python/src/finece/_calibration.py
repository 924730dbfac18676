"""Calibration maps: files that finece calibrate writes."""

from __future__ import annotations

import json
import struct
import subprocess
from array import array
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from finece._contract import BANDS, MAX_INPUT, Band
from finece._core import Core, default_core
from finece._errors import ArgumentError, ConfigError, FineceError
from finece._metrics import floats_of, labels_of

#: How many confidences one call of the core takes, with room for the calibration.
_BLOCK: Final = 1 << 20


class Calibration(Mapping[str, Any]):
    """A calibration map, or several, as finece calibrate writes them. It is a setting of a session::

        finece.confidences(stream, calibration=finece.Calibration.load("map.json"))

    Raises ConfigError for data that is not a calibration.
    """

    def __init__(self, value: Mapping[str, Any], *, core: Core | None = None) -> None:
        self._value: dict[str, Any] = dict(value)
        self._core = core or default_core()
        with self._core.open(calibration=self._value):  # the core checks it
            pass

    @classmethod
    def load(cls, path: str | PathLike[str], *, core: Core | None = None) -> Self:
        """Reads a file."""
        try:
            value: object = json.loads(Path(path).read_bytes())
        except ValueError as cause:
            raise ConfigError(f"{path} is not JSON: {cause}; want a file of finece calibrate") from cause
        if not isinstance(value, dict) or "finece_calibration" not in value:
            raise ConfigError(f'{path} has no "finece_calibration": want a file of finece calibrate')
        return cls(value, core=core)  # pyright: ignore[reportUnknownArgumentType]

    @classmethod
    def fit(
        cls,
        confidences: Iterable[float],
        correct: Iterable[bool | int],
        *,
        method: str | None = None,
        command: str | PathLike[str] = "finece",
        core: Core | None = None,
    ) -> Self:
        """Fits a map on labelled answers with the command ``finece calibrate``.

        finece.wasm can apply a map, but not fit one. So the command has to be installed; ``command`` is its path.
        The pairs are those of evaluate, and ``method`` is a value of the command's flag ``--method``, by default
        the command's own default. Raises ArgumentError if the command refuses the pairs, and FineceError if it
        cannot run the command.
        """
        values = array("d", floats_of(confidences, "confidences"))
        labels = labels_of(correct)
        if len(values) != len(labels):
            raise ArgumentError(f"{len(values)} confidences but {len(labels)} labels: want as many of each")
        rows = "".join(f"{value!r},{label}\n" for value, label in zip(values, labels, strict=True))
        with TemporaryDirectory() as folder:
            made = Path(folder) / "map.json"
            arguments = [command, "calibrate", "--output", made, *(["--method", method] if method else []), "-"]
            try:
                done = subprocess.run(arguments, input=b"confidence,correct\n" + rows.encode(), capture_output=True)
            except OSError as cause:
                raise FineceError(
                    f"cannot run {command}: {cause}; the command finece fits maps: install it, or give its path as command="
                ) from cause
            if done.returncode != 0:
                raise ArgumentError(f"finece calibrate: {done.stderr.decode(errors='replace').strip()}")
            return cls.load(made, core=core)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a file that finece score, watch and serve read with --calibration."""
        Path(path).write_text(json.dumps(self._value) + "\n")

    def apply(self, confidences: Iterable[float], *, band: Band = BANDS[-1]) -> Any:
        """The calibrated values of raw confidences, NaN for one that is not in [0,1].

        ``band`` chooses the map: for the question alone, for early positions, or for late positions and
        the whole answer. Returns a numpy array for arrays and columns, else a list.
        """
        data = floats_of(confidences, "confidences")
        config = json.dumps({"calibration": self._value}).encode()
        answers: list[bytes] = []
        block = min(_BLOCK, (MAX_INPUT - len(config)) // 8 - 1)
        with self._core.instance(64 << 20) as instance:
            for at in range(0, len(data), 8 * block):
                part = data[at : at + 8 * block]
                head = struct.pack("<II", len(part) // 8, BANDS.index(band))
                answers.append(bytes(instance.send("finece_apply", b"".join((head, part, config)))))
        applied = array("d", b"".join(answers))
        if not hasattr(confidences, "__array__"):
            return applied.tolist()
        import numpy as np

        return np.array(applied)

    def __getitem__(self, key: str) -> Any:
        return self._value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        maps = ", ".join(f"{band}: {m.get('method')}" for band, m in self._value.get("maps", {}).items())
        return f"<finece.Calibration {maps}>"
