"""Confidences in LiteLLM: a custom logger for its SDK and its proxy, and a guardrail for its proxy.

::

    litellm.callbacks = [finece.litellm.Logger(lambda request, answer: print(finece.shown(answer.headline)))]

In the SDK the logger scores only answers that are not streamed: for a stream, LiteLLM gives a logger no
log-probabilities of the complete answer, and the chunks in any order. Wrap the stream in finece.confidences
instead. In the proxy the logger also scores streams.

The guardrail is a class that the proxy's configuration names; see Guardrail.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from litellm.exceptions import GuardrailRaisedException
from litellm.integrations.custom_guardrail import CustomGuardrail
from litellm.integrations.custom_logger import CustomLogger

from finece._answer import Answer, Answers
from finece._calibration import Calibration
from finece._confidences import AsyncConfidences
from finece._contract import FAILURE, UNCALIBRATED, WITHHOLD_BELOW, Failure, Record, Settings, Uncalibrated
from finece._core import Core, Session
from finece._errors import ConfigError
from finece._follow import all_of, whole
from finece._items import Items

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["Guardrail", "Logger"]


class Logger(CustomLogger):  # type: ignore[misc,unused-ignore]
    """Calls ``on_answer`` with LiteLLM's arguments of the request and with the Answer. The settings are those of Session.

    If on_answer raises an exception, LiteLLM reports it, and the answer is not affected.
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
        """LiteLLM calls this after a request."""
        if not kwargs.get("stream"):
            self._on_answer(kwargs, whole(_json(response_obj), self._core, **self._settings))

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """LiteLLM calls this after an asynchronous request."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: Any
    ) -> AsyncGenerator[Any, None]:
        """The proxy calls this with each stream, and sends the items that it yields."""
        stream = AsyncConfidences[Any](response, self._core, self._settings)
        async for event in stream:
            if not isinstance(event, Record):
                yield event
        self._on_answer(request_data, stream.answer)


class Guardrail(CustomGuardrail):  # type: ignore[misc,unused-ignore]
    """Withholds answers whose confidence is below ``withhold_below``. The proxy's configuration names the class::

        guardrails:
          - guardrail_name: finece
            litellm_params:
              guardrail: finece.litellm.Guardrail
              mode: [pre_call, post_call]
              default_on: true
              calibration: map.json
              failure: closed

    In the mode ``post_call`` the guardrail scores each answer as a whole, and holds a stream until the stream has
    ended. Instead of a withheld answer the client gets an error with the status 400. In the mode ``pre_call``
    the guardrail adds the request fields for log-probabilities, so the client sees log-probabilities.

    A threshold needs probabilities: give ``calibration``, a file of finece calibrate that fits the traffic, or
    set ``uncalibrated`` to ``allow``. ``failure`` says whether an answer without a usable confidence passes
    (``open``) or not (``closed``). ``on_answer`` is called with LiteLLM's request, the answers, and the reason
    why they are withheld, None if they are not. The settings are those of Session. Raises ConfigError.
    """

    def __init__(
        self,
        *,
        withhold_below: Any = WITHHOLD_BELOW,
        failure: Failure | None = None,
        uncalibrated: Uncalibrated = UNCALIBRATED[0],
        calibration: Any = None,
        on_answer: Callable[[Mapping[str, Any], Answers, str | None], object] | None = None,
        core: Core | None = None,
        **more: Any,
    ) -> None:
        if not isinstance(withhold_below, int | float) or not 0 <= withhold_below <= 1:
            raise ConfigError(f"withhold_below is {withhold_below!r}: want a number from 0 to 1")
        if failure not in FAILURE:
            raise ConfigError(f"failure is {failure!r}: say what becomes of an answer that cannot be checked: {_or(FAILURE)}")
        if uncalibrated not in UNCALIBRATED:
            raise ConfigError(f"uncalibrated is {uncalibrated!r}: want {_or(UNCALIBRATED)}")
        if uncalibrated != "allow" and calibration is None:
            raise ConfigError(
                "withhold_below is a threshold, so it needs probabilities, and there is no calibration map: set calibration "
                "to a file of finece calibrate, or uncalibrated to allow"
            )
        settings: Any = {name: more.pop(name) for name in Settings.__annotations__ if more.get(name) is not None}
        super().__init__(**more)  # pyright: ignore[reportUnknownMemberType]
        if calibration is not None:
            of_file = isinstance(calibration, str)
            settings["calibration"] = Calibration.load(calibration, core=core) if of_file else calibration
        with Session(core, **settings):  # the core checks them
            pass
        self._below = withhold_below
        self._failure = failure
        self._allowed = uncalibrated == "allow"
        self._on_answer = on_answer
        self._core = core
        self._settings = settings

    async def async_pre_call_hook(self, user_api_key_dict: Any, cache: Any, data: Any, call_type: Any) -> Any:
        """The proxy calls this before a request."""
        if data.get("logprobs") is None and "messages" in data:
            data["logprobs"] = True
        return data

    async def async_post_call_success_hook(self, data: Any, user_api_key_dict: Any, response: Any) -> Any:
        """The proxy calls this with an answer that is not streamed."""
        self._check(data, all_of([_json(response)], self._core, **self._settings))
        return response

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: Any
    ) -> AsyncGenerator[Any, None]:
        """The proxy calls this with each stream, and sends the items that it yields."""
        held = [chunk async for chunk in response]
        self._check(request_data, all_of(map(Items(response).bytes_of, held), self._core, **self._settings))
        for chunk in held:
            yield chunk

    def _check(self, request: Any, answers: Answers) -> None:
        """Raises an exception if one of the answers has to be withheld."""
        reasons = [self._reason(answer) for answer in answers.by_choice.values()] or ["no text"]
        why = "low" if "low" in reasons else next((r for r in reasons if r is not None), None)
        if why != "low" and self._failure == "open":
            why = None
        if self._on_answer is not None:
            self._on_answer(request, answers, why)
        if why is None:
            return
        what = "it is not likely enough to be correct" if why == "low" else f"it could not be checked ({why})"
        raise GuardrailRaisedException(
            guardrail_name=self.guardrail_name,
            message=f"The answer is withheld: {what}.",
            should_wrap_with_default_message=False,
            blocked_content=why == "low",
        )

    def _reason(self, answer: Answer) -> str | None:
        """The reason to withhold an answer: low, or the reason why it has no confidence; None for an answer to send."""
        shown = answer.headline
        if shown is None or shown.fused is None:
            return (shown.reason if shown is not None else None) or "no confidence"
        if not shown.calibrated and not self._allowed:
            return "not-calibrated"
        return "low" if shown.fused < self._below else None


def _json(response: Any) -> bytes:
    return response.model_dump_json(exclude_none=True, warnings=False).encode()  # type: ignore[no-any-return]


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)
