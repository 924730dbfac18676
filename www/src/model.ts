import type { ModelConfig } from "./config.js";
import { ModelError, type ModelFailure, messageOf } from "./errors.js";
import type { AskEvent } from "./events.js";
import { MODEL_DEFAULTS } from "./contract.js";
import { hidden, hint, oneLine, readAtMost, retryAfter, shown } from "./http.js";

/** A `fetch` function, in the form that SDKs take. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A confidence model at an HTTP endpoint, and what is sent to it. */
export interface ModelOptions extends ModelConfig {
  /** The endpoint's whole address, such as `/api/confidence` or `http://127.0.0.1:8000/v1/chat/completions`. */
  url: string | URL;
  /**
   * Headers besides the content type, or a function that returns them for each attempt. Do not put
   * a key into a page: let `url` be a route of your own server, which adds the key.
   */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** The function that sends the requests; default the global `fetch`. */
  fetch?: Fetch;
  /** Time limit for one estimate in milliseconds, including retries and the waits between them; default 60000. */
  timeout?: number;
  /** Number of retries after a lost connection, or status 429 or 5xx; default 3. */
  retries?: number;
  /** Requests in flight at once, over all streams that share the {@link ConfidenceModel}; default 8. */
  concurrency?: number;
  /**
   * How many requests of one stream may wait to be sent; default 4. If there are more, the oldest
   * are given up with the reason `superseded`, because newer positions have made them useless.
   * Requests for the question alone and for the whole answer are never given up.
   */
  waiting?: number;
  /**
   * Called with every request's body, which is JSON, before it is sent. Returns the body to send
   * instead, or `null` to send nothing. If it returns `null` or throws, the position becomes
   * unavailable with the reason `cancelled`.
   */
  redact?: (body: string, ask: AskEvent) => string | null | Promise<string | null>;
  /** Maximum size of a reply in bytes; default 1 MiB. The core does not read longer replies. */
  maxReply?: number;
}

/**
 * A confidence model that several streams share, with one limit on the requests
 * in flight.
 */
export class ConfidenceModel {
  /** How the core asks the model. */
  readonly config: ModelConfig;
  /** @internal */
  readonly slots: Slots;
  /** @internal */
  readonly waiting: number;
  /** @internal */
  readonly redact: ModelOptions["redact"];

  readonly #url: string;
  readonly #headers: ModelOptions["headers"];
  readonly #fetch: Fetch;
  readonly #timeout: number;
  readonly #retries: number;
  readonly #maxReply: number;

  constructor(options: ModelOptions) {
    const { url, headers, fetch, timeout, retries, concurrency, waiting, redact, maxReply, ...config } = options;
    this.config = config;
    this.#url = String(url);
    this.#headers = headers;
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#timeout = timeout ?? MODEL_DEFAULTS.timeout;
    this.#retries = retries ?? MODEL_DEFAULTS.retries;
    this.slots = new Slots(Math.max(concurrency ?? MODEL_DEFAULTS.requests, 1));
    this.waiting = Math.max(waiting ?? 4, 0);
    this.redact = redact;
    this.#maxReply = maxReply ?? MODEL_DEFAULTS.maxReply;
  }

  /**
   * Sends a request's body and returns the body of the reply, which is not parsed yet. Rejects with
   * a {@link ModelError}.
   */
  async post(body: string, signal: AbortSignal): Promise<Uint8Array> {
    const deadline = Date.now() + this.#timeout;
    const control = new AbortController();
    const stop = (): void => { control.abort(); };
    const timers = [setTimeout(stop, Math.min(this.#timeout, 2 ** 31 - 1))]; // beyond which there is no delay at all
    // Raced with all there is to wait for: neither headers() nor a given fetch need heed a signal.
    const stopped = new Promise<never>((_, reject) => { control.signal.addEventListener("abort", reject); });
    signal.addEventListener("abort", stop);
    if (signal.aborted) {
      stop();
    }
    try {
      for (let attempt = 1; ; attempt++) {
        const outcome = await Promise.race([this.#attempt(body, control.signal), stopped]);
        if (outcome instanceof Uint8Array) {
          return outcome;
        }
        const wait = outcome.after ?? attempt * (200 + 600 * Math.random());
        // What cannot come in time is not waited for.
        if (outcome.after === null || attempt > this.#retries || wait >= deadline - Date.now()) {
          throw outcome.error;
        }
        await Promise.race([new Promise((resolve) => { timers.push(setTimeout(resolve, wait)); }), stopped]);
      }
    } catch (error) {
      throw error instanceof ModelError ? error
        : signal.aborted ? this.error("cancelled", "cancelled")
        : this.error("timeout", `no reply within ${String(this.#timeout)} ms`);
    } finally {
      timers.forEach((timer) => { clearTimeout(timer); });
      signal.removeEventListener("abort", stop);
    }
  }

  /**
   * One attempt: the reply, or the error and after how many milliseconds to try
   * again, `null` for never and `undefined` for soon. Rejects if it was aborted.
   */
  async #attempt(
    body: string, signal: AbortSignal,
  ): Promise<Uint8Array | { error: ModelError; after: number | null | undefined }> {
    const headers = new Headers({ "content-type": "application/json", accept: "application/json" });
    const fetch = this.#fetch;
    const given = this.#headers;
    try {
      new Headers(typeof given === "function" ? await given() : given).forEach((value, name) => { headers.set(name, value); });
    } catch (cause) {
      return { error: this.error("cancelled", `no headers: ${messageOf(cause)}`, cause), after: null };
    }
    try {
      // Followed, a redirect would become a GET, or take the text elsewhere.
      const response = await fetch(this.#url, { method: "POST", body, headers, signal, redirect: "manual" });
      const reply = await readAtMost(response.body, response.ok ? this.#maxReply : 4096);
      if (response.ok) {
        return reply ?? { error: this.error("endpoint-error", `the reply is longer than ${String(this.#maxReply)} bytes`), after: null };
      }
      const { status } = response;
      const said = hidden(oneLine(new TextDecoder().decode(reply ?? new Uint8Array())), headers);
      const error = new ModelError(
        "endpoint-error", `HTTP ${String(status)}${said && `: ${said}`}; ${hint(status)}`, { url: shown(this.#url), status },
      );
      return { error, after: retryAfter(status, response.headers.get("retry-after")) };
    } catch (cause) {
      if (signal.aborted) {
        throw cause;
      }
      return { error: this.error("unreachable", `${reasonOf(cause)}; is the server running, and is this its address?`, cause), after: undefined };
    }
  }

  /** @internal */
  error(reason: ModelFailure, message: string, cause?: unknown): ModelError {
    return new ModelError(reason, message, { url: shown(this.#url) }, cause);
  }
}

/** Node says "fetch failed" and keeps what happened in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && cause.message !== "" ? cause.message : messageOf(error);
}

/** Room for requests in flight, and who waits for it. */
export class Slots {
  readonly #queue = new Set<() => void>();

  #free: number;

  constructor(free: number) {
    this.#free = free;
  }

  /** Takes a place, if there is one; otherwise `retry` is called, once, when there may be. */
  take(retry: () => void): boolean {
    if (this.#free === 0) {
      this.#queue.add(retry);
      return false;
    }
    this.#free--;
    return true;
  }

  /** Gives a place back. */
  release(): void {
    this.#free++;
    for (const retry of this.#queue) {
      if (this.#free === 0) {
        break;
      }
      this.#queue.delete(retry);
      retry();
    }
  }
}
