"""The exceptions of this package."""

from __future__ import annotations


class FineceError(Exception):
    """Every error of this package."""


class CoreLoadError(FineceError):
    """finece.wasm is missing, does not compile, or is another program or version."""


class CoreLostError(FineceError):
    """The core's instance failed, for example at its memory limit, and was dropped.

    The text of the stream is not affected, nor are other sessions. Open another session.
    """


class ConfigError(FineceError, ValueError):
    """A setting is wrong; the message says which."""


class OrderError(FineceError):
    """A call out of order: the stream has ended, or the session is closed."""


class UnknownAskError(FineceError, KeyError):
    """No request has this id: it was never made, or it has its reply already."""

    def __str__(self) -> str:
        return Exception.__str__(self)


class ArgumentError(FineceError, ValueError):
    """An argument has a wrong type or value."""
