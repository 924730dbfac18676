"""One instance of finece.wasm. All access to its memory is in this file."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any, Final, NoReturn

import wasmtime
from wasmtime import _ffi

from finece import _errors as errors
from finece._contract import FUNCTIONS, MAX_INPUT, STATUS

_HEADER: Final = struct.Struct("<II")

Bytes = bytes | bytearray | memoryview

#: The exception of each status.
_RAISED: Final[dict[int, type[errors.FineceError]]] = {
    STATUS.index("config"): errors.ConfigError,
    STATUS.index("order"): errors.OrderError,
    STATUS.index("unknown-ask"): errors.UnknownAskError,
}


class Instance:
    """One instance with the one session in it. It is not for concurrent use.

    It returns views of its memory, which are valid until the next call.
    """

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module, memory_limit: int) -> None:
        self.lost: errors.CoreLostError | None = None
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=memory_limit)
        self._limit = memory_limit
        try:
            exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        except wasmtime.WasmtimeError as cause:
            raise errors.CoreLoadError(f"no instance of the core: {cause}") from cause
        memory = exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        self._memory: wasmtime.Memory = memory
        self._calls: dict[str, Callable[..., int]] = {}
        for name in FUNCTIONS:
            function = exports[name]
            assert isinstance(function, wasmtime.Func)
            self._calls[name] = caller(self._store, function)
        self._at: int = 0
        self._size: int = 0
        self._view = memoryview(b"")
        self.call("_initialize")

    @property
    def memory_size(self) -> int:
        """The size of the memory in bytes."""
        return self._memory.data_len(self._store)

    def call(self, name: str, *numbers: int) -> int:
        """Calls a function that returns a plain number."""
        if self.lost is not None:
            raise self.lost
        try:
            result = self._calls[name](*numbers)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as cause:
            self.lose(f"the core trapped in {name}: {str(cause).strip().splitlines()[-1].strip()}", cause)
        self._look()
        return result

    def reply(self, name: str, *numbers: int) -> memoryview:
        """Calls a function that returns bytes: a status, a length and a payload."""
        at = self.call(name, *numbers)
        if at + _HEADER.size <= self._size:
            _, length = _HEADER.unpack_from(self._view, at)
            if at + _HEADER.size + length <= self._size:
                return self._view[at : at + _HEADER.size + length]
        self.lose("an answer outside the core's memory")

    def answer(self, name: str, *numbers: int) -> memoryview:
        """The payload of a function's reply."""
        reply = self.reply(name, *numbers)
        status, _ = _HEADER.unpack_from(reply)
        payload = reply[_HEADER.size :]
        if status == 0:
            return payload
        raise _RAISED.get(status, errors.ArgumentError)(str(payload, "utf-8", "replace"))

    def give(self, data: Bytes, most: int = MAX_INPUT) -> int:
        """Puts data into the input buffer, and returns its length."""
        length = len(data)
        if length > most:
            raise errors.ArgumentError(f"the core takes at most {most} bytes a call, not {length}: give it less at once")
        at = self.call("finece_input", length)
        if at == 0 or at + length > self._size:
            self.lose("an input buffer outside the core's memory")
        self._view[at : at + length] = data
        return length

    def send(self, name: str, data: Bytes, *first: int) -> memoryview:
        """Gives data to the core, calls a function with first and the length of data, and returns the reply's payload."""
        length = self.give(data)
        return self.answer(name, *first, length)

    def _look(self) -> None:
        """Takes a new view of the memory if it has grown or moved."""
        at, size = address(self._store, self._memory)
        if at != self._at or size != self._size:
            self._at, self._size = at, size
            self._view = memoryview((ctypes.c_ubyte * size).from_address(at)).cast("B")

    def lose(self, what: str, cause: BaseException | None = None) -> NoReturn:
        """Refuses all further calls: after a failure the instance's state is unknown, although it would still reply."""
        advice = "open another session for the next stream"
        if 2 * self.memory_size > self._limit:  # buffers double
            advice += f", or give Core a memory_limit of more than {self._limit} bytes"
        self.lost = errors.CoreLostError(f"{what}. The stream's text is not affected; {advice}")
        self._view = memoryview(b"")
        raise self.lost from cause


def address(store: wasmtime.Store, memory: wasmtime.Memory) -> tuple[int, int]:
    """Where a memory is, and its size in bytes."""
    pointer: Any = memory.data_ptr(store)
    return ctypes.addressof(pointer.contents), memory.data_len(store)


def caller(store: wasmtime.Store, function: wasmtime.Func) -> Callable[..., int]:
    """A callable for a function of 32-bit numbers.

    wasmtime's own call asks for the function's type each time, which takes 15 times as
    long as the call. The call without checks is not a documented part of wasmtime's
    Python package: where it is missing, its own call is used.
    """
    unchecked = getattr(_ffi, "wasmtime_func_call_unchecked", None)
    if unchecked is None or not hasattr(function, "_func"):
        return checked(store, function)
    numbers = (_ffi.wasmtime_val_raw_t * 3)()
    trap = ctypes.POINTER(_ffi.wasm_trap_t)()
    context, pointer, to_trap = store._context(), ctypes.byref(function._func), ctypes.byref(trap)

    def call(*values: int) -> int:
        for i, value in enumerate(values):
            numbers[i].i32 = value
        error = unchecked(context, pointer, numbers, 3, to_trap)
        if error:
            raise wasmtime.WasmtimeError._from_ptr(error)
        if trap:
            raised = wasmtime.Trap._from_ptr(trap)
            raise raised
        return numbers[0].i32 & 0xFFFFFFFF

    return call


def checked(store: wasmtime.Store, function: wasmtime.Func) -> Callable[..., int]:
    """The call of wasmtime's documented interface."""

    def call(*values: int) -> int:
        signed = [v - ((v & 0x80000000) << 1) for v in values]
        return (function(store, *signed) or 0) & 0xFFFFFFFF

    return call
