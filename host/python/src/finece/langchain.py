"""Confidences in LangChain: a callback handler.

::

    handler = finece.langchain.Confidences()
    model = ChatOpenAI(model="gpt-4o-mini", logprobs=True, callbacks=[handler])
    model.invoke("What is 6 times 7?")
    print(finece.shown(handler.answer.headline))

It reads the log-probabilities that langchain-openai provides, streamed or not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from finece._answer import Answer
from finece._contract import Record, Settings
from finece._core import Core
from finece._follow import Follower

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["Confidences"]


class Confidences(BaseCallbackHandler):
    """Scores the answers of the models that have this callback. The settings are those of Session.

    ``on_record`` is called with each record, and with the id of its run.
    """

    def __init__(
        self,
        on_record: Callable[[UUID, Record], object] | None = None,
        *,
        core: Core | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        self.answer = Answer()
        """The answer that ended last."""
        self.answers: dict[UUID, Answer] = {}
        """The answers that have ended, by run."""
        self._on_record = on_record
        self._core = core
        self._settings = settings
        self._running: dict[UUID, Follower] = {}

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **_: Any) -> None:
        """LangChain calls this with each piece of a streamed answer."""
        said = _said(chunk) if chunk is not None else {}
        text = chunk.text if chunk is not None else str(token)
        # The entry of an end token is no part of the text: the finish reason beside it says so.
        self._write(run_id, {"delta": {"content": text}, **{k: said.get(k) for k in ("logprobs", "finish_reason")}})

    def on_llm_end(self, response: Any, *, run_id: UUID, **_: Any) -> None:
        """LangChain calls this after an answer."""
        made = response.generations[0][0]
        said = _said(made)
        finish = said.get("finish_reason") or "stop"
        if run_id in self._running:
            self._write(run_id, {"delta": {}, "finish_reason": finish})
        else:
            self._write(run_id, {"delta": {"content": made.text}, "logprobs": said.get("logprobs"), "finish_reason": finish})
        self._end(run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """LangChain calls this if the answer broke off."""
        if run_id in self._running:
            self._end(run_id)

    def _write(self, run: UUID, choice: dict[str, Any]) -> None:
        follower = self._running.get(run)
        if follower is None:
            follower = self._running[run] = Follower(self._core, **self._settings)
        event = json.dumps({"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]})
        self._hear(run, follower.write(f"data: {event}\n\n".encode()))

    def _end(self, run: UUID) -> None:
        follower = self._running.pop(run)
        self._hear(run, follower.end())
        self.answer = self.answers[run] = follower.answer

    def _hear(self, run: UUID, records: list[Record]) -> None:
        for record in records:
            if self._on_record is not None:
                self._on_record(run, record)


def _said(generation: Any) -> dict[str, Any]:
    """The metadata that the model's integration gives for a piece or for a complete answer."""
    metadata = getattr(getattr(generation, "message", None), "response_metadata", None)
    return {**(generation.generation_info or {}), **(metadata or {})}
