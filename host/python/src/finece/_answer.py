"""Collects the records of a stream: its answers, with all their positions."""

from __future__ import annotations

from dataclasses import dataclass, field

from finece._builder import changed, confidence, ratio_of
from finece._contract import (
    CUTS,
    RECORD_VERSION,
    Confidence,
    End,
    Fault,
    Place,
    Position,
    Record,
    Segment,
    Word,
)
from finece._wire import dumps

#: More positions than any answer has.
_MAX_PLACES = 1 << 20


@dataclass
class Answer:
    """One choice of a stream: its text so far and the newest confidence of each position."""

    choice: int = 0
    """The choice's number, from 0."""
    confidences: list[Confidence] = field(default_factory=list[Confidence])
    """The confidences by the position's index. A position without one has the state pending and the revision -1."""
    first: list[float | None] = field(default_factory=list[float | None])
    """The first fused value of each position."""
    end: End | None = None
    """The record that ended the choice."""
    texts: dict[Segment, str] = field(default_factory=dict[Segment, str])
    """The text of each segment."""

    @property
    def text(self) -> str:
        """The answer's text so far, without reasoning."""
        return self.texts.get("answer", "")

    @property
    def headline(self) -> Confidence | None:
        """The one confidence to show: that of the newest position with a value; at the end, that of p(z).

        The confidence of p(z), the whole answer, may have a reason instead of a value.
        """
        last = self.confidences[-1] if self.confidences else None
        if last is not None and "end" in last.kinds and last.state != "pending":
            return last
        known = (c for c in reversed(self.confidences) if c.segment == "answer" and c.fused is not None)
        return next(known, None)

    def finece(self, **more: object) -> str:
        """The object that finece score writes under the key "finece", as JSON."""
        shown = self.headline
        out: dict[str, object] = {"version": RECORD_VERSION, "calibrated": shown is not None and shown.calibrated}
        if shown is not None and shown.source is not None and shown.fused is not None:
            out["source"] = shown.source.to_dict()
        if shown is not None and shown.reason is not None:
            out["reason"] = shown.reason
        if self.end is not None:
            out["finish"] = self.end.reason
        return dumps({**out, "positions": [c.to_dict() for c in self.confidences], **more})

    def _repr_html_(self) -> str:
        from finece._html import answer

        return answer(self)

    def take(self, record: Record) -> None:
        """Takes the next record of the choice."""
        match record:
            case Position():
                self._place(record)
            case Confidence():
                if self._place(record):
                    self.confidences[record.index] = record
                    if self.first[record.index] is None:
                        self.first[record.index] = record.fused
            case End():
                self.end = record
                for i, c in enumerate(self.confidences):
                    if c.ratio is None:
                        self.confidences[i] = changed(c, ratio=ratio_of(c, record.tokens, record.reasoning))
            case _:
                pass

    def _place(self, at: Position | Confidence) -> bool:
        """Makes the position if there is none yet: a gateway sends no position records, and confidences in any order."""
        if at.index >= _MAX_PLACES:
            return False
        while len(self.confidences) <= at.index:
            empty = Place(choice=at.choice, index=len(self.confidences), kinds=(), segment="answer", byte=0, utf16=0, token=0)
            self.confidences.append(_pending(empty))
            self.first.append(None)
        if self.confidences[at.index].revision < 0:
            self.confidences[at.index] = _pending(at)
        return True


def _pending(at: Place) -> Confidence:
    return confidence(at, at.ratio, "pending", -1)


@dataclass
class Answers:
    """The answers of one stream, by choice, and the faults in it."""

    by_choice: dict[int, Answer] = field(default_factory=dict[int, Answer])
    faults: list[Fault] = field(default_factory=list[Fault])

    def __getitem__(self, choice: int) -> Answer:
        return self.by_choice.setdefault(choice, Answer(choice))

    def take(self, record: Record) -> None:
        """Takes the next record."""
        match record:
            case Position() | Confidence() | End():
                self[record.choice].take(record)
            case Fault():
                self.faults.append(record)
            case _:
                pass


def word(confidence: Confidence) -> Word | None:
    """How high a certainty is: low, medium or high. None without a value.

    Show this word for a value that is not calibrated.
    """
    if confidence.fused is None:
        return None
    source = confidence.source
    of = (source.method or source.estimator or "") if source is not None else ""
    if source is not None and source.map not in (None, "identity"):
        of = ""
    medium, high = CUTS.get(of, CUTS[""])
    return "high" if confidence.fused >= high else "medium" if confidence.fused >= medium else "low"


def shown(confidence: Confidence | None) -> str:
    """The text to show for a confidence: a percentage if it is a probability, else low, medium or high; "" without a value."""
    if confidence is None or confidence.fused is None:
        return ""
    value = confidence.fused
    if not confidence.calibrated:
        return word(confidence) or ""
    if 0.99 < value < 1:
        return ">99%"
    if 0 < value < 0.01:
        return "<1%"
    return f"{100 * value:.0f}%"
