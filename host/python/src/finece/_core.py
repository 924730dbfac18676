"""The core: finece.wasm on wasmtime, and the sessions of streams in it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from contextlib import contextmanager
from importlib import resources
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, cast

import wasmtime

from finece import _builder as builder
from finece import _errors as errors
from finece._contract import ABI_VERSION, FUNCTIONS, MAX_INPUT, REASONS, Reason, Record, Settings
from finece._instance import Bytes, Instance

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Unpack

#: Bytes of a stream for one call of the core. With many bytes a call costs little for each byte;
#: with few the instance's input buffer stays small.
_CHUNK: Final = 64 << 10
#: The number of instances that are kept for later sessions, and the memory above which an
#: instance is not kept: its memory never shrinks.
_KEPT: Final = 64
_KEPT_MEMORY: Final = 4 << 20
MEMORY_LIMIT: Final = 32 << 20
"""The default limit of a session's memory, in bytes."""


class Core:
    """The compiled core. Each session has an instance of its own, and instances are reused.

    Several threads may use it. ``source`` is the path or the bytes of a finece.wasm
    to use instead of the package's. ``memory_limit`` is the most memory of a session in
    bytes; an instance that needs more fails. Raises CoreLoadError.
    """

    def __init__(self, source: str | PathLike[str] | bytes | None = None, *, memory_limit: int = MEMORY_LIMIT) -> None:
        module, where = _bytes_of(source)
        self.sha256: str = hashlib.sha256(module).hexdigest()
        """The hash of finece.wasm, in hexadecimal."""
        self._limit = memory_limit
        self._lock = threading.Lock()
        self._engine = wasmtime.Engine(_config())
        try:
            self._module = wasmtime.Module(self._engine, module)
        except wasmtime.WasmtimeError as cause:
            raise errors.CoreLoadError(f"{where} does not compile: {cause}") from cause
        _check(self._module, where)
        first = self._instance()
        version = first.call("finece_abi")
        if version != ABI_VERSION:
            raise errors.CoreLoadError(
                f"{where} speaks ABI version {version}, this package {ABI_VERSION}: use the finece.wasm of this package"
            )
        self._free = [first]

    def open(self, **settings: Unpack[Settings]) -> Session:
        """Opens the session of one stream. Raises ConfigError, whose message names the wrong setting."""
        return Session(self, **settings)

    def __repr__(self) -> str:
        return f"<finece.Core {self.sha256[:12]}>"

    @contextmanager
    def instance(self, memory_limit: int = 0) -> Generator[Instance]:
        """An instance for calls without a session. An instance with another memory limit is not kept."""
        if memory_limit > self._limit:
            yield Instance(self._engine, self._module, memory_limit)
            return
        instance = self.lease()
        try:
            yield instance
        finally:
            self.release(instance)

    def lease(self) -> Instance:
        """An instance that an earlier session has left, or a new one. Give it back with release."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return self._instance()

    def _instance(self) -> Instance:
        return Instance(self._engine, self._module, self._limit)

    def release(self, instance: Instance) -> None:
        """Keeps an instance for another session, unless it has failed or its memory is large."""
        if instance.lost is None and instance.memory_size <= _KEPT_MEMORY:
            with self._lock:
                if len(self._free) < _KEPT:
                    self._free.append(instance)


class Session:
    """One stream being scored: bytes go in, records come out.

    ``core`` is the package's own by default. A session belongs to one thread at a time.
    After a CoreLostError every call raises it again, even reset: open another session.
    """

    opening: list[builder.Event]
    """What opening gave: p(0), and with a confidence model the request about it."""

    def __init__(self, core: Core | None = None, **settings: Unpack[Settings]) -> None:
        self._core = core or default_core()
        self._instance: Instance | None = self._core.lease()
        try:
            self._begin(settings)
        except BaseException:
            self.close()
            raise

    def reset(self, **settings: Unpack[Settings]) -> list[builder.Event]:
        """Starts a session of another stream. This costs a fraction of opening one.

        Returns the same records as opening. After a ConfigError the session takes no more bytes.
        """
        self._begin(settings)
        return self.opening

    def write(self, data: Bytes) -> list[builder.Event]:
        """Takes the stream's next bytes, of any length. Raises OrderError after end."""
        if len(data) <= _CHUNK:
            return self._take("finece_write", data)
        view, out = memoryview(data).cast("B"), list[builder.Event]()
        for at in range(0, len(view), _CHUNK):
            out += self._take("finece_write", view[at : at + _CHUNK])
        return out

    def end(self) -> list[builder.Event]:
        """Ends the stream: no more bytes will come. You may still call resolve and fail."""
        return self._take("finece_end", None)

    def request(self, id: int) -> bytes:
        """The JSON body of the request that an Ask announced. Raises UnknownAskError once it is settled."""
        return bytes(self._open().answer("finece_request", id))

    def resolve(self, id: int, reply: Bytes) -> list[builder.Event]:
        """Takes the body of the reply. A reply that is not exactly one probability gives a fault record."""
        return self._take("finece_resolve", reply if len(reply) <= MAX_INPUT else b"", id)

    def fail(self, id: int, reason: Reason) -> list[builder.Event]:
        """Reports that a request has no reply, with a reason such as "timeout" or "unreachable"."""
        return self._take("finece_fail", None, id, REASONS.index(reason))

    def unavailable(self, reason: Reason) -> list[Record]:
        """Records that make every confidence unavailable that can still change.

        Use it for a session that has failed: with the reason "core-lost" after a CoreLostError.
        """
        return self._builder.unavailable(reason)

    @property
    def ended(self) -> bool:
        """Whether the stream's end marker has come, or an error that ends the stream."""
        return self._builder.ended

    def close(self) -> None:
        """Gives the instance back. The session cannot be used any more."""
        instance, self._instance = self._instance, None
        if instance is not None:
            self._core.release(instance)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _begin(self, settings: Settings) -> None:
        model = settings.get("model", {}).get("name")
        width = settings.get("width")
        if isinstance(width, int) and width > 1:  # nothing here samples continuations: the stream is the only one
            settings = {**settings, "width": 1}
        config = json.dumps(settings, default=_object).encode()
        opened = self._open().send("finece_open", config)
        self._builder = builder.Builder(model)
        self.opening = self._read(opened)

    def _take(self, name: str, data: Bytes | None, *numbers: int) -> list[builder.Event]:
        instance = self._open()
        return self._read(instance.answer(name, *numbers) if data is None else instance.send(name, data, *numbers))

    def _read(self, payload: memoryview) -> list[builder.Event]:
        try:
            return self._builder.take(payload)
        except builder.MalformedError as cause:
            self._open().lose(str(cause), cause)

    def _open(self) -> Instance:
        if self._instance is None:
            raise errors.OrderError("the session is closed: open another one")
        return self._instance


_default: Core | None = None
_default_lock: Final = threading.Lock()


def default_core() -> Core:
    """The core of this package's finece.wasm. The first call loads it."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Core()
        return _default


def _bytes_of(source: str | PathLike[str] | bytes | None) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, "the bytes given"
    try:
        if source is None:
            where = "finece.wasm of this package"
            return (resources.files("finece") / "finece.wasm").read_bytes(), where
        return Path(source).read_bytes(), str(source)
    except OSError as cause:
        advice = ": run make python in a clone, or install the wheel again" if source is None else ""
        raise errors.CoreLoadError(f"cannot read finece.wasm: {cause}{advice}") from cause


def _config() -> wasmtime.Config:
    """Configures wasmtime to store the compiled core in the user's cache folder, if there is one."""
    config = wasmtime.Config()
    try:
        config.cache = True
    except wasmtime.WasmtimeError:
        return wasmtime.Config()
    return config


def _check(module: wasmtime.Module, where: str) -> None:
    """Compares what a module imports and exports with what the ABI lists."""
    if module.imports:
        needed = module.imports[0]
        raise errors.CoreLoadError(
            f"{where} is not a FineCE core: it imports {needed.module}.{needed.name}, the core imports nothing"
        )
    exports = {export.name: export.type for export in module.exports}
    if not isinstance(exports.get("memory"), wasmtime.MemoryType):
        raise errors.CoreLoadError(f"{where} is not a FineCE core: it exports no memory")
    for name, (parameters, results) in FUNCTIONS.items():
        signature = exports.get(name)
        if not isinstance(signature, wasmtime.FuncType):
            raise errors.CoreLoadError(f"{where} is not a FineCE core of ABI version {ABI_VERSION}: it exports no {name}")
        if (len(signature.params), len(signature.results)) != (parameters, results):
            raise errors.CoreLoadError(
                f"{where} is not a FineCE core of ABI version {ABI_VERSION}: {name} has another signature"
            )


def _object(value: object) -> object:
    """A calibration or a card as JSON."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    raise errors.ConfigError(f"a setting is a {type(value).__name__}: want a text, a number, true or false, or a mapping")
