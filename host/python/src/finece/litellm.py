"""Confidences in LiteLLM: a custom logger for its SDK and its proxy.

::

    litellm.callbacks = [finece.litellm.Logger(lambda request, answer: print(finece.shown(answer.headline)))]

In the SDK it scores answers that are not streamed. LiteLLM gives a logger no log-probabilities of
a streamed answer as a whole, and its chunks in any order: wrap the stream in finece.confidences. In the
proxy it scores streams, too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from litellm.integrations.custom_logger import CustomLogger

from finece._answer import Answer
from finece._confidences import AsyncConfidences
from finece._contract import Record, Settings
from finece._core import Core
from finece._follow import whole

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["Logger"]


class Logger(CustomLogger):  # type: ignore[misc,unused-ignore]
    """Calls ``on_answer`` with LiteLLM's arguments of the request and the Answer. Settings are those of Session.

    What on_answer raises is LiteLLM's to report: answers are never affected.
    """

    def __init__(
        self,
        on_answer: Callable[[Mapping[str, Any], Answer], object],
        *,
        core: Core | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._on_answer = on_answer
        self._core = core
        self._settings = settings

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """LiteLLM calls it after a request."""
        if not kwargs.get("stream"):
            data = response_obj.model_dump_json(exclude_none=True, warnings=False).encode()
            self._on_answer(kwargs, whole(data, self._core, **self._settings))

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """LiteLLM calls it after an asynchronous request."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: Any
    ) -> AsyncGenerator[Any, None]:
        """The proxy calls it with each stream, and sends what it gives."""
        stream = AsyncConfidences[Any](response, self._core, self._settings)
        async for event in stream:
            if not isinstance(event, Record):
                yield event
        self._on_answer(request_data, stream.answer)
