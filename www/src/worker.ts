/**
 * `finece` for Cloudflare Workers and other runtimes that cannot compile WebAssembly at run time.
 * The module is imported, and loading the core only makes its first instance. Bundlers that know
 * the condition `workerd` use this entry for `finece` as well.
 *
 * If the requests of a runtime cannot share connections, make a new `ConfidenceModel`, or a new
 * `confidenceFetch` with a model, for each request. All requests share the core.
 *
 * @packageDocumentation
 */
import module from "./finece.wasm";
import { type ByteSource, confidences as confidencesWith } from "./confidences.js";
import type { Core } from "./core.js";
import type { StreamEvent } from "./events.js";
import { type ConfidenceFetchOptions, fetchThrough } from "./fetch.js";
import { type CoreSource, loadCore as loadCoreFrom } from "./load.js";
import type { Fetch } from "./model.js";
import { Comments, inPieces } from "./pieces.js";
import type { ScoreOptions } from "./scorer.js";
import { ConfidenceStream as Stream } from "./stream.js";

// What is declared here goes before what is exported below.
export * from "./index.js";

/** `loadCore` of `finece`, with the imported module as the default source. */
export function loadCore(source: CoreSource = module): Promise<Core> {
  return loadCoreFrom(source);
}

/** The core of the imported module, once it is loaded: a stream that gets it at once needs no timer and no copies. */
let loaded: Core | undefined;

const own = (): Core | Promise<Core> => loaded ?? loadCore().then((core) => loaded = core);

function withCore<T extends Pick<ScoreOptions, "core">>(options: T): T {
  return { ...options, core: options.core ?? own };
}

/** How a Worker's stream is scored, and whether the client gets the records. */
export interface WorkerStreamOptions extends ScoreOptions {
  /**
   * Whether the client also gets the records, in comments `: finece {...}` between the lines of an
   * event stream; SDKs skip comments. The stream then ends after the last record. Default false.
   */
  comments?: boolean;
}

/**
 * `ConfidenceStream` of `finece`, with the imported module as the default core. The bytes come in
 * larger chunks than those of a pipe, which takes a Worker less time.
 */
export class ConfidenceStream extends Stream {
  constructor({ comments: wanted = false, ...options }: WorkerStreamOptions = {}) {
    const comments = wanted ? new Comments() : undefined;
    const onEvent = comments === undefined ? {} : {
      onEvent(event: StreamEvent) {
        comments.note(event);
        options.onEvent?.(event);
      },
    };
    super(withCore({ ...options, ...onEvent }), (scorer) => inPieces(scorer, comments));
  }
}

/** `confidences` of `finece`, with the imported module as the default core. */
export function confidences(source: ByteSource, options: ScoreOptions = {}): AsyncGenerator<StreamEvent, void, undefined> {
  return confidencesWith(source, withCore(options));
}

/** `confidenceFetch` of `finece`, with the imported module as the default core. */
export function confidenceFetch(fetch: Fetch, options: ConfidenceFetchOptions = {}): Fetch {
  return fetchThrough(ConfidenceStream, fetch, withCore(options));
}
