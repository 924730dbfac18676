import { type FunctionName, MAX_INPUT, MAX_PAIRS, STATUS } from "./contract.js";
import type { CoreEvent } from "./events.js";
import { readEvents } from "./record.js";
import { CoreTrapError, FineceError, messageOf } from "./errors.js";

type Exports = Readonly<Record<FunctionName, (...numbers: number[]) => number>> & { readonly memory: WebAssembly.Memory };

/**
 * One instance of the core, with the one session in it. All access to its
 * memory is in this file. The arrays that it returns alias the memory: they
 * hold until the next call.
 */
export class Instance {
  /** Set by a trap. The instance would still return answers after a trap, so it must not be called again. */
  lost: CoreTrapError | undefined;

  readonly #exports: Exports;
  #bytes: Uint8Array;
  #numbers: DataView;

  constructor(instance: WebAssembly.Instance) {
    this.#exports = instance.exports as unknown as Exports;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    this.#numbers = new DataView(this.#exports.memory.buffer);
  }

  /** The size of the instance's memory in bytes. */
  get memorySize(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Calls a function that answers with a plain number. */
  call(name: FunctionName, ...numbers: number[]): number {
    if (this.lost !== undefined) {
      throw this.lost;
    }
    try {
      const result = this.#exports[name](...numbers);
      if (this.#bytes.buffer !== this.#exports.memory.buffer) { // it has grown
        this.#bytes = new Uint8Array(this.#exports.memory.buffer);
        this.#numbers = new DataView(this.#exports.memory.buffer);
      }
      return result >>> 0;
    } catch (cause) {
      throw this.#drop(`the core trapped in ${name}: ${messageOf(cause)}`, name, cause);
    }
  }

  /** Calls a function that answers with bytes. */
  answer(name: FunctionName, ...numbers: number[]): Uint8Array {
    const at = this.call(name, ...numbers);
    const size = this.#bytes.length;
    if (at + 8 > size) {
      throw this.#drop("an answer outside the core's memory", name);
    }
    const status = this.#numbers.getUint32(at, true);
    const length = this.#numbers.getUint32(at + 4, true);
    if (at + 8 + length > size) {
      throw this.#drop("an answer outside the core's memory", name);
    }
    const payload = this.#bytes.subarray(at + 8, at + 8 + length);
    const code = STATUS[status];
    if (code === "ok") {
      return payload;
    }
    throw new FineceError(code ?? "argument", new TextDecoder().decode(payload), { call: name });
  }

  /** Puts data into the input buffer and calls `name` with `first`, if given, and the data's length. */
  send(name: FunctionName, data: Uint8Array, ...first: number[]): Uint8Array {
    const most = name === "finece_evaluate" ? MAX_PAIRS : MAX_INPUT;
    if (data.length > most) {
      throw new FineceError("too-long", `the core takes at most ${String(most)} bytes a call, not ${String(data.length)}`, {
        call: name, length: data.length,
      });
    }
    const at = this.call("finece_input", data.length);
    if (at === 0 || at + data.length > this.#bytes.length) {
      throw this.#drop("an input buffer outside the core's memory", name);
    }
    this.#bytes.set(data, at);
    return this.answer(name, ...first, data.length);
  }

  /** Calls a function that answers with events, after {@link Instance.send} if there are data. */
  events(name: FunctionName, data: Uint8Array | undefined, ...first: number[]): CoreEvent[] {
    const payload = data === undefined ? this.answer(name, ...first) : this.send(name, data, ...first);
    try {
      return readEvents(payload);
    } catch (cause) {
      throw this.#drop(messageOf(cause), name, cause);
    }
  }

  #drop(message: string, call: string, cause?: unknown): CoreTrapError {
    this.lost = new CoreTrapError(message, { call }, cause);
    return this.lost;
  }
}
