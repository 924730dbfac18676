"use client";
import { useState, useSyncExternalStore } from "react";
import type { Segment } from "../events.js";
import type { ScoreOptions } from "../scorer.js";
import { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, EMPTY, SourceReader } from "./store.js";

/** How {@link useConfidence} scores a source; looked at when the source is new. */
export interface UseConfidenceOptions extends ScoreOptions {
  /** The segment whose text and positions are wanted; default `answer`. */
  segment?: Segment;
}

const readers = new WeakMap<object, SourceReader>();
const nothing = (): (() => void) => () => undefined;
const empty = (): ConfidenceSnapshot => EMPTY;

/**
 * The text and the confidences of a stream, new with every frame in which they
 * changed. The source is a response, bytes, a function that fetches them under
 * a signal, a {@link ConfidenceStore} that somebody else feeds, or `undefined`
 * while there is none. Keep it the same between renderings, by `useState` or
 * `useMemo`: another source is another stream. It is read once however many
 * components use it, and aborted when the last one has gone, unless it has
 * ended: then it is kept for a component that comes back. On the server the
 * snapshot is empty, unless the store was restored by `ConfidenceStore.from`.
 *
 * ```tsx
 * const { text, positions } = useConfidence(response);
 * ```
 */
export function useConfidence(
  source: ConfidenceSource | ConfidenceStore | undefined, options: UseConfidenceOptions = {},
): ConfidenceSnapshot {
  const store = source instanceof ConfidenceStore ? source : undefined;
  const reader = source === undefined || source instanceof ConfidenceStore ? undefined : readerOf(source, options);
  return useSyncExternalStore(
    store?.subscribe ?? reader?.subscribe ?? nothing,
    store?.getSnapshot ?? reader?.store.getSnapshot ?? empty,
    store?.getServerSnapshot ?? empty,
  );
}

/** A store of this component's own, to hand its `push` to `confidenceFetch`. */
export function useConfidenceStore(segment?: Segment): ConfidenceStore {
  const [store] = useState(() => new ConfidenceStore(segment));
  return store;
}

function readerOf(source: ConfidenceSource, { segment, ...options }: UseConfidenceOptions): SourceReader {
  let reader = readers.get(source);
  if (reader === undefined || reader.gone) {
    readers.set(source, reader = new SourceReader(source, options, segment));
  }
  return reader;
}
