/**
 * The scoring core inside the JavaScript, for pages that cannot load another file. This module is a
 * third larger than finece.wasm, and the core is compiled only when it is first used.
 *
 * ```ts
 * import { core } from "finece/inline";
 * const score = confidenceFetch(fetch, { core, onEvent });
 * ```
 *
 * @packageDocumentation
 */
import type { Core } from "./core.js";
import base64 from "./inline-core.js";
import { loadCore } from "./load.js";

let bytes: Uint8Array<ArrayBuffer> | undefined;

/** Loads the core that is in this module. Pass this function as the option `core`. */
export function core(): Promise<Core> {
  return loadCore(bytes ??= Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0)));
}
