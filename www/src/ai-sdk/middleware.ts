import { ConfidenceLog } from "../badge/positions.js";
import type { Envelope } from "../contract.js";
import { FineceError, messageOf } from "../errors.js";
import type { StreamEvent } from "../events.js";
import { either } from "../signal.js";
import { askedBy, type ConversationOptions } from "../question.js";
import { type ScoreOptions, Scorer } from "../scorer.js";

/** A part of a model's stream: the fields that the middleware uses. */
export interface ModelStreamPart {
  readonly type: string;
}

/** The parameters of a model's call: the fields that the middleware uses. */
export interface ModelCall {
  readonly prompt: readonly { readonly role: string; readonly content: unknown }[];
  readonly includeRawChunks?: boolean | undefined;
  readonly abortSignal?: AbortSignal | undefined;
}

/** A model's finished answer: the fields that the middleware uses. */
export interface ModelAnswer {
  readonly content: readonly ModelStreamPart[];
  readonly response?: { readonly body?: unknown } | undefined;
  readonly providerMetadata?: object | undefined;
}

/**
 * The records of all positions of a finished answer. {@link confidenceMiddleware} adds them to the
 * answer's `providerMetadata` under the key `finece`. `ConfidenceLog.from(providerMetadata)` reads
 * them.
 */
export type FineceMetadata = Envelope;

/**
 * Middleware in the SDK's form. This type lists only what the middleware uses, because the names of
 * the SDK's own types change with every version of its specification.
 */
export interface ConfidenceMiddleware<Version extends string> {
  readonly specificationVersion: Version;
  /** Scores the stream that the model gives. */
  readonly wrapStream: <Call extends ModelCall, Part extends ModelStreamPart, Result extends { stream: ReadableStream<Part> }>(
    options: { readonly params: Call; readonly model: { doStream(call: Call): PromiseLike<Result> } },
  ) => Promise<Result>;
  /** Scores the finished answer that the model gives; its records are in {@link FineceMetadata}. */
  readonly wrapGenerate: <Result extends ModelAnswer>(
    options: { readonly params: ModelCall; readonly doGenerate: () => PromiseLike<Result> },
  ) => Promise<Result>;
}

/** How {@link confidenceMiddleware} scores a model's streams. */
export interface ConfidenceMiddlewareOptions<Version extends string = "v3"> extends Omit<ScoreOptions, "onEvent">, ConversationOptions {
  /** The version of the SDK's specification: `v3` for ai 6, which is the default, `v4` for ai 7. */
  specificationVersion?: Version;
  /**
   * How long the end of a stream, or a finished answer, waits for a confidence model that has not
   * replied, in milliseconds; default 10000. The text of a stream never waits.
   */
  settle?: number;
  /** Called with every event, in order, and with the number of the model's call, counted from 0. With tools, an answer takes several calls. */
  onEvent?: (event: StreamEvent, call: number) => void;
}

const encoder = new TextEncoder();

/**
 * Middleware for `wrapLanguageModel` that scores a model's answers. In a stream it reads the provider's own
 * chunks with their log-probabilities, if the provider gives them to the SDK (`includeRawChunks`). Otherwise it
 * reads the text, which only a confidence model can score. The parts pass unchanged and without delay.
 *
 * ```ts
 * const stream = createUIMessageStream<UIMessage<unknown, FineceDataParts>>({ execute({ writer }) {
 *   const middleware = confidenceMiddleware({ onEvent: confidenceParts(writer) });
 *   writer.merge(streamText({ model: wrapLanguageModel({ model, middleware }), prompt }).toUIMessageStream());
 * } });
 * ```
 *
 * Ask the model for log-probabilities with the provider's own options, such as
 * `providerOptions: { openai: { logprobs: 5 } }`. If the provider takes a `fetch` function, you can also use
 * `confidenceFetch`.
 *
 * For an answer that is not streamed, it reads the body of a chat completion, or the text if there is no such
 * body. The confidences are in the metadata:
 *
 * ```ts
 * const { providerMetadata } = await generateText({ model: wrapLanguageModel({ model, middleware }), prompt });
 * const positions = ConfidenceLog.from(providerMetadata).positions();
 * ```
 */
export function confidenceMiddleware<Version extends string = "v3">(
  options: ConfidenceMiddlewareOptions<Version> = {},
): ConfidenceMiddleware<Version> {
  const { settle = 10_000, specificationVersion = "v3" as Version, onEvent, ...scoring } = options;
  let calls = 0;
  const score = (call: ModelCall, listener?: (event: StreamEvent) => void): Scored => {
    const number = calls++;
    return new Scored({
      ...scoring,
      onEvent(event) {
        listener?.(event);
        onEvent?.(event, number);
      },
    }, call);
  };
  return {
    specificationVersion,
    async wrapStream<Call extends ModelCall, Part extends ModelStreamPart, Result extends { stream: ReadableStream<Part> }>(
      { params, model }: { readonly params: Call; readonly model: { doStream(call: Call): PromiseLike<Result> } },
    ) {
      // Asked of the model itself: transformParams could not tell what the caller wanted.
      const result = await model.doStream({ ...params, includeRawChunks: true });
      const scored = score(params);
      const keepRaw = params.includeRawChunks === true;
      const stream = result.stream.pipeThrough(new TransformStream<Part, Part>({
        transform(part, controller) {
          if (part.type !== "raw" || keepRaw) {
            controller.enqueue(part);
          }
          scored.take(part);
        },
        async flush() {
          await scored.end(settle);
        },
      }));
      return { ...result, stream: onLoss(stream, () => { scored.interrupt(); }) };
    },
    async wrapGenerate<Result extends ModelAnswer>(
      { params, doGenerate }: { readonly params: ModelCall; readonly doGenerate: () => PromiseLike<Result> },
    ) {
      const result = await doGenerate();
      const log = new ConfidenceLog();
      const scored = score(params, (event) => { log.apply(event); });
      scored.takeAnswer(result);
      await scored.end(settle);
      const finece: FineceMetadata = log.toJSON();
      return { ...result, providerMetadata: { ...result.providerMetadata, finece } };
    },
  };
}

/** One answer on its way to the core: raw chunks as events of a stream, or plain text. */
class Scored {
  readonly #options: ScoreOptions;
  #scorer: Scorer | undefined;
  #raw = false;

  constructor(options: ScoreOptions & ConversationOptions, { prompt, abortSignal }: ModelCall) {
    const { conversationTokens: _, ...scoring } = options;
    this.#options = { ...askedBy(prompt, options), ...scoring, signal: either(options.signal, abortSignal) };
  }

  take(part: ModelStreamPart): void {
    const { rawValue, delta } = part as { readonly rawValue?: unknown; readonly delta?: unknown };
    if (part.type === "raw") {
      this.#raw = true;
      this.#write(() => (typeof rawValue === "string" ? rawValue : `data: ${JSON.stringify(rawValue)}\n\n`));
    } else if (part.type === "text-delta" && typeof delta === "string" && !this.#raw) {
      this.#write(() => delta, "text");
    }
  }

  takeAnswer({ content, response }: ModelAnswer): void {
    const body = response?.body;
    if (typeof body === "object" && body !== null && "choices" in body) {
      this.#write(() => JSON.stringify(body));
      return;
    }
    const texts = content.filter(({ type }) => type === "text") as unknown as readonly { readonly text: string }[];
    this.#write(() => texts.map(({ text }) => text).join(""), "text");
  }

  async end(settle: number): Promise<void> {
    this.#scorer?.end();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([this.#scorer?.done, new Promise((resolve) => { timer = setTimeout(resolve, settle); })]);
    clearTimeout(timer);
    this.interrupt();
  }

  interrupt(): void {
    this.#scorer?.interrupt();
  }

  #write(text: () => string, format?: "text"): void {
    const scorer = this.#scorer ??= new Scorer({ ...(format === undefined ? {} : { format }), ...this.#options });
    try {
      scorer.write(encoder.encode(text()));
    } catch (cause) { // JSON has no words for it: a cycle, a bigint
      scorer.lose(new FineceError("argument", `what the provider said is not scored: ${messageOf(cause)}`, {}, cause));
    }
  }
}

/** The same stream. It calls `lost` when the stream is cancelled or fails, because a TransformStream's flush is not called then. */
function onLoss<T>(stream: ReadableStream<T>, lost: () => void): ReadableStream<T> {
  const reader = stream.getReader();
  reader.closed.catch(lost);
  return new ReadableStream<T>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
      } else {
        controller.enqueue(value);
      }
    },
    async cancel(reason) {
      lost();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
