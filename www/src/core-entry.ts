/**
 * The scoring core without a loader, and the reader of its records. `loadCore` of
 * `finece` is enough for most.
 *
 * @packageDocumentation
 */
export { Core } from "./core.js";
export { readEvents } from "./record.js";
