/**
 * The store, for any framework. {@link readSource} reads a stream, {@link ConfidenceStore} collects the events
 * that you pass to it, and {@link ConfidenceLog} keeps the latest confidence of each position. `finece/react`,
 * `finece/vue` and `finece/svelte` are thin layers on the store.
 *
 * @packageDocumentation
 */
export { badgeAttributes, ConfidenceLog, type PositionConfidence } from "./badge/positions.js";
export { headlineOf } from "./badge/positions.js";
export {
  type ConfidenceReadable, type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type ReadOptions, readSource, type SavedConfidences,
} from "./store.js";
export { unitsOf } from "./units.js";
