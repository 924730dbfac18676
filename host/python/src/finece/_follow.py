"""Follows one stream. If a FineCE server put records into it, they are used; otherwise the core scores the stream."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from finece._answer import Answer, Answers
from finece._builder import Event, Text
from finece._carried import Carried
from finece._contract import Record, Settings, Start
from finece._core import Core, Session
from finece._errors import ConfigError, CoreLostError

if TYPE_CHECKING:
    from typing import Unpack

_log: Final = logging.getLogger("finece")


class Follower:
    """Makes records from the bytes of one stream. It raises only for a wrong setting."""

    def __init__(self, core: Core | None = None, **settings: Unpack[Settings]) -> None:
        if settings.get("estimator") == "model":
            raise ConfigError(
                "no confidence model is asked here: put a gateway in front of the model (finece serve), or use Session"
            )
        self.answers = Answers()
        """What the records so far amount to."""
        self.start: Start | None = None
        """What the server says of its records; None if the core scores the stream."""
        self.lost: CoreLostError | None = None
        """Why there are no more confidences; the text is not affected."""
        self._session: Session | None = Session(core, **(settings | Settings(text=True)))
        self._held: list[Record] = []  # until it is known that the stream carries none
        self._carried: Carried | None = Carried()
        self._scored(self._session.opening)

    @property
    def answer(self) -> Answer:
        """The first answer, which is the only one unless several were asked for."""
        return self.answers[0]

    def write(self, data: bytes) -> list[Record]:
        """The records that the next bytes make."""
        if self._session is not None:
            try:
                self._scored(self._session.write(data))
            except CoreLostError as lost:
                self._lose(lost)
        if self._carried is not None:
            served = self._carried.write(data)
            self._serve(served)
            if not self._carried.decided:
                return []
            if self.start is None:
                self._carried = None
            else:
                return self._note(served)
        return self._release()

    def end(self) -> list[Record]:
        """The records that the end of the stream makes. The second call makes none."""
        out: list[Record] = []
        if self._carried is not None:
            served = self._carried.end()
            self._serve(served)
            self._carried = None
            out = served if self.start is not None else []
        if self._session is not None:
            try:
                self._scored(self._session.end())
            except CoreLostError as lost:
                self._lose(lost)
            self.close()
        return self._note(out) + self._release()

    def close(self) -> None:
        """Gives the session back. Confidences that are not final stay as they are."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _scored(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Text):
                texts = self.answers[event.choice].texts
                texts[event.segment] = texts.get(event.segment, "") + event.text
            elif isinstance(event, Record) and self.start is None:
                self._held.append(event)

    def _serve(self, served: list[Record]) -> None:
        if self.start is None and self._carried is not None and self._carried.start is not None:
            self.start = self._carried.start
            self._held.clear()
            served.insert(0, self.start)

    def _lose(self, lost: CoreLostError) -> None:
        self.lost = lost
        _log.warning("%s", lost)
        if self._session is not None:
            if self.start is None:
                self._held += self._session.unavailable("core-lost")
            self.close()

    def _release(self) -> list[Record]:
        held, self._held = self._held, []
        return self._note(held)

    def _note(self, records: list[Record]) -> list[Record]:
        for record in records:
            self.answers.take(record)
        return records


def whole(data: bytes, core: Core | None = None, **settings: Unpack[Settings]) -> Answer:
    """The first answer in a whole response, or in a stream that has ended."""
    return all_of([data], core, **settings)[0]


def all_of(pieces: Iterable[bytes], core: Core | None = None, **settings: Unpack[Settings]) -> Answers:
    """The answers in the pieces of a whole response, or of a stream that has ended."""
    follower = Follower(core, **settings)
    for piece in pieces:
        follower.write(piece)
    follower.end()
    return follower.answers
