import type { ScoringConfig, SessionConfig } from "./config.js";
import type { Core } from "./core.js";
import { CoreLoadError, FineceError, messageOf } from "./errors.js";
import type { AskEvent, ConfidenceEvent, CoreEvent, Method, StreamEvent } from "./events.js";
import { Exchange } from "./exchange.js";
import { loadCore } from "./load.js";
import { ConfidenceModel, type ModelOptions } from "./model.js";
import { CHUNK, type Session } from "./session.js";

/** How a stream is scored, and who hears of it. Everything has a default. */
export interface ScoreOptions extends ScoringConfig {
  /**
   * Which statistic of the stream's own log-probabilities the confidence is;
   * default `perplexity`. None of them is calibrated. Not looked at with `model`.
   */
  estimator?: Method;
  /** A confidence model to ask instead. Nothing is sent anywhere without it. */
  model?: ModelOptions | ConfidenceModel;
  /** A loaded core, or what loads it; default `loadCore`. */
  core?: Core | PromiseLike<Core> | (() => Core | PromiseLike<Core>);
  /** Ends the scoring and aborts its requests; the text goes on. */
  signal?: AbortSignal | undefined;
  /** Hears every event, in order. */
  onEvent?: (event: StreamEvent) => void;
  /**
   * Hears what went wrong. Without it, errors go to `reportError` or the
   * console, those of the confidence model once a stream.
   */
  onError?: (error: FineceError) => void;
}

// What a stream may bring before the core is loaded, in bytes.
const MAX_QUEUE = 8 << 20;

/**
 * Scores one stream beside its text: none of its methods waits, throws, or
 * keeps a chunk from being used by others afterwards.
 */
export class Scorer {
  /** Resolves when no more events will come. Never rejects. */
  readonly done: Promise<void>;

  readonly #model: ConfidenceModel | undefined;
  #session: Session | undefined;
  #exchange: Exchange | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #ended = false;
  #closed = false;
  #resolveDone!: () => void;

  readonly #unsettled = new Map<string, ConfidenceEvent>();
  readonly #outbox: StreamEvent[] = [];
  #emitting = false;
  #complained = false;

  readonly #options: ScoreOptions;

  constructor(options: ScoreOptions) {
    this.#options = options;
    const { core = () => loadCore(), model, signal } = options;
    this.done = new Promise((resolve) => { this.#resolveDone = resolve; });
    this.#model = model === undefined || model instanceof ConfidenceModel ? model : new ConfidenceModel(model);
    if (signal?.aborted === true) {
      this.#close();
      return;
    }
    signal?.addEventListener("abort", this.interrupt);
    void (async () => (typeof core === "function" ? core() : core))().then(
      (loaded) => { this.#start(loaded); },
      (cause: unknown) => { this.lose(cause); },
    );
  }

  /** Takes the stream's next bytes. */
  write(chunk: Uint8Array): void {
    if (this.#closed) {
      return;
    }
    if (!ArrayBuffer.isView(chunk)) {
      this.lose(new FineceError("argument", "the stream's chunks are not Uint8Arrays, so they are not scored"));
    } else if (this.#session !== undefined) {
      this.#feed(this.#session, chunk);
    } else if ((this.#queued += chunk.byteLength) > MAX_QUEUE) {
      this.lose(new CoreLoadError(`the core was not loaded before ${String(MAX_QUEUE)} bytes had come`));
    } else {
      this.#queue.push(bytesOf(chunk).slice()); // whoever gets the chunk may transfer it
    }
  }

  /** Says that the stream is over. What was asked may still be answered. */
  end(): void {
    const session = this.#session;
    this.#ended = true;
    if (session !== undefined && !this.#closed) {
      this.#run(() => session.end());
      this.#settled();
    }
  }

  /** Says that nobody wants to know any more, or that the stream broke off: requests are aborted. */
  readonly interrupt = (): void => {
    const session = this.#session;
    if (this.#closed) {
      return;
    }
    if (session !== undefined) {
      if (!this.#ended) {
        this.#ended = true;
        this.#run(() => session.end());
      }
      this.#exchange?.abandon("cancelled");
    }
    this.#close();
  };

  #start(core: Core): void {
    if (this.#closed) {
      return;
    }
    const model = this.#model;
    let session: Session;
    try {
      session = core.open(settings(this.#options, model));
    } catch (error) {
      this.lose(error);
      return;
    }
    this.#session = session;
    if (model !== undefined) {
      const run = this.#run;
      const report = this.#report;
      const settled = this.#settled;
      this.#exchange = new Exchange(session, model, { run, report, settled });
    }
    this.#run(() => [...session.opening]);
    const queue = this.#queue;
    this.#queue = [];
    for (const chunk of queue) {
      this.#feed(session, chunk);
    }
    if (this.#ended) {
      this.end();
    }
  }

  #feed(session: Session, chunk: ArrayBufferView): void {
    const bytes = bytesOf(chunk);
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const part = bytes.subarray(at, at + CHUNK);
      this.#run(() => session.write(part));
    }
  }

  /** Runs a call of the session. A trap costs the confidences and nothing else. */
  readonly #run = (call: () => CoreEvent[]): void => {
    if (this.#closed) {
      return;
    }
    let events: CoreEvent[];
    try {
      events = call();
    } catch (error) {
      if (!(error instanceof FineceError && error.code === "unknown-ask")) {
        this.lose(error);
      }
      return;
    }
    const asks: AskEvent[] = [];
    for (const event of events) {
      if (event.type === "ask") {
        asks.push(event);
      } else if (event.type === "confidence") {
        this.#note(event);
      }
      this.#outbox.push(event);
    }
    this.#flush();
    if (asks.length > 0) {
      this.#exchange?.ask(asks);
    }
  };

  #note(event: ConfidenceEvent): void {
    const key = `${String(event.choice)}:${String(event.index)}`;
    if (event.state === "pending" || event.state === "provisional") {
      this.#unsettled.set(key, event);
    } else {
      this.#unsettled.delete(key);
    }
  }

  /** Says that nothing more can be scored: what is not final becomes unavailable, and the cause is reported. */
  lose(cause: unknown): void {
    if (this.#closed) {
      return;
    }
    const error = cause instanceof FineceError ? cause
      : new CoreLoadError(messageOf(cause), {}, cause);
    for (const { choice, index, revision } of this.#unsettled.values()) {
      this.#outbox.push({
        type: "confidence", choice, index, revision: revision + 1, state: "unavailable", raw: null, fused: null, reason: "core-lost",
      });
    }
    this.#outbox.push({ type: "lost", code: error.code, message: error.message });
    this.#exchange?.stop();
    this.#close();
    this.#report(error);
    this.#flush();
  }

  readonly #settled = (): void => {
    if (this.#ended && (this.#exchange?.pending ?? 0) === 0) {
      this.#close();
    }
  };

  #close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#queue = [];
      this.#unsettled.clear();
      this.#options.signal?.removeEventListener("abort", this.interrupt);
      this.#session?.close();
      this.#resolveDone();
    }
  }

  /** Hands events on, in order also when a listener causes more of them. */
  #flush(): void {
    if (this.#emitting) {
      return;
    }
    this.#emitting = true;
    for (const event of this.#outbox) { // those that come meanwhile too
      try {
        this.#options.onEvent?.(event);
      } catch (cause) {
        this.#report(new FineceError("listener", `onEvent threw: ${messageOf(cause)}`, { event: event.type }, cause));
      }
    }
    this.#outbox.length = 0;
    this.#emitting = false;
  }

  readonly #report = (error: FineceError): void => {
    const { onError } = this.#options;
    if (onError === undefined) {
      if (error.code !== "model" || !this.#complained) {
        this.#complained ||= error.code === "model";
        complain(error);
      }
      return;
    }
    try {
      onError(error);
    } catch (cause) {
      complain(cause);
    }
  };
}

/** The bytes of any view, one of another realm among them. */
function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function complain(error: unknown): void {
  if (typeof reportError === "function") {
    reportError(error);
  } else {
    console.error(error);
  }
}

/** What of the options the core is to know. */
function settings(options: ScoreOptions, model: ConfidenceModel | undefined): SessionConfig {
  const { model: _, core, signal, onEvent, onError, estimator, ...scoring } = options;
  return model === undefined
    ? { ...scoring, ...(estimator === undefined ? {} : { estimator }) }
    : { ...scoring, estimator: "model", model: model.config };
}

