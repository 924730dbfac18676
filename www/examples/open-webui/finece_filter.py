"""
title: FineCE
description: Says beside each answer how likely the answer is to be right, while it is being written.
version: 0.1.0
license: MIT
requirements: finece
"""

from collections import OrderedDict

from pydantic import BaseModel, Field

from finece import Answer, Confidence, shown

KEPT = 1000  # answers whose confidences are kept; without a limit, aborted answers would stay for ever


class Filter:
    """Reads the confidences that a FineCE gateway puts into a stream. In Open WebUI, set the connection's URL to the gateway's."""

    class Valves(BaseModel):
        priority: int = Field(default=0, description="The order among filters")
        check_below: float = Field(default=0.5, ge=0, le=1, description="Below this probability an answer should be checked")

    def __init__(self):
        self.valves = self.Valves()
        self.answers: OrderedDict[str, tuple[Answer, str]] = OrderedDict()  # by message id: the confidences, and the text shown last

    async def stream(self, event: dict, __metadata__: dict, __event_emitter__=None) -> dict:
        """Called with each chunk of an answer."""
        answer, before = self.answers.pop(__metadata__["message_id"], (Answer(), ""))
        for record in (event.get("finece") or {}).get("events", []):
            if record.get("type") == "confidence" and record.get("choice") == 0:
                answer.take(Confidence.from_dict(record))
        now = self.said(answer.headline)
        self.answers[__metadata__["message_id"]] = (answer, now)
        while len(self.answers) > KEPT:
            self.answers.popitem(last=False)
        if now != before and __event_emitter__ is not None:
            await __event_emitter__({"type": "status", "data": {"description": now, "done": answer.headline.state != "provisional"}})
        return event

    async def outlet(self, body: dict) -> dict:
        """Called when an answer is complete."""
        self.answers.pop(body.get("id"), None)
        return body

    def said(self, headline: Confidence | None) -> str:
        """The headline in words. Only a calibrated one is called a probability."""
        if headline is None:
            return ""
        if headline.fused is None:
            return "No confidence for this answer"
        if headline.calibrated:
            check = "Check this. " if headline.fused < self.valves.check_below else ""
            return f"{check}{shown(headline)} of answers like this are right"
        return "Check this" if shown(headline) == "low" else f"{shown(headline).capitalize()} certainty"
