import { CoreLoadError, type FineceError } from "./errors.js";

/** After this many failures in a row a core is left alone, for this many milliseconds. */
const FAILURES = 3, PAUSE = 60_000;

/**
 * Counts a core's failures in a row, over all streams. A core that keeps failing is not tried again
 * for a while: later streams get an error at once and do not wait.
 */
export class Breaker {
  #failures = 0;
  #until = 0;
  #last = "";

  /** The error if the core must not be tried now; `undefined` if it may be tried. */
  refusal(): CoreLoadError | undefined {
    const left = this.#until - performance.now();
    return this.#failures < FAILURES || left <= 0 ? undefined : new CoreLoadError(
      `the core failed ${String(this.#failures)} times in a row and is tried again in ${String(Math.ceil(left / 1000))} s; the last time: ${this.#last}`,
    );
  }

  /** Counts a failure. Failures do not count while the core is not being tried. */
  failed({ message }: FineceError): void {
    if (this.refusal() === undefined) {
      this.#failures++;
      this.#last = message.replace(/^finece: /, "");
      this.#until = performance.now() + PAUSE;
    }
  }

  /** Call this when a stream was scored without a failure. */
  worked(): void {
    this.#failures = 0;
  }
}

const breakers = new WeakMap<object, Breaker>();

/** The breaker that all streams with the same core share, or with the same function that loads it. */
export function breakerOf(core: object): Breaker {
  let breaker = breakers.get(core);
  if (breaker === undefined) {
    breakers.set(core, breaker = new Breaker());
  }
  return breaker;
}
