"""Measures confidences with the core, which gives the same values as on a server and in a browser."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, cast

from finece._contract import ALPHA, BINS, DEPTH, MAX_INPUT, MAX_PAIRS, RULES, WIDTH, BinRule, Figures
from finece._core import Core, default_core
from finece._errors import ArgumentError

Undefined = Literal["no pairs", "one class"]

_WHY: Final[dict[int, Undefined]] = {1: "no pairs", 2: "one class"}
_SECTIONS: Final = struct.Struct("<IIII")
_ROW: Final = struct.Struct("<IHBBd")
_BIN: Final = struct.Struct("<ddQQdd")
#: The most memory that WebAssembly can have.
_MAX_MEMORY: Final = 4 << 30
_FIGURES: Final = tuple(f.name for f in fields(Figures))


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability diagram."""

    low: float
    """Lower edge."""
    high: float
    """Upper edge."""
    count: int
    """Answers in it."""
    correct: int
    """Correct answers in it."""
    confidence: float
    """Mean confidence; NaN in an empty bin."""
    accuracy: float
    """Share of correct answers; NaN in an empty bin."""


@dataclass(frozen=True, kw_only=True)
class Evaluation(Figures):
    """The figures of a set of pairs, and its reliability diagram."""

    why: dict[str, Undefined]
    """The reason of each figure that is NaN."""
    bins: tuple[Bin, ...]
    """The bins in the order of their edges; none without pairs."""

    @property
    def accuracy(self) -> float:
        """The share of correct answers; NaN without pairs."""
        return self.correct / self.n if self.n else float("nan")

    def plot(self, axes: Any = None) -> Any:
        """Draws the reliability diagram with matplotlib, and returns its axes."""
        from finece._plot import reliability

        return reliability(self, axes)

    def _repr_html_(self) -> str:
        from finece._html import evaluation

        return evaluation(self)


def evaluate(
    confidences: Iterable[float],
    correct: Iterable[bool | int],
    *,
    bins: int = BINS,
    rule: BinRule = RULES[0],
    core: Core | None = None,
) -> Evaluation:
    """Computes the figures of the pairs (confidences[i], correct[i]). The order of the pairs does not matter.

    Confidences are numbers from 0 to 1, and correct is 0 or 1, or true or false: lists, arrays
    or columns. ``bins`` is 1 to 65536. The core keeps all pairs in memory: 400 MB for 10 million of
    them, and at most 4 GiB, which is enough for about 100 million. ``finece eval`` takes any
    number. Raises ArgumentError for anything else.
    """
    values = floats_of(confidences, "confidences")
    labels = labels_of(correct)
    n = len(values) // 8
    if n != len(labels):
        raise ArgumentError(f"{n} confidences but {len(labels)} labels: want as many of each")
    if rule not in RULES or not 1 <= bins <= 65536:
        raise ArgumentError(f"{bins} bins by the rule {rule!r}: want 1 to 65536, and one of {', '.join(RULES)}")
    data = b"".join((_SECTIONS.pack(n, bins, RULES.index(rule), 0), values, labels))
    _fits(n, len(data), MAX_PAIRS, "finece eval takes any number")
    with (core or default_core()).instance(min((64 << 20) + 160 * n, _MAX_MEMORY)) as instance:
        instance.give(data, MAX_PAIRS)
        return _read(bytes(instance.answer("finece_evaluate", len(data))))


def _read(answer: bytes) -> Evaluation:
    """Reads the rows and the bins of a reply, as wasm/abi documents them. Unknown rows are left out."""
    _, size, count, each = _SECTIONS.unpack_from(answer)
    figures = dict.fromkeys(_FIGURES, float("nan"))
    why: dict[str, Undefined] = {}
    at, end = _SECTIONS.size, _SECTIONS.size + size
    while at < end:
        length, _, reason, letters, value = _ROW.unpack_from(answer, at)
        name = answer[at + _ROW.size : at + _ROW.size + letters].decode()
        if name in figures:
            figures[name] = value
            if reason in _WHY:
                why[name] = _WHY[reason]
        at += length
    bins = tuple(Bin(*_BIN.unpack_from(answer, end + i * each)) for i in range(count))
    return Evaluation(**figures, why=why, bins=bins)


def fuse(
    confidences: Iterable[float],
    parents: Sequence[int] | None = None,
    *,
    alpha: float = ALPHA,
    depth: int = DEPTH,
    width: int = WIDTH,
    core: Core | None = None,
) -> list[float]:
    """Revises the confidence of each node of a tree by those that follow it: Equation 5 of the FineCE paper.

    A confidence is a number from 0 to 1, or NaN where it is missing. ``parents`` has the index of
    each node's parent, an earlier one, and -1 for a root; without it the nodes are a path.
    Returns the fused values, NaN where there was none. Raises ArgumentError.
    """
    values = floats_of(confidences, "confidences")
    n = len(values) // 8
    tree = array("i", parents if parents is not None else range(-1, n - 1))
    if len(tree) != n:
        raise ArgumentError(f"{n} confidences but {len(tree)} parents: want as many of each")
    data = b"".join((struct.pack("<dIIII", alpha, depth, width, n, 0), values, tree.tobytes()))
    _fits(n, len(data), MAX_INPUT, "fuse the trees one by one")
    with (core or default_core()).instance((64 << 20) + 64 * n) as instance:
        return array("d", bytes(instance.send("finece_fuse", data))).tolist()


def floats_of(values: Iterable[float], what: str) -> bytes:
    """The numbers as the core reads them. Arrays and columns are copied once."""
    if hasattr(values, "__array__"):
        import numpy as np

        return cast("Any", np).ascontiguousarray(values, dtype="<f8").tobytes()  # type: ignore[no-any-return]
    try:
        return array("d", values).tobytes()
    except TypeError as cause:
        raise ArgumentError(f"{what}: {cause}; want numbers") from cause


def labels_of(correct: Iterable[bool | int]) -> bytes:
    """Whether each answer is correct, as the core reads it: a byte 0 or 1."""
    if hasattr(correct, "__array__"):
        import numpy as np

        labels: Any = cast("Any", np).asarray(correct)
        if not ((labels == 0) | (labels == 1)).all():
            raise ArgumentError("a label is neither 0 nor 1: want 0 or 1, or true or false")
        return labels.astype("u1").tobytes()  # type: ignore[no-any-return]
    listed = list(correct)
    for i, label in enumerate(listed):
        if label not in (0, 1):
            raise ArgumentError(f"label {i} is {label!r}: want 0 or 1, or true or false")
    return bytes(map(int, listed))


def _fits(n: int, size: int, most: int, advice: str) -> None:
    if size > most:
        raise ArgumentError(f"{n} values are {size} bytes, and one call takes {most}: {advice}")
