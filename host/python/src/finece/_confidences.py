"""Iterates over streams of client libraries, and over the confidences of their answers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, Self, TypeVar, cast, overload

from finece._answer import Answer, Answers
from finece._contract import Record, Settings, Start
from finece._core import Core
from finece._errors import CoreLostError
from finece._follow import Follower
from finece._items import Items

if TYPE_CHECKING:
    from typing import Unpack

T = TypeVar("T")


class _Beside(Generic[T]):
    """The parts that the synchronous and the asynchronous iterator share."""

    def __init__(self, stream: object, core: Core | None, settings: Settings) -> None:
        self._stream = stream
        self._items = Items(stream)
        self._follower = Follower(core, **settings)
        self._records: deque[Record] = deque()
        self._item: T | None = None  # given to the caller and not yet scored: text never waits
        self._failed: BaseException | None = None
        self._over = False
        self._iterator: Iterator[T] | None = None
        self._async_iterator: AsyncIterator[T] | None = None

    @property
    def answer(self) -> Answer:
        """The answer so far: its text, its positions and its headline."""
        return self._follower.answer

    @property
    def answers(self) -> Answers:
        """The answers so far, by choice, and the faults in the stream."""
        return self._follower.answers

    @property
    def start(self) -> Start | None:
        """The Start record of a FineCE server; None if the records are made here."""
        return self._follower.start

    @property
    def lost(self) -> CoreLostError | None:
        """The reason why there are no more confidences, if the core has failed. The items still come."""
        return self._follower.lost

    def _settle(self) -> None:
        item, self._item = self._item, None
        if item is not None:
            self._records += self._follower.write(self._items.bytes_of(item))

    def _finish(self, failed: BaseException | None = None) -> None:
        """Ends the stream. Its error is raised after the records."""
        self._over, self._failed = True, failed
        self._records += self._follower.end()

    def _last(self) -> BaseException | None:
        failed, self._failed = self._failed, None
        return failed


class Confidences(_Beside[T], Iterator[T | Record]):
    """The items of a stream, each followed by its records. Made by confidences."""

    def __next__(self) -> T | Record:
        self._settle()
        if not self._records and not self._over:
            try:
                if self._iterator is None:
                    self._iterator = iter(cast("Iterable[T]", self._stream))
                self._item = next(self._iterator)
            except StopIteration:
                self._finish()
            except Exception as failed:
                self._finish(failed)
            else:
                return self._item
        if self._records:
            return self._records.popleft()
        raise self._last() or StopIteration

    def close(self) -> None:
        """Closes the stream. Leaving a with block does the same."""
        self._over = True
        self._follower.close()
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncConfidences(_Beside[T], AsyncIterator[T | Record]):
    """The items of an asynchronous stream, each followed by its records. Made by confidences."""

    async def __anext__(self) -> T | Record:
        self._settle()
        if not self._records and not self._over:
            try:
                if self._async_iterator is None:
                    self._async_iterator = aiter(cast("AsyncIterable[T]", self._stream))
                self._item = await anext(self._async_iterator)
            except StopAsyncIteration:
                self._finish()
            except (Exception, asyncio.CancelledError) as failed:
                self._finish(failed)
            else:
                return self._item
        if self._records:
            return self._records.popleft()
        raise self._last() or StopAsyncIteration

    async def aclose(self) -> None:
        """Closes the stream. Leaving an async with block does the same."""
        self._over = True
        self._follower.close()
        close = getattr(self._stream, "aclose", None) or getattr(self._stream, "close", None)
        if close is not None:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _Either(Confidences[T], AsyncConfidences[T]):
    """For a stream of LiteLLM: its class has both interfaces, but only one of them works, depending on the request."""


@overload
def confidences(stream: AsyncIterable[T], *, core: Core | None = None, **settings: Unpack[Settings]) -> AsyncConfidences[T]: ...
@overload
def confidences(stream: Iterable[T], *, core: Core | None = None, **settings: Unpack[Settings]) -> Confidences[T]: ...
def confidences(
    stream: Iterable[T] | AsyncIterable[T], *, core: Core | None = None, **settings: Unpack[Settings]
) -> Confidences[T] | AsyncConfidences[T]:
    """Iterates over a stream: yields each item unchanged, and then the records that result from it.

    ::

        for event in finece.confidences(client.chat.completions.create(..., stream=True, logprobs=True)):
            if isinstance(event, finece.Confidence):
                print(event.index, event.state, finece.shown(event))
            elif event.choices:
                print(event.choices[0].delta.content)

    The stream is one of openai, anthropic, LiteLLM or httpx (iter_bytes, iter_raw, iter_lines),
    or any other iterable of bytes, dictionaries or Pydantic models. An asynchronous one
    gives an asynchronous iterator. Items are never changed, held back or lost, even if scoring
    fails. An error of the stream is raised after the records that result from it.

    If the stream comes from a FineCE server, the records are the server's own, after a Start.

    Settings are those of Session: ``question``, ``calibration`` and so on. Raises ConfigError.
    """
    if isinstance(stream, AsyncIterable) and isinstance(stream, Iterable):
        return _Either[T](stream, core, settings)
    if isinstance(stream, AsyncIterable):
        return AsyncConfidences(stream, core, settings)
    return Confidences(stream, core, settings)
