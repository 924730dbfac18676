"""Turns the items of a client library's stream into the bytes that the core reads."""

from __future__ import annotations

import json
from typing import Any, Final, Protocol, cast, runtime_checkable


@runtime_checkable
class Model(Protocol):
    """A Pydantic model. Chunks and events of most client libraries are Pydantic models."""

    def model_dump_json(self, *, exclude: Any, exclude_none: bool, by_alias: bool, warnings: bool) -> str: ...


#: Events that anthropic's MessageStream adds to those of the API. They repeat the stream's text.
_ADDED: Final = ("text", "thinking", "citation", "signature", "input_json", "compaction")
#: Members that MessageStream adds to events of the API.
_REPEATED: Final = {"content_block_stop": {"content_block"}, "message_stop": {"message"}}


class Items:
    """Turns the items of one stream into bytes, for every library."""

    def __init__(self, stream: object) -> None:
        # httpx and requests cut lines without their ends.
        self._end = b"\n" if getattr(stream, "__name__", "").endswith("iter_lines") else b""
        self._chunks = False

    def bytes_of(self, item: object) -> bytes:
        """The item as the core reads it; empty for an item that repeats others."""
        if isinstance(item, bytes | bytearray | memoryview):
            return bytes(cast("bytes", item)) + self._end
        if isinstance(item, str):
            return item.encode() + self._end
        if isinstance(item, dict):
            return _event(json.dumps(item))
        kind = getattr(item, "type", None)
        if kind == "chunk" and isinstance(getattr(item, "chunk", None), Model):
            self._chunks = True  # openai's helper gives each chunk, and events made of it
            item = item.chunk  # type: ignore[attr-defined]
        elif self._chunks or (kind in _ADDED and type(item).__module__.startswith("anthropic")):
            return b""
        if not isinstance(item, Model):
            return b""
        exclude = _REPEATED.get(cast("str", kind))
        return _event(item.model_dump_json(exclude=exclude, exclude_none=True, by_alias=True, warnings=False))


def _event(data: str) -> bytes:
    return b"data: " + data.encode() + b"\n\n"
