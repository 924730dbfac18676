"""Reads the records that a FineCE server has put into a stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from finece._contract import RECORD_VERSION, RECORDS, Record, Start

#: The longest line with records in it.
_MAX_LINE: Final = 16 << 20
_COMMENT: Final = b": finece "


class Carried:
    """Finds the records in chunks, comments and whole answers.

    A server that scores a stream begins with the first event. So if the first two events have no
    records, the stream has none.
    """

    def __init__(self) -> None:
        self.start: Start | None = None
        """The version, identifier and generator of the first records."""
        self._line: bytearray = bytearray()
        self._whole = False
        self._begun = False
        self._plain = False
        self._events = 0

    @property
    def decided(self) -> bool:
        """Whether it is known by now if the stream carries records."""
        return self.start is not None or self._plain or self._events > 1

    def write(self, data: bytes) -> list[Record]:
        """The records in the next bytes, which may end anywhere within a line."""
        out: list[Record] = []
        *whole, rest = data.split(b"\n")
        for line in whole:
            self._add(line)
            if not self._whole and not self._plain:
                out += self._take()
        self._add(rest)
        return out

    def end(self) -> list[Record]:
        """The records of the last line."""
        self._whole = False
        out = self._take()
        self._plain = self._plain or self.start is None
        return out

    def _add(self, part: bytes) -> None:
        if not self._plain and len(self._line) + len(part) <= _MAX_LINE:
            self._line += part

    def _take(self) -> list[Record]:
        line = bytes(self._line).removeprefix(b"\xef\xbb\xbf").strip()
        self._line.clear()
        if line and not self._begun:
            self._begun = True
            if line[:1] == b"{" and _object(line) is None:
                self._whole = True
                self._line += line  # the rest of the object follows
                return []
            self._plain = line[:1] != b"{" and line.split(b":")[0] not in (b"", b"data", b"event", b"id", b"retry")
        if line.startswith(_COMMENT):
            return self._envelope(_object(line[len(_COMMENT) :]))
        data = line.removeprefix(b"data:").strip()
        if data[:1] != b"{":
            return []
        if self.start is None:
            self._events += 1
        if b'"finece"' not in data:
            return []
        return self._envelope((_object(data) or {}).get("finece"))

    def _envelope(self, value: object) -> list[Record]:
        if not isinstance(value, dict):
            return []
        envelope = cast("dict[str, Any]", value)
        version, events = envelope.get("version"), envelope.get("events")
        if not isinstance(version, int) or version < 1 or not isinstance(events, list):
            return []
        if self.start is None:
            self.start = Start.from_dict(envelope)
        if version > RECORD_VERSION:  # their meaning is not known
            return []
        records = (record(e) for e in cast("list[object]", events))
        return [r for r in records if r is not None]


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def record(value: object) -> Record | None:
    """A record from its JSON object; None if the type is unknown, or if a required key is missing."""
    if not isinstance(value, Mapping):
        return None
    fields = cast("Mapping[str, Any]", value)
    kind = RECORDS.get(str(fields.get("type")))
    try:
        return kind.from_dict(fields) if kind is not None else None
    except ValueError:
        return None
