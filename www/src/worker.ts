/**
 * `finece` for Cloudflare Workers and their like, where no WebAssembly may be
 * compiled at run time: the module is imported, and loading the core only makes
 * its first instance. Bundlers that know the condition `workerd` take this for
 * `finece` too.
 *
 * A runtime whose requests cannot share I/O needs a `ConfidenceModel`, or a
 * `confidenceFetch` with one, for each request; the core is shared.
 *
 * @packageDocumentation
 */
import module from "./finece.wasm";
import { type ByteSource, confidences as confidencesWith } from "./confidences.js";
import type { Core } from "./core.js";
import type { StreamEvent } from "./events.js";
import { type ConfidenceFetchOptions, confidenceFetch as confidenceFetchWith } from "./fetch.js";
import { type CoreSource, loadCore as loadCoreFrom } from "./load.js";
import type { Fetch } from "./model.js";
import type { ScoreOptions } from "./scorer.js";
import { ConfidenceStream as Stream } from "./stream.js";

// What is declared here goes before what is exported below.
export * from "./index.js";

/** `loadCore` of `finece`, with the imported module as the default source. */
export function loadCore(source: CoreSource = module): Promise<Core> {
  return loadCoreFrom(source);
}

function withCore<T extends Pick<ScoreOptions, "core">>(options: T): T {
  return { ...options, core: options.core ?? (() => loadCore()) };
}

/** `ConfidenceStream` of `finece`, with the imported module as the default core. */
export class ConfidenceStream extends Stream {
  constructor(options: ScoreOptions = {}) {
    super(withCore(options));
  }
}

/** `confidences` of `finece`, with the imported module as the default core. */
export function confidences(source: ByteSource, options: ScoreOptions = {}): AsyncGenerator<StreamEvent, void, undefined> {
  return confidencesWith(source, withCore(options));
}

/** `confidenceFetch` of `finece`, with the imported module as the default core. */
export function confidenceFetch(fetch: Fetch, options: ConfidenceFetchOptions = {}): Fetch {
  return confidenceFetchWith(fetch, withCore(options));
}
