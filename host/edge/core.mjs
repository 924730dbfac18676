// Keeps the instances of the scoring core for the requests of an isolate. An instance holds
// one session at a time. After the session it waits for the next one.
import module from "../../wasm/finece.wasm";

/** How many instances are kept for later sessions, and the most memory of a kept one. */
const KEPT = 16;
const KEPT_BYTES = 4 << 20;

/** Sizes of a session's buffers for input and output at the start, in bytes. */
const INPUT = 16 << 10;
const OUTPUT = 64 << 10;

/** The core's functions, by the numbers of host.Function in Go. */
const FUNCTIONS = ["open", "write", "end", "request", "resolve", "fail"].map((name) => `finece_${name}`);

const idle = [];

/** For tests: how many instances were made and dropped so far. */
export const counts = { made: 0, dropped: 0 };

function make() {
  const { exports } = new WebAssembly.Instance(module);
  exports._initialize();
  counts.made++;
  return exports;
}

/**
 * Opens an instance for one session. Only numbers cross between the returned object
 * and Go during a call: every other value costs Go a table entry and a finalizer.
 *
 * - `input` and `output` are the buffers for both directions. `grow(n)` replaces
 *   `input` by a larger one.
 * - `call(f, length, id, why)` calls function f of FUNCTIONS. If `length` is not
 *   negative, that many bytes of input go to the core first. It returns the length of
 *   the answer (status, length, payload), which is then in `output`; -1 after a trap;
 *   -2 if the core does not take that much input. A long answer replaces `output` by a
 *   larger buffer.
 * - `close()` gives the instance back.
 */
export function open() {
  let exports = idle.pop() ?? make();
  const session = {
    input: new Uint8Array(INPUT),
    output: new Uint8Array(OUTPUT),
    grow(n) { session.input = new Uint8Array(n); },
    call(f, length, ...rest) {
      if (exports === undefined) return -1;
      try {
        if (length >= 0) {
          const at = exports.finece_input(length);
          if (at === 0) return -2;
          new Uint8Array(exports.memory.buffer, at >>> 0, length).set(session.input.subarray(0, length));
          rest.push(length);
        }
        const at = exports[FUNCTIONS[f]](...rest) >>> 0;
        const size = 8 + new DataView(exports.memory.buffer).getUint32(at + 4, true);
        if (size > session.output.length) session.output = new Uint8Array(2 * size);
        session.output.set(new Uint8Array(exports.memory.buffer, at, size));
        return size;
      } catch {
        // After a trap the instance would still answer, but its state is unknown.
        exports = undefined;
        counts.dropped++;
        return -1;
      }
    },
    close() {
      if (exports === undefined) return;
      if (idle.length < KEPT && exports.memory.buffer.byteLength <= KEPT_BYTES) idle.push(exports);
      exports = undefined;
    },
  };
  return session;
}
