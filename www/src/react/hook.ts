"use client";
import { useState, useSyncExternalStore } from "react";
import type { Segment } from "../events.js";
import { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, type ReadOptions, readSource } from "../store.js";

/** How {@link useConfidence} scores a source. The options are read only when the source is new. */
export type UseConfidenceOptions = ReadOptions;

/**
 * The text and the confidences of a stream. They are updated at most once in each frame. The source is one that
 * `readSource` of `finece/store` takes. Keep the same source between renderings, with `useState` or `useMemo`, because
 * another source starts another stream. A source is read once, also if several components use it. When the last of them
 * is unmounted, a source that has not ended is aborted; one that has ended is kept for a component that is mounted
 * again. On a server the snapshot is empty, unless the store was restored with `ConfidenceStore.from`.
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

/** A store for this component. Pass its `push` to `confidenceFetch`. */
export function useConfidenceStore(segment?: Segment): ConfidenceStore {
  const [store] = useState(() => new ConfidenceStore(segment));
  return store;
}
