"""Makes records from the core's replies. Package abi in wasm/abi documents the bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, cast

from finece._contract import (
    BANDS,
    BASES,
    EVENTS,
    FAULTS,
    FINISHES,
    MAPS,
    METHODS,
    OUTSIDE,
    POSITION_KINDS,
    REASONS,
    SEGMENTS,
    STATES,
    Confidence,
    End,
    Entropy,
    Fault,
    FinishReason,
    Outside,
    Place,
    Position,
    PositionKind,
    Reason,
    Record,
    Segment,
    Source,
    State,
)
from finece._wire import Wire

_HEADER: Final = struct.Struct("<IBBBBII")
_POSITION: Final = struct.Struct("<qqqdd")
_ESTIMATE: Final = struct.Struct("<ddxxxxB")
_SOURCE_AT, _SOURCE_END = 16, 32
_SOURCE: Final = struct.Struct("<BBBBxBxxd")
_TOTALS: Final = struct.Struct("<qq")
_OFFSET: Final = struct.Struct("<q")
_MIN_SIZES: Final = {
    EVENTS.index("text"): 16,
    EVENTS.index("position"): 56,
    EVENTS.index("ask"): 16,
    EVENTS.index("confidence"): 48,
    EVENTS.index("fault"): 24,
    EVENTS.index("finish"): 32,
    EVENTS.index("ended"): 16,
}
"""The events that are read, and the least bytes of each; others are passed over."""
_FINISH: Final = EVENTS.index("finish")
_APPROXIMATE: Final = 0x80
_KINDS: Final[tuple[tuple[PositionKind, ...], ...]] = tuple(
    tuple(k for bit, k in enumerate(POSITION_KINDS) if n >> bit & 1) for n in range(256)
)
_OUTSIDE: Final[tuple[tuple[Outside, ...], ...]] = tuple(
    tuple(k for bit, k in enumerate(OUTSIDE) if n >> bit & 1) for n in range(256)
)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the stream's text, if the setting ``text`` asks for it. It is not a record."""

    choice: int
    """The choice's number, from 0."""
    segment: Segment
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Tells you to ask the confidence model: send Session.request(id) to it."""

    choice: int
    """The choice's number, from 0."""
    index: int
    """The position's number."""
    kinds: tuple[PositionKind, ...]
    id: int
    """What Session.request, resolve and fail call it."""


Event = Record | Text | Ask
"""What a session says: records, text if it is asked for, and requests to a confidence model."""


class Raw(NamedTuple):
    """One event as the core writes it."""

    kind: int
    choice: int
    a: int
    b: int
    number: int
    extra: int
    body: memoryview


class MalformedError(ValueError):
    """The bytes are no events."""


def events(payload: memoryview) -> Iterator[Raw]:
    """The events in a reply's payload. Unknown kinds are skipped."""
    at, end = 0, len(payload)
    while at < end:
        if end - at < _HEADER.size:
            raise MalformedError(f"a malformed event at byte {at}")
        size, kind, choice, a, b, index, extra = _HEADER.unpack_from(payload, at)
        if size < _HEADER.size or size % 8 or at + size > end or size < _MIN_SIZES.get(kind, 0):
            raise MalformedError(f"a malformed event at byte {at}")
        if kind in _MIN_SIZES:
            yield Raw(kind, choice, a, b, index, extra, payload[at + _HEADER.size : at + size])
        at += size


class Builder:
    """Makes records from the events of one session, in their order.

    It remembers the places of positions whose confidence can still change.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._open: dict[tuple[int, int], tuple[Position, int]] = {}
        self._totals: dict[int, tuple[int, int]] = {}
        self._sources: dict[bytes, Source] = {}  # by their bytes: a stream has few
        self.ended = False
        """Whether the stream's end marker came, or an error that ends it."""

    def take(self, payload: memoryview) -> list[Event]:
        """The records of all events of one call."""
        raw = list(events(payload))
        for event in raw:  # a position's token ratio is known once its choice has ended
            if event.kind == _FINISH:
                self._totals[event.choice] = _TOTALS.unpack_from(event.body)
        return [made for event in raw if (made := self._made(event)) is not None]

    def unavailable(self, reason: Reason) -> list[Record]:
        """Records that make every confidence unavailable that can still change."""
        out: list[Record] = [
            confidence(place, self._ratio(place), "unavailable", revision + 1, reason=reason)
            for _, (place, revision) in sorted(self._open.items())
        ]
        self._open.clear()
        return out

    def _made(self, event: Raw) -> Event | None:
        match EVENTS[event.kind]:
            case "text":
                return Text(event.choice, _segment(event.a), str(_sized(event, 0), "utf-8", "replace"))
            case "position":
                return self._position(event)
            case "ask":
                return Ask(event.choice, event.number, _KINDS[event.a], event.extra)
            case "confidence":
                return self._confidence(event)
            case "fault":
                (offset,) = _OFFSET.unpack_from(event.body)
                return Fault(
                    choice=event.choice,
                    code=FAULTS.get(event.a, "unknown"),
                    offset=offset if offset >= 0 else None,
                    detail=str(_sized(event, 8), "utf-8", "replace") or None,
                )
            case "finish":
                tokens, reasoning = _TOTALS.unpack_from(event.body)
                return End(
                    choice=event.choice,
                    reason=_finish(event.a),
                    tokens=tokens,
                    reasoning=reasoning,
                    approximate=event.b & 3 != 0,
                    missing=_KINDS[event.extra & 0xFF],
                )
            case _:
                self.ended = True
                return None

    def _position(self, event: Raw) -> Position:
        byte, utf16, token, lower, upper = _POSITION.unpack_from(event.body)
        known = lower == lower or upper == upper
        place = _new(_WritablePosition)
        place.type = "position"
        place.choice = event.choice
        place.index = event.number
        place.kinds = _KINDS[event.a]
        place.segment = _segment(event.b & ~_APPROXIMATE)
        place.byte = byte
        place.utf16 = utf16
        place.token = token
        place.ratio = self._ratio(place)
        place.entropy = Entropy(lower=_known(lower), upper=_known(upper)) if known else None
        place.approximate = event.b & _APPROXIMATE != 0
        place.__class__ = Position
        self._open[event.choice, event.number] = place, -1
        return cast("Position", place)

    def _confidence(self, event: Raw) -> Confidence | None:
        key = event.choice, event.number
        known = self._open.get(key)
        if known is None:
            return None
        place, revision = known[0], event.extra
        ratio = self._ratio(place)
        state = STATES[event.a] if event.a < len(STATES) else None
        if state == "pending":
            self._open[key] = place, revision
            return confidence(place, ratio, state, revision)
        if state == "unavailable":
            del self._open[key]
            return confidence(place, ratio, state, revision, reason=_reason(event.b))
        raw, fused, calibrated = _ESTIMATE.unpack_from(event.body)
        if state is None or raw != raw or fused != fused:
            raise MalformedError(f"a confidence of position {event.number} without a value")
        if state == "final":
            del self._open[key]
        else:
            self._open[key] = place, revision
        said = bytes(event.body[_SOURCE_AT:_SOURCE_END])
        source = self._sources.get(said)
        if source is None:
            source = self._sources[said] = self._source(*_SOURCE.unpack_from(said))
        return confidence(place, ratio, state, revision, raw=raw, fused=fused, calibrated=calibrated == 1, source=source)

    def _source(self, estimator: int, method: int, mapped: int, band: int, outside: int, mass: float) -> Source:
        ways: tuple[Outside, ...] = _OUTSIDE[outside]
        name = MAPS[mapped] if mapped < len(MAPS) else "unknown"
        applied = {} if name == "" else {"map": name, "band": BANDS[band] if band < len(BANDS) else "unknown"}
        if estimator == 0:
            statistic = METHODS[method] if method < len(METHODS) else "unknown"
            return Source(estimator="logprob", method=statistic, outside=ways, **applied)  # type: ignore[arg-type]
        if estimator == 2:
            return Source(estimator="trajectory", outside=ways, **applied)  # type: ignore[arg-type]
        basis = BASES[method] if method < len(BASES) else "unknown"
        return Source(
            estimator="model",
            basis=basis,
            mass=_known(mass),
            model=self._model,
            outside=ways,
            **applied,  # type: ignore[arg-type]
        )

    def _ratio(self, place: Place) -> float | None:
        """The token ratio of a position, if that is known."""
        if "question" in place.kinds:
            return 0.0
        if "end" in place.kinds:
            return 1.0
        totals = self._totals.get(place.choice)
        return ratio_of(place, *totals) if totals is not None else None


def ratio_of(place: Place, answer: int, reasoning: int) -> float | None:
    """The token ratio of a position, given the tokens of the whole answer and of its reasoning."""
    total = {"answer": answer, "reasoning": reasoning}.get(place.segment, 0)
    return place.token / total if total > 0 else None


def _writable(record: type[Wire]) -> Any:
    """A class with the memory layout of a record, of which an object can be written.

    A frozen record calls a function for each of its fields, which takes five times as long
    as all else about it. An object of this class is written and then becomes the record by
    another __class__, which Python allows where the layouts are equal.
    """
    free = {"__slots__": record.__slots__, "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(f"Writable{record.__name__}", record.__bases__, free)


_new: Final = object.__new__
_WritablePosition: Final = _writable(Position)
_WritableConfidence: Final = _writable(Confidence)
_FIELDS: Final = tuple(field.name for field in fields(Confidence))


def confidence(
    place: Place,
    ratio: float | None,
    state: State,
    revision: int,
    *,
    raw: float | None = None,
    fused: float | None = None,
    calibrated: bool = False,
    source: Source | None = None,
    reason: Reason | str | None = None,
) -> Confidence:
    """A confidence of the position at a place, with the token ratio that is known by now."""
    made = _new(_WritableConfidence)
    made.type = "confidence"
    made.choice = place.choice
    made.index = place.index
    made.kinds = place.kinds
    made.segment = place.segment
    made.byte = place.byte
    made.utf16 = place.utf16
    made.token = place.token
    made.ratio = ratio
    made.entropy = place.entropy
    made.approximate = place.approximate
    made.state = state
    made.revision = revision
    made.raw = raw
    made.fused = fused
    made.calibrated = calibrated
    made.source = source
    made.reason = reason
    made.__class__ = Confidence
    return cast("Confidence", made)


def changed(old: Confidence, **fields: object) -> Confidence:
    """What dataclasses.replace makes, in a quarter of the time."""
    made = _new(_WritableConfidence)
    for name in _FIELDS:
        setattr(made, name, fields[name] if name in fields else getattr(old, name))
    made.__class__ = Confidence
    return cast("Confidence", made)


def _known(value: float) -> float | None:
    return value if value == value else None


def _segment(number: int) -> Segment:
    if number >= len(SEGMENTS):
        raise MalformedError(f"a segment with the number {number}")
    return SEGMENTS[number]


def _reason(number: int) -> Reason | str:
    return (REASONS[number] if number < len(REASONS) else "") or "unknown"


def _finish(number: int) -> FinishReason:
    return FINISHES[number] if number < len(FINISHES) else "other"


def _sized(event: Raw, offset: int) -> memoryview:
    if offset + event.extra > len(event.body):
        raise MalformedError("an event shorter than its text")
    return event.body[offset : offset + event.extra]
