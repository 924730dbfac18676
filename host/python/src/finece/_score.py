"""Scores complete answers, with the same digits as finece score."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, cast

from finece._answer import Answer
from finece._builder import Event, changed
from finece._contract import MAX_INPUT, Record, Settings
from finece._core import Core, Session
from finece._errors import ArgumentError, CoreLostError, FineceError

if TYPE_CHECKING:
    from typing import Unpack

ADDED: Final = ("confidence", "finece")
"""The columns that score adds."""
_EVENT: Final = 4 << 20
_READ: Final = ("question", "answer", "logprobs", "model")


class Scored(NamedTuple):
    """The result of one row."""

    confidence: float | None
    finece: str | None
    error: str | None


class Scorer:
    """Scores answers one after the other, in one session. Settings are those of Session.

    It belongs to one thread at a time.
    """

    def __init__(self, core: Core | None = None, **settings: Unpack[Settings]) -> None:
        self._core = core
        self._settings = settings
        self._session = Session(core, **settings)

    def answer(self, text: str, logprobs: object = None, *, question: str | None = None, model: str | None = None) -> Answer:
        """The answer with its confidences.

        ``logprobs`` has OpenAI's form (the object with "content", or its list), or is a list of one
        number for each token. Such numbers do not say which text belongs to them, so the text is
        divided evenly. Raises ArgumentError if the log-probabilities belong to another text.
        """
        format, data, even = _stream(text, logprobs)
        settings: dict[str, Any] = {**self._settings, "format": format}
        settings.setdefault("max_event", min(max(len(data), _EVENT), MAX_INPUT))  # a whole answer is one event
        if question is not None:
            settings["question"] = question
        if model is not None:
            settings["generator"] = model
        try:
            events = [*self._session.reset(**settings), *self._session.write(data), *self._session.end()]
        except CoreLostError:
            self._session.close()
            self._session = Session(self._core, **self._settings)
            raise
        answer = _answer_of(events)
        answer.texts["answer"] = text
        if even:  # the counts of tokens are estimates
            answer.confidences = [changed(c, approximate=True) for c in answer.confidences]
        return answer

    def row(self, row: Mapping[str, Any]) -> Scored:
        """The score of a row with the keys that finece score reads: question, answer, logprobs and model."""
        try:
            answer = self.answer(
                _text(row, "answer"), row.get("logprobs"), question=_optional(row, "question"), model=_optional(row, "model")
            )
        except FineceError as error:
            return Scored(None, None, str(error))
        shown = answer.headline
        return Scored(shown.fused if shown is not None else None, answer.finece(), None)

    def close(self) -> None:
        """Gives the session back."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def score(
    data: Any,
    *,
    columns: Mapping[str, str] | None = None,
    overwrite: bool = False,
    core: Core | None = None,
    **settings: Unpack[Settings],
) -> Any:
    """Returns a copy of the data with two more columns: "confidence", and "finece" with the details as JSON.

    ``data`` is a data frame of pandas or polars, a table of pyarrow, or a list of dictionaries, one a row.
    The column "answer" has the answers. The columns "question", "logprobs" and "model" are optional, as
    for finece score; ``columns`` gives other names, such as ``{"answer": "response"}``.
    "confidence" is the one confidence of the answer, null if there is none. "finece" is the value that
    finece score writes under this key. A row that cannot be scored has null in both columns, and a
    warning gives the number of such rows and the first reason. Raises ArgumentError.
    """
    with Scorer(core, **settings) as scorer:
        return scored(scorer, data, columns, overwrite)


def scored(scorer: Scorer, data: Any, columns: Mapping[str, str] | None, overwrite: bool) -> Any:
    """Does the work of score, in an open session."""
    kind, there = _columns(data)
    names = {name: (columns or {}).get(name, name) for name in _READ}
    if names["answer"] not in there and there:
        raise ArgumentError(f"no column {names['answer']!r} among {there}: give columns={{'answer': ...}}")
    if not overwrite and (added := [name for name in ADDED if name in there]):
        raise ArgumentError(f"there is a column {added[0]!r} already: give overwrite=True to replace it")
    rows = [scorer.row(row) for row in _rows(data, kind, {n: c for n, c in names.items() if c in there})]
    failed = [(i, row.error) for i, row in enumerate(rows) if row.error is not None]
    if failed:
        first, why = failed[0]
        warnings.warn(f"{len(failed)} of {len(rows)} rows could not be scored; row {first}: {why}", stacklevel=3)
    return _with(data, kind, [row.confidence for row in rows], [row.finece for row in rows])


def _columns(data: Any) -> tuple[str, list[str]]:
    """The library of the data ("" for a list), and the names of the columns."""
    kind = type(data).__module__.partition(".")[0]
    if kind in ("pandas", "polars"):
        return kind, list(data.columns)
    if kind == "pyarrow":
        return kind, list(data.column_names)
    if isinstance(data, dict):  # a batch of Ray Data
        return "dict", list(cast("dict[str, Any]", data))
    if not isinstance(data, list | tuple):
        raise ArgumentError(f"data is a {type(data).__name__}: want a data frame, a table or a list of dictionaries")
    return "", list(dict.fromkeys(key for row in cast("list[Mapping[str, Any]]", data) for key in row))


def _rows(data: Any, kind: str, names: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    if kind == "":
        return [{name: row.get(column) for name, column in names.items()} for row in data]
    lists: dict[str, list[Any]] = {}
    for name, column in names.items():
        values = data[column]
        lists[name] = values.to_pylist() if kind == "pyarrow" else list(values) if kind == "dict" else values.to_list()
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _with(data: Any, kind: str, confidences: list[float | None], finece: list[str | None]) -> Any:
    if kind == "pandas":
        pd: Any = import_module("pandas")
        return data.assign(
            confidence=pd.Series(confidences, index=data.index, dtype="float64"),
            finece=pd.Series(finece, index=data.index, dtype="object"),
        )
    if kind == "polars":
        pl: Any = import_module("polars")
        return data.with_columns(
            pl.Series("confidence", confidences, dtype=pl.Float64), pl.Series("finece", finece, dtype=pl.String)
        )
    if kind == "pyarrow":
        pa: Any = import_module("pyarrow")
        kept = data.drop_columns([name for name in ADDED if name in data.column_names])
        return kept.append_column("confidence", pa.array(confidences, pa.float64())).append_column(
            "finece", pa.array(finece, pa.string())
        )
    if kind == "dict":
        np: Any = import_module("numpy")
        return {**data, "confidence": np.array(confidences, dtype=float), "finece": np.array(finece, dtype=object)}
    return [
        {**{k: v for k, v in row.items() if k not in ADDED}, "confidence": c, "finece": f}
        for row, c, f in zip(data, confidences, finece, strict=True)
    ]


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if isinstance(value, str):
        return value
    raise ArgumentError(f'no "{key}"' if _nothing(value) else f"{key} is a {type(value).__name__}, want a text")


def _optional(row: Mapping[str, Any], key: str) -> str | None:
    return None if _nothing(row.get(key)) else _text(row, key)


def _nothing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in ("NAType", "NaTType")


def _answer_of(events: list[Event]) -> Answer:
    answer = Answer()
    for event in events:
        if isinstance(event, Record) and getattr(event, "choice", 0) == 0:
            answer.take(event)
    return answer


def _stream(text: str, logprobs: object) -> tuple[str, bytes, bool]:
    """The answer as a stream: its format, its bytes, and whether its tokens are equal parts of the text."""
    if isinstance(logprobs, str):
        try:
            logprobs = json.loads(logprobs)
        except ValueError as cause:
            raise ArgumentError(f"logprobs is a text that is not JSON: {cause}") from cause
    if isinstance(logprobs, Mapping):
        logprobs = cast("Mapping[str, Any]", logprobs).get("content")
    if hasattr(logprobs, "tolist"):
        logprobs = cast("Any", logprobs).tolist()
    if _nothing(logprobs):
        return "text", text.encode("utf-8", "replace"), False
    if not isinstance(logprobs, list | tuple):
        raise ArgumentError("logprobs is neither a list nor OpenAI's object with content")
    entries = list(cast("Sequence[Any]", logprobs))
    if not entries:
        return "text", text.encode("utf-8", "replace"), False
    if isinstance(entries[0], Mapping):
        choice: dict[str, Any] = {"index": 0, "message": {"content": text}, "logprobs": {"content": _cropped(text, entries)}}
        return "openai-chat", _response("chat.completion", choice), False
    for i, value in enumerate(entries):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ArgumentError(f"logprobs[{i}] is {value!r}, want a number")
    parts = _parts(text.encode("utf-8", "replace"), len(entries))
    choice = {"index": 0, "text": text, "logprobs": {"tokens": parts, "token_logprobs": entries}}
    return "openai-completions", _response("text_completion", choice), True


def _response(kind: str, choice: dict[str, Any]) -> bytes:
    return json.dumps({"object": kind, "choices": [{**choice, "finish_reason": "stop"}]}).encode()


def _parts(text: bytes, n: int) -> list[str]:
    """Divides a text into n parts of about the same length, without cutting characters."""
    parts: list[str] = []
    at = 0
    for i in range(n):
        end = len(text) * (i + 1) // n
        while at < end < len(text) and text[end] & 0xC0 == 0x80:
            end += 1
        end = max(end, at)
        parts.append(text[at:end].decode())
        at = end
    return parts


def _cropped(text: str, entries: list[Any]) -> list[Any]:
    """The entries whose text is in the answer: an answer is often trimmed, and does not contain the end token."""
    spelled = [_spelling(i, entry) for i, entry in enumerate(entries)]
    whole, wanted = b"".join(spelled), text.encode("utf-8", "replace")
    if whole == wanted:
        return entries
    low = whole.find(wanted)
    if low < 0:
        n = next((i for i, (a, b) in enumerate(zip(whole, wanted, strict=False)) if a != b), min(len(whole), len(wanted)))
        raise ArgumentError(f"the tokens of logprobs do not spell the answer: they differ at byte {n}")
    high, at = low + len(wanted), 0
    kept: list[Any] = []
    for entry, said in zip(entries, spelled, strict=True):
        size = len(said)
        begin, end = max(at, low), min(at + size, high)
        if end - begin == size and low <= at <= high:
            kept.append(entry)
        elif begin < end:
            token = said[begin - at : end - at].decode("utf-8", "replace")
            kept.append({**{k: v for k, v in entry.items() if k != "bytes"}, "token": token})
        at += size
    return kept


def _spelling(i: int, entry: Any) -> bytes:
    if not isinstance(entry, Mapping):
        raise ArgumentError(f"logprobs[{i}] is {entry!r}, want an object as the first is")
    fields = cast("Mapping[str, Any]", entry)
    if not isinstance(fields.get("logprob"), int | float):
        raise ArgumentError(f"logprobs[{i}] has no logprob")
    spelled = fields.get("bytes")
    if spelled is None:
        return str(fields.get("token", "")).encode("utf-8", "replace")
    try:
        return bytes(spelled)
    except (ValueError, TypeError) as cause:
        raise ArgumentError(f"logprobs[{i}].bytes: {cause}; want numbers from 0 to 255") from cause
