import type { CoreEvent, Reason } from "./events.js";
import { MAX_INPUT, REASONS } from "./contract.js";
import { CHUNK } from "./chunk.js";
import { FineceError } from "./errors.js";
import type { Instance } from "./instance.js";

const encoder = new TextEncoder();
const nothing = new Uint8Array();

/** The reasons to give to {@link Session.fail}. */
export type FailReason = Extract<Reason, "timeout" | "superseded" | "endpoint-error" | "unreachable" | "cancelled">;

/**
 * Scores one stream without any I/O: it takes bytes and returns events. For most programs,
 * `ConfidenceStream`, `confidences` or `confidenceFetch` is simpler. Use a session if your program
 * does its own I/O.
 *
 * Every method throws a `CoreTrapError` once the instance has trapped, and a
 * `FineceError` with the code `order` once the session is closed.
 */
export class Session {
  /** The events of the opening: the position p(0), and its request if the estimator is a confidence model. */
  readonly opening: readonly CoreEvent[];

  #instance: Instance | undefined;

  readonly #release: (instance: Instance) => void;

  /** @internal */
  constructor(instance: Instance, config: string, release: (instance: Instance) => void) {
    this.#release = release;
    this.#instance = instance;
    try {
      this.opening = instance.events("finece_open", encoder.encode(config));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Takes the stream's next bytes, cut anywhere. Throws `order` after {@link Session.end}. */
  write(bytes: Uint8Array): CoreEvent[] {
    if (bytes.length <= CHUNK) {
      return this.#open().events("finece_write", bytes);
    }
    const events: CoreEvent[] = [];
    for (let at = 0; at < bytes.length; at += CHUNK) {
      for (const event of this.#open().events("finece_write", bytes.subarray(at, at + CHUNK))) {
        events.push(event);
      }
    }
    return events;
  }

  /** Says that no more bytes will come. Requests may still be resolved or failed. */
  end(): CoreEvent[] {
    return this.#open().events("finece_end", undefined);
  }

  /**
   * The body of the request that an `ask` event announced: JSON in UTF-8. You can call this method
   * again until {@link Session.resolve} or {@link Session.fail} was called for the id; after that
   * it throws `unknown-ask`.
   */
  request(id: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#open().answer("finece_request", id));
  }

  /**
   * Takes the reply's body. If the reply is not exactly one probability, the position becomes
   * unavailable, and a `fault` event reports this. Throws `unknown-ask` for an id that was never
   * asked or already has a reply.
   */
  resolve(id: number, reply: Uint8Array): CoreEvent[] {
    // What is longer than a call takes is nobody's number: let the core say so.
    const body = reply.length > MAX_INPUT ? nothing : reply;
    return this.#open().events("finece_resolve", body, id);
  }

  /** Says why a request will have no reply. Throws `unknown-ask` as {@link Session.resolve} does. */
  fail(id: number, reason: FailReason): CoreEvent[] {
    return this.#open().events("finece_fail", undefined, id, REASONS.indexOf(reason));
  }

  /** Closes the session and gives its instance back to the core. */
  close(): void {
    const instance = this.#instance;
    this.#instance = undefined;
    if (instance !== undefined) {
      this.#release(instance);
    }
  }

  #open(): Instance {
    if (this.#instance === undefined) {
      throw new FineceError("order", "the session is closed");
    }
    return this.#instance;
  }
}
