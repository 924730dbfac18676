import type { ScoringConfig, SessionConfig } from "./config.js";
import { Core } from "./core.js";
import { CoreLoadError, FineceError, messageOf } from "./errors.js";
import type { ConfidenceEvent, CoreEvent, Method, Reason, StreamEvent } from "./events.js";
import { Exchange } from "./exchange.js";
import { loadCore } from "./load.js";
import { AnswerReader } from "./reader.js";
import { ConfidenceModel, type ModelOptions } from "./model.js";
import { CHUNK, type Session } from "./session.js";

/** How a stream is scored, and who hears of it. Everything has a default. */
export interface ScoreOptions extends ScoringConfig {
  /**
   * Which statistic of the stream's own log-probabilities the confidence is;
   * default `perplexity`. None of them is calibrated. Ignored with `model`.
   */
  estimator?: Method;
  /** A confidence model to ask instead. Nothing is sent anywhere without it. */
  model?: ModelOptions | ConfidenceModel;
  /** A loaded core, or what loads it; default `loadCore`. */
  core?: Core | PromiseLike<Core> | (() => Core | PromiseLike<Core>);
  /**
   * How long a stream's confidences wait for the core to be loaded, in
   * milliseconds; default 3000. After that they are unavailable. The text never
   * waits.
   */
  coreTimeout?: number;
  /** Ends the scoring and aborts its requests. The bytes still pass. */
  signal?: AbortSignal | undefined;
  /** Hears every event, in order. */
  onEvent?: (event: StreamEvent) => void;
  /**
   * Hears what went wrong. Without it, errors go to `reportError` or the
   * console, those of the confidence model once a stream.
   */
  onError?: (error: FineceError) => void;
}

/** How many bytes of a stream are kept for a core that is not loaded yet. */
const MAX_QUEUE = 8 << 20;
const CORE_TIMEOUT = 3000;
/** About how many bytes a token has, where there is no core to estimate it. */
const BYTES_PER_TOKEN = 4;

const encoder = new TextEncoder();

/**
 * Scores one stream beside its text. None of its methods waits or throws, and
 * none changes a chunk.
 */
export class Scorer {
  /** Resolves when no more events will come. Never rejects. */
  readonly done: Promise<void>;

  readonly #options: ScoreOptions;
  readonly #model: ConfidenceModel | undefined;
  /** Reads the text, if it is wanted. It needs no core, so text never waits for one. */
  readonly #reader: AnswerReader | undefined;
  /** The end of each choice's answer so far, for a stream that no session ends. */
  readonly #ends = new Map<number, { byte: number; utf16: number; index: number; found: boolean }>();
  #core: Core | undefined;
  #session: Session | undefined;
  #exchange: Exchange | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  #lost = false;
  #closed = false;
  #resolveDone!: () => void;

  readonly #unsettled = new Map<string, ConfidenceEvent>();
  readonly #outbox: StreamEvent[] = [];
  #emitting = false;
  #complained = false;

  constructor(options: ScoreOptions) {
    this.#options = options;
    const { core = () => loadCore(), coreTimeout = CORE_TIMEOUT, model, signal } = options;
    this.done = new Promise((resolve) => { this.#resolveDone = resolve; });
    this.#model = model === undefined || model instanceof ConfidenceModel ? model : new ConfidenceModel(model);
    this.#reader = options.text === true ? new AnswerReader(options.format, options.maxChoices) : undefined;
    if (signal?.aborted === true) {
      this.#close();
      return;
    }
    signal?.addEventListener("abort", this.interrupt);
    this.#timer = setTimeout(() => {
      this.lose(new CoreLoadError(`the core was not loaded within ${String(coreTimeout)} ms`));
    }, Math.min(coreTimeout, 2 ** 31 - 1)); // a longer delay would be none
    void this.#load(core);
  }

  async #load(core: NonNullable<ScoreOptions["core"]>): Promise<void> {
    try {
      const given = typeof core === "function" ? core() : core;
      this.#core = given instanceof Core ? given : undefined; // to be used by the first write
      this.#start(await given);
    } catch (cause) {
      this.lose(cause);
    }
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
    const bytes = bytesOf(chunk);
    if (this.#reader !== undefined) {
      this.#say(this.#reader.take(bytes));
    }
    if (this.#core !== undefined) {
      this.#start(this.#core);
    }
    if (this.#session !== undefined) {
      this.#feed(this.#session, bytes);
    } else if (this.#lost) {
      // There is no core to feed.
    } else if ((this.#queued += bytes.length) > MAX_QUEUE) {
      this.lose(new CoreLoadError(`the core was not loaded before ${String(MAX_QUEUE)} bytes had come`));
    } else {
      this.#queue.push(bytes.slice()); // the reader of the chunk may transfer it
    }
  }

  /** Says that the stream is over. The confidence model may still answer. */
  end(): void {
    if (this.#ended || this.#closed) {
      return;
    }
    if (this.#core !== undefined) {
      this.#start(this.#core);
    }
    this.#ended = true;
    this.#say(this.#reader?.end() ?? []);
    const session = this.#session;
    if (session !== undefined) {
      this.#run(() => session.end());
      this.#settled();
    } else if (this.#lost) {
      this.#conclude("core-lost");
    }
  }

  /** Says that the events are no longer wanted, or that the stream broke off: requests are aborted. */
  readonly interrupt = (): void => {
    const session = this.#session;
    if (this.#closed) {
      return;
    }
    if (!this.#ended) {
      this.#ended = true;
      this.#say(this.#reader?.end() ?? []);
      if (session !== undefined) {
        this.#run(() => session.end());
      }
    }
    this.#exchange?.abandon("cancelled");
    if (session === undefined) {
      this.#conclude(this.#lost ? "core-lost" : "cancelled");
    }
    this.#close();
  };

  #start(core: Core): void {
    if (this.#closed || this.#lost || this.#session !== undefined) {
      return;
    }
    clearTimeout(this.#timer);
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
    if (this.#closed || this.#lost) {
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
    this.#say(events);
    const asks = events.filter((event) => event.type === "ask");
    if (asks.length > 0) {
      this.#exchange?.ask(asks);
    }
  };

  #say(events: readonly StreamEvent[]): void {
    for (const event of events) {
      this.#note(event);
      this.#outbox.push(event);
    }
    this.#flush();
  }

  /** Keeps what is needed to end every position when the core is lost. */
  #note(event: StreamEvent): void {
    if (event.type === "confidence") {
      const key = `${String(event.choice)}:${String(event.index)}`;
      if (event.state === "pending" || event.state === "provisional") {
        this.#unsettled.set(key, event);
      } else {
        this.#unsettled.delete(key);
      }
    } else if (event.type === "position" || (event.type === "text" && event.segment === "answer")) {
      let end = this.#ends.get(event.choice);
      if (end === undefined) {
        this.#ends.set(event.choice, end = { byte: 0, utf16: 0, index: 0, found: false });
      }
      if (event.type === "position") {
        end.index = event.index;
        end.found ||= event.kinds.includes("end");
      } else {
        end.byte += encoder.encode(event.text).length;
        end.utf16 += event.text.length;
      }
    }
  }

  /**
   * Says that nothing more can be scored: positions that are not final become
   * unavailable, and the cause is reported. The text still comes.
   */
  lose(cause: unknown): void {
    if (this.#closed || this.#lost) {
      return;
    }
    const error = cause instanceof FineceError ? cause
      : new CoreLoadError(messageOf(cause), {}, cause);
    this.#lost = true;
    clearTimeout(this.#timer);
    this.#exchange?.stop();
    this.#session?.close();
    this.#session = undefined;
    this.#queue = [];
    this.#report(error);
    this.#say([...this.#unsettled.values()].map(({ choice, index, revision }) => ({
      type: "confidence", choice, index, revision: revision + 1, state: "unavailable", raw: null, fused: null, reason: "core-lost",
    })));
    this.#say([{ type: "lost", code: error.code, message: error.message }]);
    if (this.#reader === undefined) {
      this.#close();
    } else if (this.#ended) {
      this.#conclude("core-lost");
    }
  }

  /** Ends a stream that no session ends: the whole answer of each choice is unavailable. */
  #conclude(reason: Reason): void {
    for (const [choice, { byte, utf16, index, found }] of this.#ends) {
      if (!found && utf16 > 0) {
        const place = { choice, index: index + 1 };
        this.#say([{
          type: "position", ...place, kinds: ["end"], segment: "answer", byte, utf16,
          token: Math.ceil(byte / BYTES_PER_TOKEN), tokenEstimated: true, entropy: { lower: null, upper: null },
        }, { type: "confidence", ...place, revision: 0, state: "unavailable", raw: null, fused: null, reason }]);
      }
    }
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
      clearTimeout(this.#timer);
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
  const { model: _, core, coreTimeout, signal, onEvent, onError, text, estimator, ...scoring } = options;
  return model === undefined
    ? { ...scoring, ...(estimator === undefined ? {} : { estimator }) }
    : { ...scoring, estimator: "model", model: model.config };
}

