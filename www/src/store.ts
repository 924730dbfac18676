import { ConfidenceLog, type PositionConfidence, unknownAnswer } from "./badge/positions.js";
import { type ByteSource, confidences } from "./confidences.js";
import { replaces } from "./builder.js";
import type { Envelope } from "./contract.js";
import { FineceError, messageOf } from "./errors.js";
import type { Segment, StreamEvent } from "./events.js";
import { Outcome } from "./outcome.js";
import { either } from "./signal.js";
import type { ScoreOptions } from "./scorer.js";
import { unitsOf } from "./units.js";

/** The state of a stream at one time. A snapshot is never changed: a change makes a new one. */
export interface ConfidenceSnapshot {
  /** `idle` before the first event, `streaming`, `done`, or `failed` if the source broke off or gave no answer; then `error` says why. */
  readonly status: "idle" | "streaming" | "done" | "failed";
  /** Whether the stream has ended: the status is `done` or `failed`. */
  readonly done: boolean;
  /** The text of choice 0 so far; "" if the events have no text. */
  readonly text: string;
  /**
   * The length of the text at the beginning that no longer counts, in UTF-16 code units, because a server replaced this
   * answer by a later one. Usually 0.
   */
  readonly replaced: number;
  /** The positions of choice 0 in the text that counts, in order. Positions that did not change are the same objects as in the previous snapshot. */
  readonly positions: readonly PositionConfidence[];
  /** The one confidence to show for choice 0; `null` if there is none. At the end it may have a reason instead of a value. */
  readonly headline: PositionConfidence | null;
  /** Whether the scoring core failed, so that no more confidences will come. */
  readonly lost: boolean;
  /** A message for people that says why the source or the core failed; `null` if neither failed. */
  readonly error: string | null;
}

/** The snapshot of a stream before its first event. It is also used on a server. */
export const EMPTY: ConfidenceSnapshot = Object.freeze({
  status: "idle", done: false, text: "", replaced: 0, positions: Object.freeze([]), headline: null, lost: false, error: null,
});

/** The interface that the layers for frameworks read: `subscribe`, and a snapshot that is the same object until something changes. */
export interface ConfidenceReadable {
  /** Calls the listener after every new snapshot, until the function returned is called. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The latest snapshot. */
  readonly getSnapshot: () => ConfidenceSnapshot;
  /** The snapshot for rendering on a server, and for the first rendering in the page (hydration). */
  readonly getServerSnapshot: () => ConfidenceSnapshot;
}

/** How a source is scored. The options are read only when the source is new. */
export interface ReadOptions extends ScoreOptions {
  /** The segment whose text and positions the snapshots have; default `answer`. */
  segment?: Segment;
}

/** A source that a store can read: bytes, or a function that takes an abort signal and fetches bytes. */
export type ConfidenceSource =
  | ByteSource | PromiseLike<ByteSource> | ((signal: AbortSignal) => ByteSource | PromiseLike<ByteSource>);

/**
 * Collects a stream's events for its subscribers. It makes at most one snapshot in each frame. Pass its `push`
 * to `confidenceFetch`, with the option `text` so that there are text events:
 *
 * ```ts
 * const store = new ConfidenceStore();
 * const fetch = confidenceFetch(globalThis.fetch, { text: true, onEvent: store.push });
 * ```
 */
export class ConfidenceStore implements ConfidenceReadable {
  readonly #segment: Segment;
  readonly #listeners = new Set<() => void>();
  #log = new ConfidenceLog();
  #text: string[] = [];
  #status: ConfidenceSnapshot["status"] = "idle";
  #outcome = new Outcome();
  #lost = false;
  #error: string | null = null;
  #snapshot = EMPTY;
  #initial = EMPTY;
  #frame: (() => void) | undefined;

  /** The segment whose text and positions the snapshots have. */
  constructor(segment: Segment = "answer") {
    this.#segment = segment;
  }

  /**
   * Makes a store of a saved answer, for a chat that is loaded again, or on a server. The store has
   * the text and the confidences at once, and needs no core. `saved` is the result of
   * {@link ConfidenceStore.toJSON}.
   */
  static from(saved: unknown, segment: Segment = "answer"): ConfidenceStore {
    const store = new ConfidenceStore(segment);
    const { text } = (saved ?? {}) as { readonly text?: unknown };
    store.#log = ConfidenceLog.from(saved);
    store.#log.settle();
    store.#text = typeof text === "string" ? [text] : [];
    store.#status = "done";
    store.#initial = store.#take();
    return store;
  }

  /** The data to save with a chat, as JSON: the text and the records. */
  toJSON(): SavedConfidences {
    return { text: this.#text.join(""), finece: this.#log.toJSON() };
  }

  /** Takes the next event. */
  readonly push = (event: StreamEvent): void => {
    if (this.#status === "idle") {
      this.#status = "streaming";
    }
    this.#outcome.note(event);
    if (event.type === "text" && event.choice === 0 && event.segment === this.#segment) {
      this.#text.push(event.text);
    } else if (event.type === "lost") {
      this.#lost = true;
      this.#error = event.message;
    } else if (this.#log.apply(event) === undefined && event.type !== "start" && !replaces(event)) {
      return;
    }
    this.#schedule();
  };

  /** Call this when no more events will come. If the stream broke off, pass the error. A provider's error among the events is also a failure. */
  readonly finish = (failure: unknown = this.#outcome.failure): void => {
    this.#status = failure === undefined ? "done" : "failed";
    this.#error = failure === undefined ? this.#error : failure === null ? "there is no answer" : messageOf(failure);
    this.#log.settle();
    if (failure !== undefined && this.#log.positions(0, this.#segment).length === 0) { // else what shows it would wait for ever
      const text = this.#text.join("");
      this.#log.apply({
        ...unknownAnswer(undefined), index: 1, segment: this.#segment, utf16: text.length, byte: new TextEncoder().encode(text).length, reason: "stream-failed",
      });
    }
    this.#schedule();
  };

  /** Clears the store, so that another stream can use it. */
  readonly reset = (): void => {
    this.#log = new ConfidenceLog();
    this.#text = [];
    this.#status = "idle";
    this.#outcome = new Outcome();
    this.#lost = false;
    this.#error = null;
    this.#schedule();
  };

  /** Calls the listener after every new snapshot, until the function returned is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  };

  /** The latest snapshot. It is the same object until something changes. */
  readonly getSnapshot = (): ConfidenceSnapshot => this.#snapshot;

  /** The snapshot for rendering on a server and for hydration: the snapshot of a restored store, otherwise an empty one. */
  readonly getServerSnapshot = (): ConfidenceSnapshot => this.#initial;

  /** Makes the snapshot new. */
  #take(): ConfidenceSnapshot {
    const text = this.#text.join("");
    this.#text = [text];
    return this.#snapshot = {
      status: this.#status, done: this.#status === "done" || this.#status === "failed", text, replaced: this.#segment === "answer" ? unitsOf(text, this.#log.replaced()) : 0, positions: this.#log.positions(0, this.#segment),
      headline: this.#log.headline() ?? null,
      lost: this.#lost, error: this.#error,
    };
  }

  #schedule(): void {
    this.#frame ??= frame(() => {
      this.#frame = undefined;
      this.#take();
      this.#listeners.forEach((listener) => { listener(); });
    });
  }
}

/** A saved answer. */
export interface SavedConfidences {
  readonly text: string;
  /** The records, in the form in which a server puts them into an answer. */
  readonly finece: Envelope;
}

/** Runs once before the next frame, or soon where there are no frames. */
function frame(run: () => void): () => void {
  let due = true;
  const once = (): void => {
    if (due) {
      due = false;
      clearTimeout(timer);
      run();
    }
  };
  const timer = setTimeout(once, 100); // pages in the background have no frames
  if (typeof requestAnimationFrame === "function") {
    requestAnimationFrame(once);
  }
  return once;
}

/**
 * Reads a source as long as anybody subscribes, and keeps what it has read to the
 * end. Leaving and coming back in one turn, as StrictMode does to every effect, is
 * not leaving.
 */
export class SourceReader implements ConfidenceReadable {
  /** What was read so far. */
  readonly store: ConfidenceStore;

  readonly #source: ConfidenceSource;
  readonly #options: ScoreOptions;
  #abort: AbortController | undefined;
  #reading = false;
  #readers = 0;

  constructor(source: ConfidenceSource, options: ScoreOptions, segment?: Segment) {
    this.#source = source;
    this.#options = options;
    this.store = new ConfidenceStore(segment);
  }

  /** The store's. */
  readonly getSnapshot = (): ConfidenceSnapshot => this.store.getSnapshot();

  /** The store's. */
  readonly getServerSnapshot = (): ConfidenceSnapshot => this.store.getServerSnapshot();

  /** Whether it was aborted, so that the source, if it can be read again, needs another reader. */
  get gone(): boolean {
    return this.#abort?.signal.aborted ?? false;
  }

  /** The store's `subscribe`; the first one begins to read, anew if it was aborted, the last one to leave aborts. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const unsubscribe = this.store.subscribe(listener);
    this.#readers++;
    if (this.gone) { // as a hidden Activity leaves it
      this.#abort = undefined;
      this.store.reset();
    }
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      this.#reading = true;
      void this.#read(this.#abort.signal);
    }
    return () => {
      unsubscribe();
      this.#readers--;
      setTimeout(() => {
        if (this.#readers === 0 && this.#reading) {
          this.#abort?.abort();
        }
      });
    };
  };

  async #read(signal: AbortSignal): Promise<void> {
    const { signal: given, onError } = this.#options;
    const joined = either(given, signal) ?? signal;
    let failure: FineceError | undefined;
    let what = "there is no answer";
    let hint = "; is the server there, and does it allow this page?";
    try {
      const source = await (typeof this.#source === "function" ? this.#source(joined) : this.#source);
      [what, hint] = ["the answer broke off", ""];
      for await (const event of confidences(source, { ...this.#options, signal: joined })) {
        if (signal.aborted) {
          return; // no subscriber is left
        }
        this.store.push(event);
      }
    } catch (cause) {
      failure = cause instanceof FineceError ? cause : new FineceError("source", `${what}: ${messageOf(cause)}${hint}`, {}, cause);
    }
    if (signal.aborted) {
      return;
    }
    this.#reading = false;
    if (given?.aborted === true) { // the reader has what was wanted
      failure = undefined;
    }
    this.store.finish(failure);
    if (failure !== undefined) {
      onError?.(failure);
    }
  }
}

const readers = new WeakMap<object, SourceReader>();

const NOTHING: ConfidenceReadable = { subscribe: () => () => undefined, getSnapshot: () => EMPTY, getServerSnapshot: () => EMPTY };

/**
 * The text and the confidences of a source. There is at most one new snapshot in each frame. The source is a response,
 * bytes, a function that takes an abort signal and fetches bytes, a {@link ConfidenceStore} that gets its events
 * elsewhere, or `undefined` if there is no source yet. Reading starts at the first subscription; all subscribers share
 * one reading. When the last subscriber leaves, a source that has not ended is aborted. The snapshot of a source that
 * has ended is kept for later subscribers.
 *
 * ```ts
 * const readable = readSource(await fetch("/v1/chat/completions", request));
 * const unsubscribe = readable.subscribe(() => { render(readable.getSnapshot()); });
 * ```
 */
export function readSource(source: ConfidenceSource | ConfidenceStore | undefined, { segment, ...options }: ReadOptions = {}): ConfidenceReadable {
  if (source === undefined || source instanceof ConfidenceStore) {
    return source ?? NOTHING;
  }
  let reader = readers.get(source);
  if (reader === undefined || reader.gone) {
    readers.set(source, reader = new SourceReader(source, options, segment));
  }
  return reader;
}
