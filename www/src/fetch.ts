import type { FineceError } from "./errors.js";
import type { StreamEvent } from "./events.js";
import type { ConfidenceModel, Fetch } from "./model.js";
import { askedIn, type ConversationOptions } from "./question.js";
import type { ScoreOptions } from "./scorer.js";
import { either } from "./signal.js";
import { ConfidenceStream } from "./stream.js";

/** The response that an event belongs to. */
export interface ResponseInfo {
  /** The number of the response among those that one wrapper scored, from 1. */
  readonly number: number;
  /** The request's address. */
  readonly url: string;
  /** The response's headers, including the request id. */
  readonly headers: Headers;
  /** Resolves when no more events will come for this response. */
  readonly done: Promise<void>;
}

/** How a wrapped `fetch` scores the streams that come through it. */
export interface ConfidenceFetchOptions extends Omit<ScoreOptions, "question" | "onEvent" | "onError">, ConversationOptions {
  /** Called with every response that is about to be scored. In a Worker, pass the response's `done` to `waitUntil`. */
  onResponse?: (response: ResponseInfo) => void;
  /** Called with each event and the response that it belongs to. */
  onEvent?: (event: StreamEvent, response: ResponseInfo) => void;
  /** Called with each error of the scoring; see {@link ScoreOptions.onError}. */
  onError?: (error: FineceError, response: ResponseInfo) => void;
  /**
   * The question that the stream answers, or a function that finds the question in the request. The
   * body is known only if it is a string in the second argument of `fetch`, as in SDKs. Default:
   * the last message of the user, in a body of OpenAI's, Anthropic's or Gemini's form. The question
   * is used only with a confidence model.
   */
  question?: string | ((request: { readonly url: string; readonly body: string | undefined }) => string | undefined);
  /** Decides which responses are scored. Default: event streams and JSON Lines, with a status of success. */
  match?: (response: Response) => boolean;
}

/**
 * Wraps a `fetch` function for openai-node, the AI SDK or LangChain. The wrapper sees the raw
 * stream with its log-probabilities:
 *
 * ```ts
 * const client = new OpenAI({ fetch: confidenceFetch(fetch, { onEvent }) });
 * ```
 *
 * The response that it returns has the same bytes, status, headers and address. Responses that are
 * not scored are returned as they are. If the body is cancelled, or the request's signal is
 * aborted, the requests to the confidence model are aborted. All responses share one limit on such
 * requests.
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
