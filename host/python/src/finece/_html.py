"""The HTML that notebooks show."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from finece._answer import Answer, shown, word

if TYPE_CHECKING:
    from finece._contract import Confidence
    from finece._metrics import Evaluation

_COLOURS = {"low": "#fde2e1", "medium": "#fdf3d6", "high": "#dff2e1"}


def answer(of: Answer) -> str:
    """The answer's text, each part with the confidence of the position that ends it."""
    text = of.text.encode()
    parts: list[str] = []
    at = 0
    for c in sorted(of.confidences, key=lambda c: c.byte):
        if c.segment != "answer" or c.byte <= at:
            continue
        parts.append(_part(text[at : c.byte].decode("utf-8", "replace"), c))
        at = c.byte
    if at < len(text):
        parts.append(_part(text[at:].decode("utf-8", "replace"), None))
    headline = of.headline
    said = shown(headline) or "not available" + (f": {headline.reason}" if headline and headline.reason else "")
    what = "probably right" if headline and headline.calibrated else "certainty"
    return f"<div style='line-height:1.6'>{''.join(parts)}<p><b>{what}: {escape(said)}</b></p></div>"


def _part(text: str, c: Confidence | None) -> str:
    body = escape(text).replace("\n", "<br>")
    if c is None or c.fused is None:
        why = escape(c.reason or "") if c is not None else ""
        return f"<span title='{why}'>{body}</span>"
    level = word(c) or "low" if not c.calibrated else "low" if c.fused < 0.5 else "medium" if c.fused < 0.8 else "high"
    badge = f"<sup style='color:#555;font-size:70%'>&nbsp;{escape(shown(c))}&nbsp;</sup>"
    title = f"position {c.index}, {c.state}"
    return f"<span title='{title}' style='background:{_COLOURS[level]};color:#111'>{body}</span>{badge}"


def evaluation(of: Evaluation) -> str:
    """The figures as a table."""
    rows = [("pairs", f"{of.n:.0f}"), ("correct", f"{of.correct:.0f}")]
    for name in ("ece", "mce", "smooth_ece", "brier", "brier_skill", "auroc", "augrc"):
        rows.append((name, of.why[name] if name in of.why else f"{getattr(of, name):.4f}"))
    cells = "".join(f"<tr><td style='text-align:left'>{n}</td><td>{escape(v)}</td></tr>" for n, v in rows)
    return f"<table>{cells}</table>"
