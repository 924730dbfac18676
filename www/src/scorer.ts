import { type Breaker, breakerOf } from "./breaker.js";
import { RecordBuilder } from "./builder.js";
import { CHUNK } from "./chunk.js";
import type { ScoringConfig, SessionConfig } from "./config.js";
import { type FineceRecord, type Method, RECORD_VERSION } from "./contract.js";
import type { Core } from "./core.js";
import { AnswerEnds } from "./ends.js";
import { CoreLoadError, FineceError, complain, messageOf } from "./errors.js";
import type { CoreEvent, StreamEvent, TextEvent } from "./events.js";
import type { Exchange } from "./exchange.js";
import { loadCore } from "./load.js";
import type { ConfidenceModel, ModelOptions } from "./model.js";
import { AnswerReader } from "./reader.js";
import type { Session } from "./session.js";

/** How a stream is scored, and which functions get its events. Every option has a default. */
export interface ScoreOptions extends ScoringConfig {
  /**
   * The statistic of the stream's log-probabilities that is used as the confidence; default
   * `perplexity`. No statistic is calibrated. With `trajectory`, the confidence comes from the
   * model of the log-probabilities in the option `trajectory`. Ignored with `model`.
   */
  estimator?: Method | "trajectory";
  /** A confidence model to ask instead; see `finece/model`. Without a confidence model, nothing is sent anywhere. */
  model?: ModelOptions | ConfidenceModel | PromiseLike<ConfidenceModel>;
  /**
   * A loaded core, or a function that loads one; default `loadCore`. After three failures in a row,
   * the same core or function is not tried again for a minute.
   */
  core?: Core | PromiseLike<Core> | (() => Core | PromiseLike<Core>);
  /**
   * How long a stream's confidences wait for the core to be loaded, in
   * milliseconds; default 3000. After that they are unavailable. The text never
   * waits.
   */
  coreTimeout?: number;
  /** Ends the scoring and aborts its requests. The bytes still pass. */
  signal?: AbortSignal | undefined;
  /** Called with every event, in order. */
  onEvent?: (event: StreamEvent) => void;
  /**
   * Called with every error. Without it, errors go to `reportError` or the console; errors of the
   * confidence model are reported once for each stream.
   */
  onError?: (error: FineceError) => void;
}

/** How many bytes of a stream are kept for a core that is not loaded yet. */
const MAX_QUEUE = 8 << 20;
const CORE_TIMEOUT = 3000;

/**
 * Scores one stream, without changing or delaying its text. If a FineCE server put records into the
 * stream, these records are used; otherwise the core scores the stream. None of the methods waits
 * or throws, and none changes a chunk.
 */
export class Scorer {
  /** Resolves when no more events will come. Never rejects. */
  readonly done: Promise<void>;

  readonly #options: ScoreOptions;
  readonly #breaker: Breaker;
  #builder = new RecordBuilder();
  /** Reads text and the server's records. It needs no core, so text never waits for one. */
  readonly #reader: AnswerReader;
  readonly #ends = new AnswerEnds();
  #loading = false;
  #core: Core | undefined;
  #session: Session | undefined;
  #exchange: Exchange | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  /** Nothing is scored here: the core is lost, or the server says it all. */
  #idle: "lost" | "served" | undefined;
  #closed = false;
  #resolveDone!: () => void;

  readonly #outbox: StreamEvent[] = [];
  #emitting = false;
  #complained = false;

  constructor(options: ScoreOptions) {
    this.#options = options;
    const { core = loadCore, model, signal, format, maxChoices, text = false } = options;
    this.#breaker = breakerOf(core);
    this.done = new Promise((resolve) => { this.#resolveDone = resolve; });
    this.#reader = new AnswerReader({ format, maxChoices, text });
    if (signal?.aborted === true) {
      this.#close();
      return;
    }
    signal?.addEventListener("abort", this.interrupt);
    if (model !== undefined) {
      this.#load(); // p(0) is asked for before the answer begins
    }
  }

  /** What the stream has instead of an answer: the provider's error, or `null` if nothing could be read. `undefined` if the stream has an answer. */
  get failure(): unknown {
    return this.#reader.failure;
  }

  /** Takes the stream's next bytes. */
  write(chunk: Uint8Array): void {
    if (this.#closed) {
      return;
    }
    if (!ArrayBuffer.isView(chunk)) {
      this.lose(new FineceError("argument", "the stream's chunks are not Uint8Arrays, so they are not scored"));
      return;
    }
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength); // of any view, one of another realm among them
    this.#read(this.#reader.take(bytes));
    if (this.#idle !== undefined) {
      return;
    }
    if (this.#reader.begun) { // the first event would have carried the server's records
      this.#load();
    }
    if (this.#core !== undefined) {
      this.#start(this.#core);
    }
    if (this.#session !== undefined) {
      this.#feed(this.#session, bytes);
    } else if ((this.#queued += bytes.length) > MAX_QUEUE) {
      this.lose(new CoreLoadError(`the core was not loaded before ${String(MAX_QUEUE)} bytes had come`));
    } else {
      this.#queue.push(bytes.slice()); // the reader of the chunk may transfer it
    }
  }

  /** Call this when the stream has ended. The confidence model may still answer. */
  end(): void {
    if (this.#ended || this.#closed) {
      return;
    }
    this.#read(this.#reader.end());
    this.#ended = true;
    if (this.#idle !== undefined) {
      this.#conclude(true);
      return;
    }
    this.#load();
    if (this.#core !== undefined) {
      this.#start(this.#core);
    }
    this.#finish();
  }

  /** Call this when the events are no longer needed, or when the stream broke off. Requests are aborted. */
  readonly interrupt = (): void => {
    if (this.#closed) {
      return;
    }
    if (!this.#ended) {
      this.#read(this.#reader.end());
      this.#ended = true;
      const session = this.#session;
      if (session !== undefined) {
        this.#run(() => session.end());
      }
    }
    this.#exchange?.abandon("cancelled");
    if (this.#session === undefined) {
      this.#conclude(false);
    }
    this.#close();
  };

  /** Takes what the reader found. The first record of a server ends the scoring here. */
  #read(events: readonly (TextEvent | FineceRecord)[]): void {
    if (this.#reader.version > 0 && this.#idle !== "served") {
      this.#idle = "served";
      this.#drop();
    }
    this.#say(events);
  }

  #load(): void {
    if (this.#loading) {
      return;
    }
    this.#loading = true;
    const { core = () => loadCore(), coreTimeout = CORE_TIMEOUT, model } = this.#options;
    try {
      const refusal = this.#breaker.refusal();
      if (refusal !== undefined) {
        throw refusal;
      }
      const given = typeof core === "function" ? core() : core;
      if ("open" in given && model === undefined) {
        this.#core = given; // the caller starts with it
        return;
      }
      this.#timer = setTimeout(() => {
        this.lose(new CoreLoadError(`the core was not loaded within ${String(coreTimeout)} ms`));
      }, Math.min(coreTimeout, 2 ** 31 - 1)); // a longer delay would be none
      Promise.all([given, model === undefined ? undefined : askerOf(model)]).then(([loaded, asker]) => {
        if (this.#session === undefined) {
          this.#start(loaded, asker);
          this.#finish();
        }
      }, (cause: unknown) => { this.lose(cause); });
    } catch (cause) {
      this.lose(cause);
    }
  }

  #start(core: Core, asker?: Asker): void {
    if (this.#closed || this.#idle !== undefined || this.#session !== undefined) {
      return;
    }
    clearTimeout(this.#timer);
    const model = asker?.model;
    let session: Session;
    try {
      session = core.open(settings(this.#options, model));
    } catch (error) {
      this.lose(error);
      return;
    }
    this.#session = session;
    if (asker !== undefined) {
      this.#builder = new RecordBuilder(asker.model.config.name);
      const run = this.#run;
      const report = this.#report;
      const settled = this.#settled;
      this.#exchange = new asker.Exchange(session, asker.model, { run, report, settled });
    }
    this.#run(() => [...session.opening]);
    const queue = this.#queue;
    this.#queue = [];
    for (const chunk of queue) {
      this.#feed(session, chunk);
    }
  }

  /** Ends the session, if the stream is over. */
  #finish(): void {
    const session = this.#session;
    if (this.#ended && session !== undefined) {
      this.#run(() => session.end());
      this.#settled();
    }
  }

  #feed(session: Session, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const part = bytes.subarray(at, at + CHUNK);
      this.#run(() => session.write(part));
    }
  }

  /** Runs a call of the session. A trap costs the confidences and nothing else. */
  readonly #run = (call: () => CoreEvent[]): void => {
    if (this.#closed || this.#idle !== undefined) {
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
    this.#say(this.#builder.take(events));
    const asks = events.filter((event) => event.type === "ask");
    if (asks.length > 0) {
      this.#exchange?.ask(asks);
    }
  };

  #say(events: readonly StreamEvent[]): void {
    for (const event of events) {
      this.#ends.note(event);
      if (event.type !== "text" || this.#options.text === true) {
        this.#outbox.push(event);
      }
    }
    this.#flush();
  }

  /**
   * Says that nothing more can be scored: positions that are not final become
   * unavailable, and the cause is reported. The text still comes.
   */
  lose(cause: unknown): void {
    if (this.#closed || this.#idle !== undefined) {
      return;
    }
    const error = cause instanceof FineceError ? cause
      : new CoreLoadError(messageOf(cause), {}, cause);
    this.#idle = "lost";
    if (error.code.startsWith("core-")) {
      this.#breaker.failed(error);
    }
    this.#drop();
    this.#report(error);
    this.#say([...this.#builder.unavailable("core-lost"), { type: "lost", code: error.code, message: error.message }]);
    if (this.#ended) {
      this.#conclude(true);
    } else if (this.#options.text !== true) {
      this.#close();
    }
  }

  /** Gives up the core, and with it the requests. */
  #drop(): void {
    clearTimeout(this.#timer);
    this.#exchange?.stop();
    this.#session?.close();
    this.#session = undefined;
    this.#queue = [];
  }

  /**
   * Ends a stream that no session ends: provisional values become final, and positions
   * without a value unavailable. `complete` says that the stream did not break off.
   */
  #conclude(complete: boolean): void {
    const served = this.#idle === "served" && this.#reader.version <= RECORD_VERSION;
    const reason = this.#idle === "lost" ? "core-lost" : complete ? "unknown" : "cancelled";
    this.#say([...this.#ends.settle(reason), ...(served && complete ? [] : this.#ends.unavailable(reason))]);
    this.#close();
  }

  readonly #settled = (): void => {
    if (this.#ended && (this.#exchange?.pending ?? 0) === 0) {
      this.#close();
    }
  };

  #close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#options.signal?.removeEventListener("abort", this.interrupt);
      if (this.#session !== undefined) {
        this.#breaker.worked();
      }
      this.#drop();
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

interface Asker {
  readonly model: ConfidenceModel;
  readonly Exchange: new (...parameters: ConstructorParameters<typeof Exchange>) => Exchange;
}

/** What asks a confidence model. It is loaded where it is needed, and costs other pages nothing. */
async function askerOf(given: NonNullable<ScoreOptions["model"]>): Promise<Asker> {
  const { Exchange, modelOf } = await import("./exchange.js");
  return { Exchange, model: await modelOf(given) };
}

/** What of the options the core is to know. */
function settings(options: ScoreOptions, model: ConfidenceModel | undefined): SessionConfig {
  const { model: _, core, coreTimeout, signal, onEvent, onError, text, estimator, ...scoring } = options;
  return model === undefined
    ? { ...scoring, ...(estimator === undefined ? {} : { estimator }) }
    : { ...scoring, estimator: "model", model: model.config };
}
