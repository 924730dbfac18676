// Bodies and promises for Go. Every value that crosses to Go, except a number, costs Go a
// table entry and a finalizer. So almost only numbers cross.

/** Bytes that are read at once, and bytes that may wait for the client. */
const PIECE = 16 << 10;
const WAITING = 64 << 10;

/**
 * Waits for a promise. Calls `settled` with the number that Go gave it and with its
 * value, or with undefined and the reason if it was rejected.
 */
export function wait(promise, id, settled) {
  promise.then((value) => settled(id, value), (error) => settled(id, undefined, String(error)));
}

/**
 * Reads a body. `read` settles as `wait` does, with the number of bytes in `piece`, or
 * -1 at the end.
 */
export function reader(body) {
  const from = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(PIECE); // each read detaches it and returns it
  const piece = new Uint8Array(PIECE);
  const next = async () => {
    const { value, done } = await from.read(new Uint8Array(buffer));
    if (done) return -1;
    piece.set(value);
    buffer = value.buffer;
    return value.length;
  };
  return {
    piece,
    read(id, settled) { wait(next(), id, settled); },
    cancel() { from.cancel().catch(() => undefined); },
  };
}

/**
 * A body, `readable`, and Go's side of it. `write` takes bytes. It returns true, or
 * false after the client has disconnected, or a promise of that if there is no room at
 * the moment. `close` and `error` end the body and call `released`.
 */
export function answer(released) {
  let controller;
  let room; // resolves the promise of a write that waits for room
  const readable = new ReadableStream({
    start(c) { controller = c; },
    pull() { room?.(true); },
    cancel() {
      controller = undefined;
      room?.(false);
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: WAITING }));
  const end = (how) => {
    try {
      if (controller !== undefined) how(controller);
    } catch {
      // The body has ended already.
    }
    controller = undefined;
    released();
  };
  return {
    readable,
    write(bytes) {
      if (controller === undefined) return false;
      controller.enqueue(bytes);
      return controller.desiredSize > 0 || new Promise((resolve) => { room = resolve; });
    },
    close() { end((c) => c.close()); },
    error(message) { end((c) => c.error(new Error(message))); },
  };
}
