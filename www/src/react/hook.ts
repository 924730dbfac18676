"use client";
import { useState, useSyncExternalStore } from "react";
import type { Segment } from "../events.js";
import { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type ReadOptions, readSource } from "../store.js";

/** How {@link useConfidence} scores a source; looked at when the source is new. */
export type UseConfidenceOptions = ReadOptions;

/**
 * The text and the confidences of a stream, new with every frame in which they
 * changed. The source is what `readSource` of `finece/store` takes. Keep it the same between renderings, by `useState` or
 * `useMemo`: another source is another stream. It is read once however many
 * components use it, and aborted when the last one has gone, unless it has
 * ended: then it is kept for a component that comes back. On the server the
 * snapshot is empty, unless the store was restored by `ConfidenceStore.from`.
 *
 * ```tsx
 * const { text, positions, done, error } = useConfidence(response);
 * ```
 */
export function useConfidence(
  source: ConfidenceSource | ConfidenceStore | undefined, options: UseConfidenceOptions = {},
): ConfidenceSnapshot {
  const { subscribe, getSnapshot, getServerSnapshot } = readSource(source, options);
  return useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
}

/** A store of this component's own, to hand its `push` to `confidenceFetch`. */
export function useConfidenceStore(segment?: Segment): ConfidenceStore {
  const [store] = useState(() => new ConfidenceStore(segment));
  return store;
}
