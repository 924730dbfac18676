import { type ScoreOptions, Scorer } from "./scorer.js";

/** The two sides of a stream of bytes. */
export interface Pair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Passes a model's stream through unchanged, and scores it:
 *
 * ```ts
 * const stream = new ConfidenceStream({ onEvent: (event) => show(event) });
 * return new Response(response.body.pipeThrough(stream), response);
 * ```
 *
 * It has the interface of a TransformStream. It does not extend that class, because not every
 * runtime tells a TransformStream that its readable side was cancelled. Each chunk is passed on
 * before it is scored, so the bytes pass even if the scoring fails. When the readable side is
 * cancelled or the writable side is aborted, requests to the confidence model are aborted.
 */
export class ConfidenceStream implements TransformStream<Uint8Array, Uint8Array> {
  /** The same bytes, in the same chunks. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes the model's bytes. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Resolves when no more events will come; never rejects. With a confidence model this may be
   * after the end of the text. In a Worker, pass it to `waitUntil`.
   */
  readonly done: Promise<void>;

  constructor(options?: ScoreOptions);
  /** @internal */
  constructor(options: ScoreOptions | undefined, sides: (scorer: Scorer) => Pair);
  constructor(options: ScoreOptions = {}, sides: (scorer: Scorer) => Pair = inChunks) {
    const scorer = new Scorer(options);
    this.done = scorer.done;
    ({ readable: this.readable, writable: this.writable } = sides(scorer));
  }
}

/** Passes each chunk as it is. */
function inChunks(scorer: Scorer): Pair {
  let output!: ReadableStreamDefaultController<Uint8Array>;
  let input!: WritableStreamDefaultController;
  let wanted: (() => void) | undefined; // set while a chunk waits to be read
  const read = (): void => {
    wanted?.();
    wanted = undefined;
  };
  const readable = new ReadableStream<Uint8Array>({
    start(controller) { output = controller; },
    pull: read,
    cancel(reason) {
      scorer.interrupt();
      input.error(reason);
      read();
    },
  }, { highWaterMark: 0 });
  const writable = new WritableStream<Uint8Array>({
    start(controller) { input = controller; },
    write(chunk) {
      output.enqueue(chunk);
      scorer.write(chunk);
      return (output.desiredSize ?? 0) < 0 ? new Promise((resolve) => { wanted = resolve; }) : undefined;
    },
    close() {
      output.close();
      scorer.end();
    },
    abort(reason) {
      output.error(reason);
      scorer.interrupt();
    },
  });
  return { readable, writable };
}
