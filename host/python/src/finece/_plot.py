"""Diagrams, drawn by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finece._metrics import Evaluation


def reliability(evaluation: Evaluation, axes: Any = None) -> Any:
    """The reliability diagram: for each bin the share of correct answers, and how many there are.

    A bar below the diagonal means that the confidences in that bin are too high.
    """
    import matplotlib.pyplot as plt

    if axes is None:
        _, axes = plt.subplots(figsize=(5, 5))
    filled = [b for b in evaluation.bins if b.count]
    most = max((b.count for b in filled), default=1)
    axes.bar(
        [b.low for b in filled],
        [b.accuracy for b in filled],
        [b.high - b.low for b in filled],
        align="edge",
        color=[(0.16, 0.38, 0.72, 0.25 + 0.75 * b.count / most) for b in filled],
        edgecolor="white",
        label="share correct",
    )
    axes.plot([b.confidence for b in filled], [b.accuracy for b in filled], "o", color="black", ms=4, label="mean confidence")
    axes.plot([0, 1], [0, 1], "--", color="gray", lw=1, label="perfect")
    for b in filled:
        axes.annotate(str(b.count), ((b.low + b.high) / 2, 0.01), ha="center", fontsize=7, color="dimgray")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share correct", aspect="equal")
    axes.set_title(f"ECE {100 * evaluation.ece:.1f}%, AUROC {100 * evaluation.auroc:.1f}%, n = {evaluation.n:.0f}", fontsize=10)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    return axes
