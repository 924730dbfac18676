// The scoring core's instances, which belong to the isolate. An instance holds
// one session; after the session it waits for the next.
import module from "../../wasm/finece.wasm";

/** Instances that are kept for later sessions, and the memory of one that is. */
const KEPT = 16;
const KEPT_BYTES = 4 << 20;

/** What a session takes at once without a larger buffer, and answers with. */
const INPUT = 16 << 10;
const OUTPUT = 64 << 10;

/** By the number that host.Function gives them. */
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
 * Opens an instance. The object that it returns is for one session, and made so
 * that a call hands nothing but numbers to Go and back: every other value costs
 * Go an entry in a table and a finalizer.
 *
 * - `input` and `output` are what is handed over and what is answered; `grow(n)`
 *   makes input larger.
 * - `call(f, length, id, why)` gives `length` bytes of input, if that is not
 *   negative, to the f-th of FUNCTIONS, with the other arguments that it takes.
 *   The answer's status and payload are then in output, and what is returned is
 *   their length. It is -1 after a trap, and -2 if the core does not take that
 *   much input. A long answer comes in an output of its own: it is `output` anew.
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
        // It would go on answering, in a state that nobody knows.
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
