"""FineCE estimates how likely a language model's answer is to be right, while the answer is being written.

The core that computes confidences is finece.wasm, the same bytes as everywhere else.
"""

from finece._answer import Answer, Answers, shown, word
from finece._builder import Ask, Event, Text
from finece._calibration import Calibration
from finece._confidences import AsyncConfidences, Confidences, confidences
from finece._contract import (
    Confidence,
    Decision,
    End,
    Entropy,
    Fault,
    Position,
    Record,
    Settings,
    Source,
    Start,
)
from finece._core import Core, Session
from finece._core import default_core as core
from finece._errors import (
    ArgumentError,
    ConfigError,
    CoreLoadError,
    CoreLostError,
    FineceError,
    OrderError,
    UnknownAskError,
)
from finece._metrics import Bin, Evaluation, evaluate, fuse
from finece._providers import PROVIDERS, Provider
from finece._score import Scorer, score

__all__ = [
    "PROVIDERS",
    "Answer",
    "Answers",
    "ArgumentError",
    "Ask",
    "AsyncConfidences",
    "Bin",
    "Calibration",
    "Confidence",
    "Confidences",
    "ConfigError",
    "Core",
    "CoreLoadError",
    "CoreLostError",
    "Decision",
    "End",
    "Entropy",
    "Evaluation",
    "Event",
    "Fault",
    "FineceError",
    "OrderError",
    "Position",
    "Provider",
    "Record",
    "Scorer",
    "Session",
    "Settings",
    "Source",
    "Start",
    "Text",
    "UnknownAskError",
    "confidences",
    "core",
    "evaluate",
    "fuse",
    "score",
    "shown",
    "word",
]
