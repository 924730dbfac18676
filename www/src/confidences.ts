import { FineceError } from "./errors.js";
import type { StreamEvent } from "./events.js";
import { Outcome } from "./outcome.js";
import { type ScoreOptions, Scorer } from "./scorer.js";

/** A source of bytes: a response, its body, or any iterable or stream of bytes. */
export type ByteSource = Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * The events of a stream, including its text unless `text` is false:
 *
 * ```ts
 * for await (const event of confidences(response)) {
 *   if (event.type === "confidence") { ... }
 * }
 * ```
 *
 * The source is read no faster than you take the events. If you leave the loop, or abort the option
 * `signal`, the source is cancelled and requests to the confidence model are aborted. An error of
 * the source is thrown after the events that came before it. If the source is an HTTP error, or has
 * the provider's error or nothing instead of an answer, a {@link FineceError} with the code
 * `source` is thrown. The text never waits for the core. If the core cannot run, all of the text
 * still comes, with one `lost` event, and at the end the confidence of the whole answer is
 * unavailable.
 */
export async function* confidences(
  source: ByteSource, options: ScoreOptions = {},
): AsyncGenerator<StreamEvent, void, undefined> {
  if ("ok" in source && !source.ok) {
    throw await refusal(source, null, 0);
  }
  const chunks = chunksOf(source); // throws where it is locked: then nothing is asked of anybody
  const outcome = new Outcome();
  let events: StreamEvent[] = [];
  let wake = (): void => undefined;
  const scorer = new Scorer({
    ...options,
    text: options.text ?? true,
    onEvent(event) {
      outcome.note(event);
      events.push(event);
      wake();
      options.onEvent?.(event);
    },
  });
  let bytes = 0;
  let reading = false;
  let open = true;
  let settled = false;
  let failure: { readonly error: unknown } | undefined;
  const read = (): void => {
    reading = true;
    void chunks.next().then(({ done, value }) => {
      if (done === true) {
        open = false;
        scorer.end();
      } else {
        bytes += value.byteLength;
        scorer.write(value);
      }
    }, (error: unknown) => {
      open = false;
      failure = { error };
      scorer.interrupt();
    }).then(() => {
      reading = false;
      wake();
    });
  };
  void scorer.done.then(() => {
    settled = true;
    wake();
  });
  try {
    for (;;) {
      const batch = events;
      events = [];
      yield* batch;
      if (events.length > 0) {
        continue;
      }
      if (settled && (!open || options.signal?.aborted === true)) {
        break;
      }
      if (open && !reading) {
        read();
      }
      await new Promise<void>((resolve) => { wake = resolve; });
    }
    if (failure !== undefined) {
      throw failure.error;
    }
    const said = scorer.failure === undefined ? outcome.failure : scorer.failure;
    if (said !== undefined && options.signal?.aborted !== true) {
      throw await refusal(source, said, bytes);
    }
  } finally {
    scorer.interrupt();
    if (open) {
      void chunks.return().catch(() => undefined);
    }
  }
}

/** Why a source gave no answer. The words are loaded when they are needed. */
function refusal(source: ByteSource, said: unknown, bytes: number): Promise<FineceError> {
  return import("./refusal.js").then(({ refusal }) => refusal(source, said, bytes),
    (cause: unknown) => new FineceError("source", "there is no answer", {}, cause));
}

interface Chunks {
  next(): Promise<IteratorResult<Uint8Array, unknown>>;
  return(): Promise<unknown>;
}

function chunksOf(source: ByteSource): Chunks {
  const stream = "body" in source ? source.body : source;
  if (stream !== null && "getReader" in stream) {
    const reader = stream.getReader();
    return {
      next: () => reader.read(),
      return: () => reader.cancel(),
    };
  }
  if (stream === null) {
    return { next: () => Promise.resolve({ done: true, value: undefined }), return: () => Promise.resolve() };
  }
  const iterator = stream[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    return: () => iterator.return?.() ?? Promise.resolve(),
  };
}
