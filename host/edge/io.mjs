// What Go reads, writes and waits for. Every value that crosses to Go but a
// number costs it an entry in a table and a finalizer, so little else does.

/** How much is read at once, and how much may wait for the client. */
const PIECE = 16 << 10;
const WAITING = 64 << 10;

/**
 * Waits for a promise: calls `settled` with the number that Go gave it, and with
 * what came of it or, where it was rejected, undefined and the reason.
 */
export function wait(promise, id, settled) {
  promise.then((value) => settled(id, value), (error) => settled(id, undefined, String(error)));
}

/**
 * Reads a body. `read` settles as `wait` does, with the number of bytes that are
 * then in `piece`, or -1 at the end.
 */
export function reader(body) {
  const from = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(PIECE); // it goes away and comes back with each read
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
 * A body, `readable`, and what Go does with it: `write` takes bytes and returns
 * true, false if the client has gone, or a promise of that for when there is
 * room again; `close` and `error` end it, and call `released`.
 */
export function answer(released) {
  let controller;
  let room; // of the write that waits for it
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
      // It has ended already.
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
