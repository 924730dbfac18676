/**
 * The scoring core without a loader, and the reader of its records. For most programs, `loadCore`
 * of `finece` is enough.
 *
 * @packageDocumentation
 */
export { Core } from "./core.js";
export { readEvents } from "./record.js";
