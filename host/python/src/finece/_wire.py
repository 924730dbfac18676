"""How records are written as JSON and read from it. Their fields are generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, ClassVar, Final, NamedTuple, Self, cast


class Field(NamedTuple):
    """How one field of a record is read and written."""

    key: str
    form: str
    """whole, number, truth, text, texts or object."""
    when: str
    """always, known (the value is not None, false or empty) or value (the confidence has one)."""
    names: tuple[str, ...] | None = None
    """The texts that are known."""
    closed: bool = False
    """A record with another text cannot be used."""
    of: type[Wire] | None = None
    """The class of an object."""


class Wire:
    """A record, or a part of one, that can be written as JSON and read from JSON."""

    __slots__ = ()
    WIRE: ClassVar[tuple[Field, ...]] = ()

    def to_dict(self) -> dict[str, Any]:
        """The record as a JSON object: keys without a value are absent."""
        out: dict[str, Any] = {}
        kind = getattr(self, "type", None)
        if kind is not None:
            out["type"] = kind
        for field in self.WIRE:
            value = getattr(self, field.key)
            if field.when == "known":
                if value is None or value is False or value == ():
                    continue
            elif field.when == "value" and getattr(self, "fused", None) is None:
                continue
            if isinstance(value, Wire):
                value = value.to_dict()
                if not value:
                    continue
            elif isinstance(value, tuple):
                value = list(cast("tuple[str, ...]", value))
            out[field.key] = value
        return out

    def to_json(self) -> str:
        """The record as one line of JSON, byte for byte as other parts of FineCE write it."""
        return dumps(self.to_dict())

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Reads what :meth:`to_dict` writes.

        Unknown keys are ignored. An invalid value counts as absent.
        Raises ValueError if a key that every record has is absent.
        """
        read: dict[str, Any] = {}
        for field in cls.WIRE:
            got = _READERS[field.form](value.get(field.key), field)
            if got is not None:
                read[field.key] = got
            elif field.when == "always":
                raise ValueError(f'"{field.key}" is absent or not valid')
        return cls(**read)


def _whole(value: object, _: Field) -> int | None:
    ok = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if ok else None  # type: ignore[return-value]


def _number(value: object, field: Field) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if field.key not in _UNBOUNDED and not 0 <= value <= 1:
        return None
    return float(value)


_UNBOUNDED: Final = ("lower", "upper")
"""Numbers that are entropies. All others are from 0 to 1."""


def _truth(value: object, _: Field) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object, field: Field) -> str | None:
    if not isinstance(value, str) or (value == "" and field.when != "always"):
        return None
    if field.names is None or (value != "" and value in field.names):
        return value
    return None if field.closed else "unknown"


def _texts(value: object, field: Field) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    return tuple(v for v in cast("list[str]", value) if v in (field.names or ()))


def _object(value: object, field: Field) -> Wire | None:
    if field.of is None or not isinstance(value, Mapping):
        return None
    return field.of.from_dict(cast("Mapping[str, Any]", value))


_READERS: Final[Mapping[str, Callable[[object, Field], object]]] = {
    "whole": _whole,
    "number": _number,
    "truth": _truth,
    "text": _text,
    "texts": _texts,
    "object": _object,
}


def dumps(value: object) -> str:
    """Writes JSON as FineCE does everywhere: no spaces, the shortest numbers."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return "{" + ",".join([f"{_quoted(k)}:{dumps(v)}" for k, v in members.items()]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([dumps(v) for v in cast("list[object]", value)]) + "]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    return str(int(cast("int", value)))


_quoted: Final = encode_basestring  # of package json: letters beyond ASCII stay as they are


def number(value: float) -> str:
    """A number as FineCE writes it: the fewest digits that read back as the same number, and an exponent only below 1e-6."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    if "e" in text and 1e-6 <= abs(value) < 1e21:
        return format(Decimal(text), "f")
    return "null" if text in ("nan", "inf", "-inf") else text
