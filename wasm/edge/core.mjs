// The scoring core's instances, which belong to the isolate. An instance holds
// one session; after the session it waits for the next.
import module from "../finece.wasm";

/** Instances that are kept for later sessions, and the memory of one that is. */
const KEPT = 16;
const KEPT_BYTES = 4 << 20;

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
 * Opens an instance. The object that it returns is for one session:
 *
 * - `call(name, input, ...args)` copies input, if there is any, to the core,
 *   calls `finece_<name>` and returns the answer, status and length included:
 *   a view that is stale after the next call. It is undefined after a trap, and
 *   null if the core does not take that much input.
 * - `close()` gives the instance back.
 */
export function open() {
  let exports = idle.pop() ?? make();
  return {
    call(name, input, ...args) {
      if (exports === undefined) return undefined;
      try {
        if (input) {
          const at = exports.finece_input(input.length);
          if (at === 0) return null;
          new Uint8Array(exports.memory.buffer, at >>> 0, input.length).set(input);
          args.push(input.length);
        }
        const at = exports[`finece_${name}`](...args) >>> 0;
        const length = new DataView(exports.memory.buffer).getUint32(at + 4, true);
        return new Uint8Array(exports.memory.buffer, at, 8 + length);
      } catch {
        // It would go on answering, in a state that nobody knows.
        exports = undefined;
        counts.dropped++;
        return undefined;
      }
    },
    close() {
      if (exports === undefined) return;
      if (idle.length < KEPT && exports.memory.buffer.byteLength <= KEPT_BYTES) idle.push(exports);
      exports = undefined;
    },
  };
}
