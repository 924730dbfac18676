import type { FineceError } from "./errors.js";
import type { StreamEvent } from "./events.js";
import type { ConfidenceModel, Fetch } from "./model.js";
import { askedIn, type ConversationOptions } from "./question.js";
import type { ScoreOptions } from "./scorer.js";
import { either } from "./signal.js";
import { ConfidenceStream } from "./stream.js";

/** Which response an event belongs to. */
export interface ResponseInfo {
  /** Counts the responses scored by one wrapper, from 1. */
  readonly number: number;
  /** The request's address. */
  readonly url: string;
  /** The response's headers, request id and all. */
  readonly headers: Headers;
  /** Resolves when no more events will come for it. */
  readonly done: Promise<void>;
}

/** How a wrapped `fetch` scores the streams that come through it. */
export interface ConfidenceFetchOptions extends Omit<ScoreOptions, "question" | "onEvent" | "onError">, ConversationOptions {
  /** Hears of every response that is about to be scored; a Worker should `waitUntil` its `done`. */
  onResponse?: (response: ResponseInfo) => void;
  /** Hears the events of every response, and which response they are of. */
  onEvent?: (event: StreamEvent, response: ResponseInfo) => void;
  /** Hears what went wrong with the scoring; see {@link ScoreOptions.onError}. */
  onError?: (error: FineceError, response: ResponseInfo) => void;
  /**
   * What the stream answers, or a function that finds it in the request, whose
   * body is known only where it is a string of the second argument's, as SDKs
   * have it. Default: the last message of the user in a body of OpenAI's,
   * Anthropic's or Gemini's form. It is used only with a confidence model.
   */
  question?: string | ((request: { readonly url: string; readonly body: string | undefined }) => string | undefined);
  /** Which responses are scored. Default: event streams and JSON lines with a status of success. */
  match?: (response: Response) => boolean;
}

/**
 * Wraps a `fetch` for openai-node, the AI SDK or LangChain, which sees the raw
 * stream with its log-probabilities:
 *
 * ```ts
 * const client = new OpenAI({ fetch: confidenceFetch(fetch, { onEvent }) });
 * ```
 *
 * What it returns has the same bytes, status, headers and address. Other
 * responses are returned as they are. Cancelling the body, or the signal that
 * the request was made with, aborts the requests to the confidence model, of
 * which all responses share one limit.
 */
export function confidenceFetch(fetch: Fetch, options: ConfidenceFetchOptions = {}): Fetch {
  return fetchThrough(ConfidenceStream, fetch, options);
}

/** {@link confidenceFetch} with another class of streams. */
export function fetchThrough(Stream: typeof ConfidenceStream, fetch: Fetch, options: ConfidenceFetchOptions): Fetch {
  const { onResponse, onEvent, onError, question, conversationTokens: _, match = isStream, model: given, ...shared } = options;
  let model: Promise<ConfidenceModel> | undefined; // one for all responses
  let number = 0;
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null || response.bodyUsed || !tried(match, response)) {
      return response;
    }
    const url = typeof input === "object" && "url" in input ? input.url : String(input);
    const body = typeof init?.body === "string" ? init.body : undefined;
    const asked = given === undefined ? undefined
      : question === undefined ? askedIn(body ?? "", options)
      : questioned(typeof question === "string" ? question : tried(question, { url, body }));
    const stream = new Stream({
      ...asked,
      ...shared,
      signal: either(shared.signal, init?.signal ?? (input as Partial<Request>).signal),
      ...(given === undefined ? {} : { model: model ??= import("./exchange.js").then(({ modelOf }) => modelOf(given)) }),
      ...(onEvent === undefined ? {} : { onEvent: (event: StreamEvent) => { onEvent(event, info); } }),
      ...(onError === undefined ? {} : { onError: (error: FineceError) => { onError(error, info); } }),
    });
    const info: ResponseInfo = { number: ++number, url, headers: response.headers, done: stream.done };
    if (onResponse !== undefined) {
      tried(onResponse, info);
    }
    return sameButFor(response, response.body.pipeThrough(stream));
  };
}

function questioned(question: string | undefined): { question?: string } {
  return question === undefined ? {} : { question };
}

/** The result of a callback, `undefined` if it throws: that must not cost the response. */
function tried<T, R>(f: (argument: T) => R, argument: T): R | undefined {
  try {
    return f(argument);
  } catch {
    return undefined;
  }
}

const STREAMS = /^\s*(text\/event-stream|application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-seq|stream\+json))\s*(;|$)/i;

function isStream(response: Response): boolean {
  return response.ok && STREAMS.test(response.headers.get("content-type") ?? "");
}

/** The response with another body: what the constructor cannot set is copied. */
function sameButFor(response: Response, body: ReadableStream<Uint8Array>): Response {
  const same = new Response(body, response);
  for (const name of ["url", "redirected", "type"] as const) {
    Object.defineProperty(same, name, { value: response[name] });
  }
  return same;
}
